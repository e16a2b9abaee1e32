// One browser login from the page to the token, against the emulator over real HTTP, with a person at a browser.
// Not for: how it is stored and shared (browser.test.ts).
import { describe, expect, onTestFinished, test } from 'vitest';
import type { BrowserLoginOptions } from '../../../src/auth/browser-login.ts';
import { logInByBrowser } from '../../../src/auth/browser-login.ts';
import type { LoginStep } from '../../../src/auth/login-server.ts';
import type { LoginPrompt } from '../../../src/auth/token-source.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createHttp } from '../../../src/net/http.ts';
import type { LoginFlow } from '../../../src/vault/vault.ts';
import { decide, visit } from '../../support/page-visitor.ts';
import { promised } from '../../support/promised.ts';
import { assertHarmless, rejection, startTestGithub } from '../github/support.ts';

const CLIENT_ID = 'Iv23liBROWSER';
const SECRET = 'client-secret-that-is-never-shown-0123';
const TOKEN = '/login/oauth/access_token';
const FIVE_MIN = 300_000;

interface Begun extends Partial<BrowserLoginOptions> {
  readonly kind?: 'github-app' | 'oauth-app';
  readonly scopes?: readonly string[];
  readonly onFlow?: LoginStep['onFlow'];
}

async function begin({ kind = 'github-app', scopes = [], onFlow, ...options }: Begun = {}) {
  const app = { clientId: CLIENT_ID, clientSecret: SECRET, kind };
  const { github, host, clock } = await startTestGithub({ clients: [app] });
  const [ending, closing] = [new AbortController(), new AbortController()];
  onTestFinished(() => ending.abort(new Error('the test has ended')));
  const [shown, show] = promised<LoginPrompt>();
  const told: (LoginFlow | LoginPrompt)[] = [];
  let polls = 0;
  const outcome = logInByBrowser(
    {
      scopes,
      resume: undefined,
      onFlow: async (flow) => {
        told.push(flow);
        await onFlow?.(flow);
      },
      onPrompt: (prompt) => {
        told.push(prompt);
        show(prompt);
      },
      onPoll: () => {
        polls += 1;
      },
      signal: ending.signal,
      closing: closing.signal,
    },
    {
      host,
      clientId: CLIENT_ID,
      clientSecret: new Secret(SECRET),
      callbackPort: undefined,
      hasBrowser: true,
      http: createHttp(clock),
      ...options,
    },
  );
  outcome.catch(() => {});
  return {
    github,
    clock,
    outcome,
    shown,
    told,
    polls: () => polls,
    abort: (reason: unknown) => ending.abort(reason),
    close: (reason: unknown) => closing.abort(reason),
  };
}

/** The code is on its way to GitHub, and the answer takes its time. */
async function asking() {
  const login = await begin();
  login.github.fault({ path: TOKEN, kind: 'late', delayMs: 50 });
  const { result } = await visit((await login.shown).verificationUri);
  await login.github.waitForRequest(({ path }) => path === TOKEN);
  return { ...login, result };
}

test('a person approves, and the page says so once the token is there', async () => {
  const { github, clock, outcome, shown, told } = await begin();
  const { verificationUri } = await shown;
  expect(told).toEqual([
    { kind: 'page', verificationUri, expiresAt: clock.now() + FIVE_MIN, scopes: [] },
    { verificationUri, expiresAt: clock.now() + FIVE_MIN },
  ]);
  const { result } = await visit(verificationUri);
  const grant = await outcome;
  expect(github.liveTokens()).toEqual([grant.accessToken.reveal()]);
  const { status, text } = await result;
  expect([status, text.includes('has given the token')]).toEqual([200, true]);
  expect(github.requests.find(({ path }) => path === TOKEN)?.body).toMatchObject({
    client_id: CLIENT_ID,
    redirect_uri: new URL(verificationUri).searchParams.get('redirect_uri'),
  });
  expect(clock.pending()).toEqual([]);
});

test('the scopes of an OAuth App are asked for and granted', async () => {
  const { outcome, shown } = await begin({ kind: 'oauth-app', scopes: ['repo', 'gist'] });
  await visit((await shown).verificationUri);
  expect((await outcome).scopes).toEqual(['repo', 'gist']);
});

test('a person declines: the login is over, and the page says so', async () => {
  const { github, outcome, shown } = await begin();
  const { result } = await visit((await shown).verificationUri, 'deny');
  expect(await rejection(outcome)).toMatchObject({ code: 'access_denied' });
  expect(await result).toMatchObject({ status: 400 });
  expect((await result).text).toContain('The login was denied on');
  expect(github.count(TOKEN)).toBe(0);
});

test('a forged answer ends nothing: the code of somebody else is not even asked about', async () => {
  const { github, outcome, shown } = await begin();
  const { verificationUri } = await shown;
  const back = new URL(new URL(verificationUri).searchParams.get('redirect_uri') ?? '');
  back.search = 'code=attacker&state=guess';
  expect((await fetch(back)).status).toBe(400);
  back.search = 'error=access_denied';
  expect((await fetch(back)).status).toBe(400);
  await visit(verificationUri);
  await outcome;
  expect(github.count(TOKEN)).toBe(1);
});

test('a code of another login is worth nothing here, though the app and its secret are the same (PKCE)', async () => {
  const { outcome, shown } = await begin();
  const { verificationUri } = await shown;
  const other = new URL(verificationUri);
  other.searchParams.set('code_challenge', 'A'.repeat(43));
  await fetch(await decide(other.href, 'approve'));
  expect(await rejection(outcome)).toMatchObject({ code: 'bad_verification_code' });
});

test('a wrong secret is told in the client and on the page, and is in neither', async () => {
  const secret = 'wrong-secret-that-nobody-may-see';
  const { github, outcome, shown } = await begin({ clientSecret: new Secret(secret) });
  const { result } = await visit((await shown).verificationUri);
  const error = await rejection(outcome);
  expect(error).toMatchObject({ code: 'incorrect_client_credentials' });
  const { status, text } = await result;
  expect([status, text.includes('or the client secret that goes with it')]).toEqual([400, true]);
  assertHarmless(error, [secret, ...github.secrets()]);
  assertHarmless(text, [secret, ...github.secrets()]);
});

describe('time', () => {
  test('is five minutes, with a sign of life every five seconds', async () => {
    const { clock, outcome, shown, polls } = await begin();
    await shown;
    clock.advance(FIVE_MIN - 1);
    expect(polls()).toBe(59);
    clock.advance(1);
    const error = await rejection(outcome);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: 'expired_token' });
    expect((error as RefusedError).next).toContain('adds http://127.0.0.1/callback');
    expect(clock.pending()).toEqual([]);
  });

  test('lost in the network is made up for: the code is shown again', async () => {
    const { github, clock, outcome, shown } = await begin();
    github.fault({ path: TOKEN, kind: 'reset' });
    github.fault({ path: TOKEN, kind: 'status', status: 503 });
    const { result } = await visit((await shown).verificationUri);
    await clock.pass(500);
    await clock.pass(2000);
    expect((await outcome).refreshToken).toBeDefined();
    expect((await result).status).toBe(200);
  });

  test('lost for good is the failure of the network, also where GitHub says that the code is spent', async () => {
    const { github, clock, outcome, shown } = await begin();
    github.fault({ path: TOKEN, kind: 'lost' });
    await visit((await shown).verificationUri);
    await clock.pass(500);
    expect(await rejection(outcome)).toBeInstanceOf(UnreachableError);
    expect(github.count(TOKEN)).toBe(2);
  });
});

describe('the end', () => {
  test.each(['abort', 'close'] as const)('by %s is at once, and nobody listens any more', async (how) => {
    const login = await begin();
    const { verificationUri } = await login.shown;
    const reason = new Error('declined');
    login[how](reason);
    expect(await rejection(login.outcome)).toBe(reason);
    await expect(fetch(await decide(verificationUri, 'approve'))).rejects.toThrow('fetch failed');
    expect(login.clock.pending()).toEqual([]);
  });

  test('by closing while it is told to others is noticed', async () => {
    const [told, tell] = promised<void>();
    const [go, proceed] = promised<void>();
    const login = await begin({
      onFlow: () => {
        tell();
        return go;
      },
    });
    await told;
    const reason = new Error('the client has gone');
    login.close(reason);
    proceed();
    expect(await rejection(login.outcome)).toBe(reason);
  });

  test('by closing waits for a token that was asked for by then', async () => {
    const { github, outcome, result, close } = await asking();
    close(new Error('the client has gone'));
    const { accessToken } = await outcome;
    expect(github.liveTokens()).toEqual([accessToken.reveal()]);
    expect((await result).status).toBe(200);
  });

  test('by an abort does not, and the page does not tell of success', async () => {
    const { outcome, result, abort } = await asking();
    const reason = new Error('declined');
    abort(reason);
    expect(await rejection(outcome)).toBe(reason);
    expect((await result).status).toBe(400);
  });
});

test('without a browser on this machine the page says how to get there, with the port that was given', async () => {
  const first = await begin();
  const { port } = new URL(
    new URL((await first.shown).verificationUri).searchParams.get('redirect_uri') ?? '',
  );
  const taken = await begin({ hasBrowser: false, callbackPort: Number(port) });
  expect(await rejection(taken.outcome)).toMatchObject({ code: 'callback_port' });
  first.abort(new Error('declined'));
  await rejection(first.outcome);

  const { shown } = await begin({ hasBrowser: false, callbackPort: Number(port) });
  expect((await shown).purpose).toContain(`ssh -L ${port}:127.0.0.1:${port} `);
});
