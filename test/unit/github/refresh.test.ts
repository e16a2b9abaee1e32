// Refresh and identity against an emulator that takes each refresh token once (FACTS, Tokens).
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createHttp } from '../../../src/net/http.ts';
import { fetchLogin } from '../../../src/github/identity.ts';
import { refreshUserToken } from '../../../src/github/refresh.ts';
import { assertHarmless, neverAborted, rejection, startTestGithub } from './support.ts';

const TOKEN = '/login/oauth/access_token';
const clientId = CLIENT_IDS.githubApp;

async function setUp() {
  const { github, host, clock } = await startTestGithub();
  const issued = github.issue(clientId);
  const common = { host, http: createHttp(clock), signal: neverAborted };
  return {
    github,
    clock,
    issued,
    refresh: (token = issued.refreshToken ?? '', clientSecret?: Secret) =>
      refreshUserToken({ ...common, clientId, clientSecret, refreshToken: new Secret(token) }),
    whoIs: (token = issued.accessToken) => fetchLogin({ ...common, token: new Secret(token) }),
  };
}

describe('a refresh', () => {
  test('brings a new pair without a client secret, and the old access token is dead', async () => {
    const { github, clock, issued, refresh } = await setUp();
    const grant = await refresh();
    expect(github.liveTokens()).toEqual([grant.accessToken.reveal()]);
    expect(grant.refreshToken?.reveal()).not.toBe(issued.refreshToken);
    expect(grant.expiresAt).toBe(clock.now() + 28_800_000);
    expect(github.requests[0]?.body).toEqual({
      client_id: clientId,
      grant_type: 'refresh_token',
      refresh_token: issued.refreshToken,
    });
  });

  test('of a token that came by the browser flow has the client secret with it', async () => {
    const { github, refresh } = await setUp();
    await refresh(undefined, new Secret('client-secret'));
    expect(github.requests[0]?.body).toMatchObject({ client_id: clientId, client_secret: 'client-secret' });
  });

  test('with a spent token is refused for good, and the error holds no token', async () => {
    const { github, refresh } = await setUp();
    await refresh();
    const error = await rejection(refresh());
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      code: 'bad_refresh_token',
      next: expect.stringContaining('auth_login') as string,
    });
    assertHarmless(error, github.secrets());
  });

  test.each(['reset', 'lost', 'html', 'garbage', 'status'] as const)(
    '%s: worth another try',
    async (kind) => {
      const { github, refresh } = await setUp();
      github.fault({ path: TOKEN, kind });
      const error = await rejection(refresh());
      expect(error).toBeInstanceOf(UnreachableError);
      assertHarmless(error, github.secrets());
    },
  );

  test.each([
    [200, 'invalid_grant', RefusedError],
    [400, 'invalid_grant', RefusedError],
    [200, 'incorrect_client_credentials', UnreachableError],
    [200, 'server_error', UnreachableError],
    [400, 'something_new', UnreachableError],
  ])('HTTP %i with %s', async (status, code, expected) => {
    const { github, refresh } = await setUp();
    github.fault({ path: TOKEN, kind: 'status', status, body: { error: code } });
    expect(await rejection(refresh())).toBeInstanceOf(expected);
  });
});

describe('the identity', () => {
  test('is the login of the account', async () => {
    const { whoIs } = await setUp();
    expect(await whoIs()).toBe('octocat');
  });

  test('of a revoked token: refused', async () => {
    const { github, issued, whoIs } = await setUp();
    github.revoke(issued.accessToken);
    const error = await rejection(whoIs());
    expect(error).toMatchObject({ code: 'bad_credentials' });
    assertHarmless(error, github.secrets());
  });

  test.each([
    [403, { message: 'Forbidden' }],
    [200, { login: 'octo\u001b[2Jcat' }],
    [200, { login: 7 }],
    [200, []],
  ])('HTTP %i with %j says nothing about the token', async (status, body) => {
    const { github, whoIs } = await setUp();
    github.fault({ path: '/api/v3/user', kind: 'status', status, body });
    expect(await rejection(whoIs())).toBeInstanceOf(UnreachableError);
  });
});
