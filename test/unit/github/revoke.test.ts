// Revocation: by anybody on github.com, by the app itself elsewhere; and in words where it was not possible.
// https://docs.github.com/rest/credentials/revoke, https://docs.github.com/rest/apps/oauth-applications
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { Secret } from '../../../src/base/secret.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import type { GithubHost } from '../../../src/github/hosts.ts';
import { createHttp } from '../../../src/net/http.ts';
import { authorizationsPage, revokeTokens } from '../../../src/github/revoke.ts';
import { assertHarmless, neverAborted, rejection, startTestGithub } from './support.ts';

const clientId = CLIENT_IDS.githubApp;
const CLIENT_SECRET = 'client-secret-of-the-test-0123456789';

async function setUp(options: { kind?: GithubHost['kind']; clientSecret?: string } = {}) {
  const { kind = 'ghes', clientSecret = CLIENT_SECRET } = options;
  const { github, host, clock } = await startTestGithub({
    clients: [{ clientId, kind: 'github-app', clientSecret: CLIENT_SECRET }],
  });
  const issued = github.issue(clientId);
  const pair = {
    accessToken: new Secret(issued.accessToken),
    refreshToken: new Secret(issued.refreshToken ?? ''),
    ...(issued.expiresAt !== null && { expiresAt: issued.expiresAt }),
  };
  const revoke = (signal = neverAborted) =>
    revokeTokens(pair, {
      host: { ...host, kind },
      clientId,
      clientSecret: clientSecret === '' ? undefined : new Secret(clientSecret),
      http: createHttp(clock),
      signal,
    });
  return { github, clock, pair, revoke };
}

describe('on github.com', () => {
  test('both tokens are revoked by one request that does not authenticate', async () => {
    const { github, pair, revoke } = await setUp({ kind: 'github.com', clientSecret: '' });
    expect(await revoke()).toEqual({ kind: 'revoked' });
    expect(github.liveTokens()).toEqual([]);
    expect(github.requests).toMatchObject([
      {
        method: 'POST',
        path: '/api/v3/credentials/revoke',
        authorization: null,
        body: { credentials: [pair.accessToken.reveal(), pair.refreshToken.reveal()] },
      },
    ]);
  });

  test.each([422, 403])('a %i says that it was refused', async (status) => {
    const { github, revoke } = await setUp({ kind: 'github.com' });
    github.fault({ path: '/api/v3/credentials', kind: 'status', status });
    expect(await revoke()).toEqual({
      kind: 'unrevoked',
      why: expect.stringContaining(`HTTP ${status}`) as string,
    });
  });

  test.each(['reset', 'html', 'status'] as const)('%s: said, with nothing of the request', async (kind) => {
    const { github, revoke } = await setUp({ kind: 'github.com' });
    github.fault({ path: '/api/v3/credentials', kind });
    const outcome = await revoke();
    expect(outcome).toMatchObject({ kind: 'unrevoked' });
    assertHarmless(outcome, github.secrets());
  });

  test('an abort rejects with its reason', async () => {
    const { revoke } = await setUp({ kind: 'github.com' });
    const reason = new Error('shutting down');
    expect(await rejection(revoke(AbortSignal.abort(reason)))).toBe(reason);
  });
});

describe('elsewhere', () => {
  test('the app revokes its token with its secret', async () => {
    const { github, revoke } = await setUp();
    expect(await revoke()).toEqual({ kind: 'revoked' });
    expect(github.liveTokens()).toEqual([]);
    expect(github.requests).toMatchObject([
      { method: 'DELETE', path: `/api/v3/applications/${clientId}/token`, status: 204 },
    ]);
  });

  test('without the secret nothing is asked, and what is missing is said', async () => {
    const { github, revoke } = await setUp({ clientSecret: '' });
    expect(await revoke()).toMatchObject({
      why: expect.stringContaining('GITHUB_OAUTH_CLIENT_SECRET') as string,
    });
    expect(github.requests).toEqual([]);
  });

  test('a secret that is not the right one is said, not shown', async () => {
    const { github, revoke } = await setUp({ clientSecret: 'another-secret-than-that-of-the-app' });
    const outcome = await revoke();
    expect(outcome.kind).toBe('unrevoked');
    assertHarmless(outcome, [...github.secrets(), 'another-secret-than-that-of-the-app']);
    github.fault({ path: '/api/v3/applications', kind: 'status', status: 401 });
    expect(await revoke()).toMatchObject({ why: expect.stringContaining('client secret') as string });
    github.fault({ path: '/api/v3/applications', kind: 'status', status: 422 });
    expect(await revoke()).toMatchObject({ why: expect.stringContaining('HTTP 422') as string });
  });

  test('a token that is dead by now counts as revoked', async () => {
    const { github, pair, revoke } = await setUp();
    github.revoke(pair.accessToken.reveal());
    expect(await revoke()).toEqual({ kind: 'revoked' });
  });

  test('a refresh token whose access token has expired cannot be revoked by itself', async () => {
    const { clock, revoke } = await setUp();
    clock.advance(28_800_000);
    expect(await revoke()).toMatchObject({ why: expect.stringContaining('expired') as string });
  });
});

test('a person takes access away on a page of the host, one for each kind of app', () => {
  const host = parseGithubHost('git.example.com:8443');
  expect(authorizationsPage(host, true)).toBe('https://git.example.com:8443/settings/apps/authorizations');
  expect(authorizationsPage(host, false)).toBe('https://git.example.com:8443/settings/applications');
});
