// One login for all windows: one code, shown by each that asks, and one credential (DESIGN 2.3: one flow per credential).
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { PendingLogin, Window } from './windows.ts';
import { events, openWindows } from './windows.ts';
import { rejection } from '../github/support.ts';

const CODE = '/login/device/code';
const TOKEN = '/login/oauth/access_token';
const OAUTH = { clientId: CLIENT_IDS.oauthApp, scopes: ['repo'] };

/** Two windows that show the same code; the first one holds the lock. */
async function sharing(options: Parameters<typeof openWindows>[0] = {}) {
  const world = await openWindows(options);
  const [one, two] = [world.open(), world.open()];
  const first = world.startLogin(one);
  const { userCode } = await first.shown;
  const second = world.startLogin(two);
  expect(await second.shown).toEqual(await first.shown);
  return { ...world, one, two, first, second, userCode };
}

describe('a login in two windows', () => {
  test('is one code, and both get the same credential', async () => {
    const { github, one, two, first, second, userCode, codes, token, memory } = await sharing();
    github.approve(userCode ?? '');
    const [mine, theirs] = await Promise.all([first.outcome, second.outcome]);
    expect(token(theirs)).toBe(token(mine));
    expect([first.prompts, second.prompts].map(({ length }) => length)).toEqual([1, 1]);
    expect(codes()).toBe(1);
    expect(github.liveTokens()).toEqual([token(mine)]);
    expect([...events(one), ...events(two)].sort()).toEqual(['adoption', 'login']);
    expect([memory.flows.size, memory.isLocked('login')]).toEqual([0, false]);
  });

  test.each<[string, (first: PendingLogin, one: Window) => void]>([
    ['closed', (first) => first.close(new Error('the proxy ends'))],
    ['declined in the first', (first) => first.abort(new Error('declined'))],
    ['killed', (_first, one) => one.kill()],
  ])('that is %s goes on in the second, with the same code', async (_how, end) => {
    const { github, one, two, first, second, userCode, codes, token } = await sharing();
    end(first, one);
    github.approve(userCode ?? '');
    const credential = await second.outcome;
    expect(github.liveTokens()).toEqual([token(credential)]);
    expect(codes()).toBe(1);
    expect(second.prompts).toHaveLength(1);
    expect(events(two)).toEqual(['login']);
  });

  test('survives the end of one holder after the other', async () => {
    const { github, open, startLogin, one, two, first, second, userCode, codes } = await sharing();
    const third = startLogin(open());
    await third.shown;
    one.kill();
    await github.waitForRequest(({ path }) => path === TOKEN, { after: github.requests.length });
    two.kill();
    github.approve(userCode ?? '');
    expect((await third.outcome).login).toBe('octocat');
    expect(codes()).toBe(1);
    expect([first, second, third].map(({ prompts }) => prompts.length)).toEqual([1, 1, 1]);
  });

  test('and denied is told to both', async () => {
    const { github, one, two, first, second, userCode, memory } = await sharing();
    github.deny(userCode ?? '');
    for (const login of [first, second])
      expect(await rejection(login.outcome)).toMatchObject({ code: 'access_denied' });
    expect(memory.flows.size).toBe(0);
    expect([one, two].map(({ audit }) => audit.map(({ detail }) => detail))).toEqual([
      ['access_denied'],
      ['access_denied'],
    ]);
  });

  test('and expired is told to both', async () => {
    const { github, first, second, userCode } = await sharing();
    github.expireCode(userCode ?? '');
    for (const login of [first, second])
      expect(await rejection(login.outcome)).toMatchObject({ code: 'expired_token' });
  });

  test.each<[string, (holder: Window) => void]>([
    ['stopped', (holder) => holder.stop()],
    ['killed', (holder) => holder.kill()],
  ])('whose code ends while its holder is %s is told to who waits', async (_how, end) => {
    const { memory, clock, second, one } = await sharing();
    const taking = memory.hold('take');
    await taking.reached;
    end(one);
    clock.skip(900_000);
    taking.open();
    expect(await rejection(second.outcome)).toMatchObject({ code: 'expired_token' });
  });

  test('that was used up without a credential is told as ended elsewhere', async () => {
    const { github, store, one, first, second, userCode } = await sharing();
    const { accessToken } = github.issue(CLIENT_IDS.githubApp);
    // Somebody else's, stored meanwhile and old by now: it is no answer, but the identity that counts.
    const other = {
      accessToken: new Secret(accessToken),
      issuedAt: 0,
      scopes: [],
      rotation: 'exclusive' as const,
    };
    await store({ ...other, login: 'hubot', expiresAt: 1 });
    github.approve(userCode ?? '');
    expect(await rejection(first.outcome)).toMatchObject({ code: 'other_identity' });
    expect(await rejection(second.outcome)).toMatchObject({ code: 'login_ended' });
    expect(events(one)).toEqual(['login-failed']);
  });

  test('that the first could not begin is begun by the second', async () => {
    const { github, open, startLogin, memory } = await openWindows();
    github.fault({ path: CODE, kind: 'reset' });
    const taking = memory.hold('take');
    const first = startLogin(open());
    await taking.reached;
    const second = startLogin(open());
    taking.open();
    const outcomes = await Promise.race([
      first.outcome.catch((error: unknown) => ({ error, other: second })),
      second.outcome.catch((error: unknown) => ({ error, other: first })),
    ]);
    if (!('error' in outcomes)) throw new Error('nobody has approved yet');
    expect(outcomes.error).toBeInstanceOf(UnreachableError);
    github.approve((await outcomes.other.shown).userCode ?? '');
    expect((await outcomes.other.outcome).login).toBe('octocat');
  });
});

describe('a credential that somebody stores', () => {
  test('while a code waits ends the wait, of who polls and of who follows', async () => {
    const { github, store, first, second, memory } = await sharing();
    const { accessToken } = github.issue(CLIENT_IDS.githubApp);
    await store({
      accessToken: new Secret(accessToken),
      issuedAt: Date.now(),
      scopes: [],
      login: 'octocat',
      rotation: 'exclusive',
    });
    for (const login of [first, second]) expect((await login.outcome).accessToken.reveal()).toBe(accessToken);
    expect(memory.flows.size).toBe(0);
  });

  test('before a login is its answer, without any code', async () => {
    const { open, logIn, startLogin, codes, token } = await openWindows();
    const stored = await logIn(open());
    const late = open();
    const { outcome, prompts } = startLogin(late);
    expect(token(await outcome)).toBe(token(stored));
    expect([prompts.length, codes()]).toEqual([0, 1]);
    expect(events(late)).toEqual(['adoption']);
  });

  test('at the moment the lock is taken is its answer as well', async () => {
    const { github, memory, open, store, startLogin, codes } = await openWindows();
    const taking = memory.hold('take');
    const login = startLogin(open());
    await taking.reached;
    const { accessToken } = github.issue(CLIENT_IDS.githubApp);
    await store({ accessToken: new Secret(accessToken), issuedAt: 0, scopes: [], rotation: 'exclusive' });
    taking.open();
    expect((await login.outcome).accessToken.reveal()).toBe(accessToken);
    expect(codes()).toBe(0);
  });

  test('is no answer to who has it already, nor once it has expired', async () => {
    const { clock, open, logIn, token, codes } = await openWindows();
    const window = open();
    const stored = await logIn(window);
    const next = await logIn(window, { known: stored });
    expect(token(next)).not.toBe(token(stored));
    clock.skip(28_800_000);
    expect(token(await logIn(open()))).not.toBe(token(next));
    expect(codes()).toBe(3);
  });

  test('is an answer only where it has the scopes that are wanted', async () => {
    const { open, logIn, startLogin, codes, token } = await openWindows(OAUTH);
    const stored = await logIn(open());
    const same = startLogin(open(), { scopes: ['public_repo'] });
    expect(token(await same.outcome)).toBe(token(stored));
    expect((await logIn(open(), { scopes: ['gist'] })).scopes).toEqual(['repo', 'gist']);
    expect(codes()).toBe(2);
  });
});

describe('a code that nobody waits for any more', () => {
  test('is shown again by a later call, and brings the token', async () => {
    const { github, open, startLogin, codes } = await openWindows();
    const first = startLogin(open());
    const shown = await first.shown;
    first.close(new Error('the proxy ends'));
    await rejection(first.outcome);
    const later = startLogin(open());
    expect(await later.shown).toEqual(shown);
    github.approve(shown.userCode ?? '');
    expect((await later.outcome).login).toBe('octocat');
    expect(codes()).toBe(1);
  });

  test('is replaced once it is about to end', async () => {
    const { clock, open, startLogin } = await openWindows();
    const first = startLogin(open());
    const shown = await first.shown;
    first.close(new Error('the proxy ends'));
    await rejection(first.outcome);
    clock.skip(880_000);
    expect((await startLogin(open()).shown).userCode).not.toBe(shown.userCode);
  });

  test('is not gone on with for scopes that it was not asked for', async () => {
    const { open, startLogin, codes } = await openWindows(OAUTH);
    const first = startLogin(open());
    const shown = await first.shown;
    first.close(new Error('the proxy ends'));
    await rejection(first.outcome);
    expect((await startLogin(open(), { scopes: ['gist'] }).shown).userCode).not.toBe(shown.userCode);
    expect(codes()).toBe(2);
  });

  test('and is approved while the last one leaves is stored all the same', async () => {
    const { github, open, startLogin, token, memory, codes } = await openWindows();
    const one = open();
    const login = startLogin(one);
    const { userCode } = await login.shown;
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 50 });
    await github.waitForRequest(({ path }) => path === TOKEN, { after: github.requests.length });
    github.approve(userCode ?? '');
    const reason = new Error('declined');
    const writing = memory.hold('write');
    login.abort(reason);
    expect(await rejection(login.outcome)).toBe(reason);
    await writing.reached;
    writing.open();
    const credential = await startLogin(open()).outcome;
    expect(github.liveTokens()).toEqual([token(credential)]);
    expect(codes()).toBe(1);
  });
});

describe('where a login cannot be shared', () => {
  test.each(['take', 'writeFlow'] as const)('for want of "%s" it is loud, and goes on', async (operation) => {
    const { open, logIn, token, github } = await openWindows();
    const window = open();
    window.vault.breakFor(operation);
    const credential = await logIn(window);
    expect(github.liveTokens()).toEqual([token(credential)]);
    expect(window.log.lines[0]).toMatch(/^error: this login cannot be shared.*EACCES/);
  });
});
