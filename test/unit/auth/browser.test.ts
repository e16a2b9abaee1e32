// The source of `--auth browser` over one vault and one GitHub: which flow it takes, refreshes, and several windows.
// Not for: the page and the way back from it (browser-login.test.ts).
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startGithub } from '../../../fixtures/github/emulator.mjs';
import type { BrowserSourceOptions } from '../../../src/auth/browser.ts';
import { createBrowserSource } from '../../../src/auth/browser.ts';
import type { LoginPrompt, LoginRequest } from '../../../src/auth/token-source.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import { createHurriedClock } from '../../support/hurried-clock.ts';
import { visit } from '../../support/page-visitor.ts';
import { createSharedMemory } from '../../support/shared-memory-vault.ts';
import { createTestLog } from '../../support/test-log.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';

const CLIENT_ID = 'Iv23liBROWSER';
const SECRET = 'client-secret-that-is-never-shown-0123';
const CODE = '/login/device/code';
const TOKEN = '/login/oauth/access_token';

async function openWorld(app: { kind?: 'github-app' | 'oauth-app'; deviceFlow?: boolean } = {}) {
  const clock = createHurriedClock();
  const client = { clientId: CLIENT_ID, clientSecret: SECRET, kind: 'github-app' as const, ...app };
  const github = await startGithub({ now: () => clock.now(), interval: 0.004, clients: [client] });
  onTestFinished(() => github.close());
  const memory = createSharedMemory();

  const open = (options: Partial<BrowserSourceOptions> = {}) => {
    const [vault, log] = [memory.process(), createTestLog()];
    const concealed: string[] = [];
    let isKilled = false;
    const ownClock: Clock = {
      ...clock,
      after: (ms, run) => clock.after(ms, () => void (isKilled || run())),
    };
    const source = createBrowserSource({
      host: parseGithubHost(github.url),
      clientId: CLIENT_ID,
      clientSecret: new Secret(SECRET),
      scopes: [],
      callbackPort: undefined,
      hasBrowser: true,
      profile: 'default',
      vault,
      clock: ownClock,
      log,
      conceal: (secret) => void concealed.push(secret.reveal()),
      ...options,
    });

    const start = (request: Partial<LoginRequest> = {}) => {
      const ending = new AbortController();
      onTestFinished(() => ending.abort(new Error('the test has ended')));
      const prompts: LoginPrompt[] = [];
      const waiting: { count: number; resolve: () => void }[] = [];
      const onPrompt = (prompt: LoginPrompt): void => {
        prompts.push(prompt);
        for (const { count, resolve } of waiting) if (prompts.length >= count) resolve();
      };
      const outcome = source.login({ scopes: [], onPrompt, ...request }, ending.signal);
      outcome.catch(() => {});
      /** The page or code that is shown as the nth. */
      const prompt = async (count = 1): Promise<LoginPrompt> => {
        await new Promise<void>((resolve) => {
          waiting.push({ count, resolve });
          if (prompts.length >= count) resolve();
        });
        return prompts[count - 1] as LoginPrompt;
      };
      return { outcome, prompts, prompt, abort: (reason: unknown) => ending.abort(reason) };
    };

    /** As by kill -9: no timer of it fires any more, and nothing that it has begun goes on. */
    const kill = (): void => {
      isKilled = true;
      vault.kill();
    };
    return { source, log, concealed, start, kill };
  };

  return { github, clock, memory, open };
}

type World = Awaited<ReturnType<typeof openWorld>>;

/** A login that the person approves at once, by page or by code. */
async function logIn({ github }: World, window: ReturnType<World['open']>, as = 'octocat') {
  const login = window.start();
  const { userCode, verificationUri } = await login.prompt();
  if (userCode !== undefined) github.approve(userCode, as);
  else await visit(verificationUri, 'approve', as);
  return login.outcome;
}

describe('the flow', () => {
  test('is the page where there is a browser, and its login is stored', async () => {
    const world = await openWorld();
    const window = world.open();
    expect(window.source).toMatchObject({ mode: 'browser', loginObstacle: undefined, isUnattended: false });
    const credential = await logIn(world, window);
    expect(credential).toMatchObject({ login: 'octocat', rotation: 'exclusive' });
    const { source } = world.open();
    expect((await source.load())?.accessToken.reveal()).toBe(credential.accessToken.reveal());
    expect(world.github.count(CODE)).toBe(0);
    expect(window.concealed).toEqual([SECRET]);
    assertHarmless(window.log.lines.join('\n'), [SECRET, ...world.github.secrets()]);
    expect(inspect(window.source, { depth: 9, showHidden: true })).not.toContain(SECRET);
  });

  test('is the device flow where there is no browser, and needs no secret then, nor for a refresh', async () => {
    const world = await openWorld();
    const window = world.open({ hasBrowser: false, clientSecret: undefined });
    expect(window.source.loginObstacle).toBeUndefined();
    const credential = await logIn(world, window);
    expect(world.github.count('/login/oauth/authorize')).toBe(0);
    const next = await window.source.refresh(credential, neverAborted);
    expect(world.github.liveTokens()).toEqual([next.accessToken.reveal()]);
  });

  test('is the page all the same where the app does not allow the device flow, with the way to it', async () => {
    const world = await openWorld({ deviceFlow: false });
    const window = world.open({ hasBrowser: false });
    const login = window.start();
    const { verificationUri, userCode, purpose } = await login.prompt();
    expect(userCode).toBeUndefined();
    expect(purpose).toMatch(/ssh -L (\d+):127\.0\.0\.1:\1 USER@HOST/);
    await visit(verificationUri);
    expect((await login.outcome).login).toBe('octocat');
    expect(window.log.lines.join()).toContain('device flow is switched off in the app');
  });

  test('that needs a secret and has none says so: after the device flow was refused', async () => {
    const { open } = await openWorld({ deviceFlow: false });
    const { start } = open({ hasBrowser: false, clientSecret: undefined });
    expect(await rejection(start().outcome)).toMatchObject({ code: 'no_client_secret' });
  });

  test.each([{ hasBrowser: true }, { hasBrowser: false, callbackPort: 8765 }])(
    'that needs a secret and has none says so: at once with %j',
    async (options) => {
      const { open, github } = await openWorld();
      const { source, start } = open({ ...options, clientSecret: undefined });
      const error = await rejection(start().outcome);
      expect(error).toBeInstanceOf(RefusedError);
      expect(error).toMatchObject({ code: 'no_client_secret' });
      for (const way of ['--oauth-client-secret-file', 'GITHUB_OAUTH_CLIENT_SECRET', '--auth device']) {
        expect((error as RefusedError).next).toContain(way);
        expect(source.loginObstacle).toContain(way);
      }
      expect(github.requests).toEqual([]);
    },
  );

  test('that other errors end is not tried by page as well', async () => {
    const { open } = await openWorld();
    const { start } = open({ hasBrowser: false, clientId: 'Iv23liNOBODY' });
    expect(await rejection(start().outcome)).toMatchObject({ code: 'unknown_client_id' });
  });
});

describe('a refresh', () => {
  test('of what the browser brought goes with the secret', async () => {
    const world = await openWorld();
    const window = world.open();
    const first = await logIn(world, window);
    const next = await window.source.refresh(first, neverAborted);
    const last = await window.source.refresh(next, neverAborted);
    expect(world.github.liveTokens()).toEqual([last.accessToken.reveal()]);
    const { source } = world.open();
    expect((await source.load())?.accessToken.reveal()).toBe(last.accessToken.reveal());
  });

  test.each([undefined, new Secret('a-secret-that-was-replaced')])(
    'without the right secret names the setting, and spends nothing',
    async (clientSecret) => {
      const world = await openWorld();
      const first = await logIn(world, world.open());
      const { source } = world.open({ clientSecret });
      await source.load();
      const error = await rejection(source.refresh(first, neverAborted));
      // The token that is there goes on: what is wrong is a setting.
      expect(error).toBeInstanceOf(UnreachableError);
      expect((error as Error).message).toContain('GITHUB_OAUTH_CLIENT_SECRET');
      expect(world.github.refreshes).toEqual([]);
      assertHarmless(error, ['a-secret-that-was-replaced', ...world.github.secrets()]);
    },
  );
});

describe('two windows', () => {
  test('show the same page, and get the same credential', async () => {
    const { open, github, memory } = await openWorld();
    const first = open().start();
    const page = await first.prompt();
    const second = open().start();
    expect(await second.prompt()).toEqual(page);
    const { result } = await visit(page.verificationUri);
    const [mine, theirs] = await Promise.all([first.outcome, second.outcome]);
    expect(theirs.accessToken.reveal()).toBe(mine.accessToken.reveal());
    expect(github.liveTokens()).toEqual([mine.accessToken.reveal()]);
    expect((await result).status).toBe(200);
    expect([first, second].map(({ prompts }) => prompts.length)).toEqual([1, 1]);
    expect(memory.flows.size).toBe(0);
  });

  test('of which the one that shows the page is killed: the other goes on with a page of its own', async () => {
    const { open, github } = await openWorld();
    const holder = open();
    const page = await holder.start().prompt();
    const second = open().start();
    expect(await second.prompt()).toEqual(page);
    holder.kill();
    const fresh = await second.prompt(2);
    expect(fresh.verificationUri).not.toBe(page.verificationUri);
    await visit(fresh.verificationUri);
    const { accessToken } = await second.outcome;
    expect(github.liveTokens()).toEqual([accessToken.reveal()]);
  });

  test('of which one is declined on the page are both told', async () => {
    const { open } = await openWorld();
    const first = open().start();
    const { verificationUri } = await first.prompt();
    const second = open().start();
    await second.prompt();
    await visit(verificationUri, 'deny');
    expect(await rejection(first.outcome)).toMatchObject({ code: 'access_denied' });
    expect(await rejection(second.outcome)).toMatchObject({ code: 'login_ended' });
  });

  test('of which the first has no browser: the second goes on with its code when it is gone', async () => {
    const { open, github } = await openWorld();
    const remote = open({ hasBrowser: false });
    const { userCode } = await remote.start().prompt();
    const second = open().start();
    expect(await second.prompt()).toMatchObject({ userCode });
    remote.kill();
    // One question of the dead may be on its way yet, and would use up the code.
    for (let polls = 0; polls < 2; polls += 1)
      await github.waitForRequest(({ path, status }) => path === TOKEN && status !== null, {
        after: github.requests.length,
      });
    github.approve(userCode ?? '');
    expect((await second.outcome).login).toBe('octocat');
    expect(github.count('GET /login/oauth/authorize')).toBe(0);
  });
});

test('another account than the stored one is refused, and its token revoked', async () => {
  const world = await openWorld();
  const window = world.open({ host: { ...parseGithubHost(world.github.url), kind: 'github.com' } });
  const first = await logIn(world, window);
  const login = window.start({ known: first });
  await visit((await login.prompt()).verificationUri, 'approve', 'hubot');
  expect(await rejection(login.outcome)).toMatchObject({ code: 'other_identity' });
  expect(world.github.liveTokens()).toEqual([first.accessToken.reveal()]);
});

test('a logout revokes what the browser brought', async () => {
  const world = await openWorld({ kind: 'oauth-app' });
  const window = world.open();
  const credential = await logIn(world, window);
  expect(await window.source.logout(credential, neverAborted)).toMatchObject({ unrevoked: undefined });
  expect(world.github.liveTokens()).toEqual([]);
});
