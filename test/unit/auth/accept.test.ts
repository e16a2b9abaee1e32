// Whose login may take the place of whose, and what becomes of the token before: an identity is never switched in silence,
// and tokens do not multiply.
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { Secret } from '../../../src/base/secret.ts';
import { assertHarmless, rejection } from '../github/support.ts';
import { events, openWindows } from './windows.ts';

const REVOKE = '/api/v3/credentials/revoke';
const USER = '/api/v3/user';
const ON_GITHUB_COM = { kind: 'github.com' as const };

async function loggedIn(options: Parameters<typeof openWindows>[0] = ON_GITHUB_COM) {
  const windows = await openWindows(options);
  const window = windows.open();
  const old = await windows.logIn(window);
  return { ...windows, window, old };
}

describe('a code that somebody else approved', () => {
  test('changes nothing, and the new token is revoked', async () => {
    const { github, window, old, logIn, memory, token } = await loggedIn();
    const error = await rejection(logIn(window, { known: old }, 'hubot'));
    expect(error).toMatchObject({ code: 'other_identity' });
    expect(String(error)).toMatch(/octocat.*hubot/);
    expect(error).toMatchObject({ next: expect.stringMatching(/--profile/) as string });
    assertHarmless(error, github.secrets());
    expect(github.liveTokens()).toEqual([token(old)]);
    const kept = memory.kept();
    expect(kept.kind === 'record' && token(kept.record)).toBe(token(old));
    expect(events(window)).toEqual(['login', 'revocation', 'login-failed']);
  });

  test('where it cannot be revoked says where that is done', async () => {
    const { window, old, logIn, github } = await loggedIn({});
    const error = await rejection(logIn(window, { known: old }, 'hubot'));
    expect(error).toMatchObject({
      next: expect.stringContaining(`${github.url}/settings/apps/authorizations`) as string,
    });
  });

  test('replaces the login where a person says so, and the one before is revoked', async () => {
    const { github, window, old, logIn, token } = await loggedIn();
    const asked: string[][] = [];
    const confirmIdentity = (...names: string[]): Promise<boolean> => {
      asked.push(names);
      return Promise.resolve(true);
    };
    const credential = await logIn(window, { known: old, confirmIdentity }, 'hubot');
    expect(asked).toEqual([['octocat', 'hubot']]);
    expect(credential.login).toBe('hubot');
    expect(github.liveTokens()).toEqual([token(credential)]);
  });

  test('changes nothing where a person says no, or where it is somebody else by the time of the answer', async () => {
    const { github, window, old, logIn, store } = await loggedIn();
    const no = { known: old, confirmIdentity: () => Promise.resolve(false) };
    expect(await rejection(logIn(window, no, 'hubot'))).toMatchObject({ code: 'other_identity' });
    const { accessToken } = github.issue(CLIENT_IDS.githubApp);
    const confirmIdentity = async (): Promise<boolean> => {
      await store({ ...old, accessToken: new Secret(accessToken), login: 'monalisa' });
      return true;
    };
    const error = await rejection(logIn(window, { known: old, confirmIdentity }, 'hubot'));
    expect(String(error)).toMatch(/monalisa.*hubot/);
  });

  test('is the same person in other letters', async () => {
    const { github, window, old, logIn, store } = await loggedIn();
    await store({ ...old, login: 'OctoCat' });
    expect((await logIn(window, { known: old })).login).toBe('octocat');
    expect(github.liveTokens()).toHaveLength(1);
  });

  test('after a logout is anybody', async () => {
    const { window, old, logIn, logout } = await loggedIn();
    await logout(window, old);
    expect((await logIn(window, {}, 'hubot')).login).toBe('hubot');
  });

  test('where the stored login cannot be read is compared with the one in use', async () => {
    const { window, old, logIn } = await loggedIn();
    window.vault.breakFor('read');
    expect(await rejection(logIn(window, { known: old }, 'hubot'))).toMatchObject({ code: 'other_identity' });
  });

  test('and of whom nothing can be learnt replaces the login loudly', async () => {
    const { github, window, old, startLogin } = await loggedIn();
    const login = startLogin(window, { known: old });
    const { userCode } = await login.shown;
    github.fault({ path: USER, kind: 'reset', times: 9 });
    github.approve(userCode ?? '', 'hubot');
    expect((await login.outcome).login).toBeUndefined();
    expect(window.log.lines).toContainEqual(expect.stringMatching(/^warn: the login of octocat is replaced/));
  });
});

describe('a login that replaces another one', () => {
  test('leaves one live token on github.com', async () => {
    const { github, window, old, logIn, token } = await loggedIn();
    const credential = await logIn(window, { known: old });
    expect(github.liveTokens()).toEqual([token(credential)]);
    expect(github.requests.filter(({ path }) => path === REVOKE).map(({ body }) => body)).toEqual([
      { credentials: [token(old), old.refreshToken?.reveal()] },
    ]);
    expect(events(window)).toEqual(['login', 'login', 'revocation']);
  });

  test('leaves the one before alone on a host that does not let us revoke', async () => {
    const { github, window, old, logIn, token } = await loggedIn({});
    const credential = await logIn(window, { known: old });
    expect(github.liveTokens()).toEqual([token(old), token(credential)]);
    expect(window.log.lines).toEqual([
      expect.stringMatching(/^info: a token that was replaced.*client secret/),
    ]);
  });

  test('asks nothing about one that is dead anyway', async () => {
    const { github, clock, window, old, logIn, store } = await loggedIn();
    const { refreshToken: _spent, ...bare } = old;
    await store({ ...bare, expiresAt: clock.now() });
    await logIn(window, { known: old });
    expect(github.count(REVOKE)).toBe(0);
  });

  test('is a login all the same where revoking fails', async () => {
    const { github, window, old, logIn } = await loggedIn();
    github.fault({ path: REVOKE, kind: 'reset' });
    expect((await logIn(window, { known: old })).login).toBe('octocat');
    expect(events(window)).toEqual(['login', 'login']);
  });
});
