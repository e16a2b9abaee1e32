// A logout: nothing is left here, nothing lives on at GitHub, and what does is said.
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { StorageError } from '../../../src/base/errors.ts';
import { rejection } from '../github/support.ts';
import { events, openWindows } from './windows.ts';

const REVOKE = '/api/v3/credentials/revoke';

async function loggedIn(options: Parameters<typeof openWindows>[0] = { kind: 'github.com' }) {
  const windows = await openWindows(options);
  const window = windows.open();
  return { ...windows, window, credential: await windows.logIn(window) };
}

describe('a logout', () => {
  test('revokes both tokens, and leaves the mark for the others', async () => {
    const { github, window, credential, logout, memory } = await loggedIn();
    const { was, unrevoked } = await logout(window, credential);
    expect([was?.login, unrevoked]).toEqual(['octocat', undefined]);
    expect(github.liveTokens()).toEqual([]);
    const request = github.requests.find(({ path }) => path === REVOKE);
    expect(request).toMatchObject({ authorization: null, status: 202 });
    expect(memory.kept()).toMatchObject({ kind: 'logged-out' });
    expect(await window.source.load()).toBeUndefined();
    expect(events(window)).toEqual(['login', 'logout', 'revocation']);
  });

  test('without a session finds the stored credential by itself', async () => {
    const { github, open, logout } = await loggedIn();
    expect((await logout(open())).was?.login).toBe('octocat');
    expect(github.liveTokens()).toEqual([]);
  });

  test('revokes what is in use and what is stored, where they differ', async () => {
    const { github, window, open, credential, logout, refresh } = await loggedIn();
    const other = open();
    other.vault.breakFor('write');
    const unsaved = await refresh(other, credential);
    expect((await logout(other, unsaved)).unrevoked).toBeUndefined();
    expect(github.liveTokens()).toEqual([]);
    expect(github.count(REVOKE)).toBe(2);
    expect(await window.source.load()).toBeUndefined();
  });

  test.each([
    ['a GitHub App', CLIENT_IDS.githubApp, '/settings/apps/authorizations'],
    ['an OAuth App', CLIENT_IDS.oauthApp, '/settings/applications'],
  ])('of %s that cannot be revoked says why and where to do it', async (_what, clientId, page) => {
    const { github, window, credential, logout, memory } = await loggedIn({ clientId });
    const { unrevoked } = await logout(window, credential);
    expect(unrevoked).toContain(`${github.url}${page}`);
    expect(unrevoked).toMatch(/octocat.*GITHUB_OAUTH_CLIENT_SECRET/);
    expect(unrevoked).not.toContain(credential.accessToken.reveal());
    expect(memory.kept()).toMatchObject({ kind: 'logged-out' });
    expect(events(window)).toEqual(['login', 'logout']);
  });

  test('forgets the login also where GitHub is out of reach', async () => {
    const { github, window, credential, logout, memory } = await loggedIn();
    github.fault({ path: REVOKE, kind: 'reset' });
    expect((await logout(window, credential)).unrevoked).toMatch(
      /could not be revoked: cannot reach .*ECONNRESET/,
    );
    expect(memory.kept()).toMatchObject({ kind: 'logged-out' });
  });

  test('where nobody is logged in leaves no mark and asks nobody', async () => {
    const { github, open, logout, memory } = await openWindows({ kind: 'github.com' });
    expect(await logout(open())).toEqual({ was: undefined, unrevoked: undefined });
    expect(memory.kept()).toEqual({ kind: 'none' });
    expect(github.requests).toEqual([]);
  });

  test('of a login that cannot be opened says that its token lives on', async () => {
    const { window, logout, memory } = await loggedIn();
    window.vault.breakFor('read');
    const { was, unrevoked } = await logout(window);
    expect(was).toBeUndefined();
    expect(unrevoked).toMatch(/could not be opened.*settings\/apps\/authorizations/);
    expect(memory.kept()).toMatchObject({ kind: 'logged-out' });
  });

  test('that cannot be stored is an error', async () => {
    const { window, credential, logout } = await loggedIn();
    window.vault.breakFor('remove');
    expect(await rejection(logout(window, credential))).toBeInstanceOf(StorageError);
  });

  test('waits for a refresh, and ends what that brought', async () => {
    const { github, window, open, credential, logout, refresh } = await loggedIn();
    github.fault({ path: '/login/oauth/access_token', kind: 'slow', delayMs: 50 });
    const refreshing = refresh(open(), credential);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    const { was } = await logout(window, credential);
    expect(was?.accessToken.reveal()).toBe((await refreshing).accessToken.reveal());
    expect(github.liveTokens()).toEqual([]);
  });
});
