// Renewal, revocation and whose token it is, at any server (RFC 6749, section 6; RFC 7009; OpenID Connect Core, 5.3).
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { refreshToken } from '../../../src/oauth/refresh.ts';
import { revokeTokens } from '../../../src/oauth/revoke.ts';
import { fetchAccount } from '../../../src/oauth/userinfo.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import type { Said } from './issuer.ts';
import { startScripted } from './issuer.ts';

const REFRESH = 'refresh-token-of-this-test';
const ACCESS = 'access-token-of-this-test';

async function setUp(metadata: (url: string) => object = () => ({})) {
  const issuer = await startScripted();
  const { url } = issuer;
  issuer.publish({ token_endpoint: `${url}/token`, ...metadata(url) });
  return { issuer, client: await issuer.client() };
}

async function refresh(...said: readonly Said[]) {
  const { issuer, client } = await setUp();
  issuer.answer('/token', ...said);
  return { issuer, outcome: refreshToken(client, new Secret(REFRESH), neverAborted) };
}

describe('a refresh', () => {
  test('brings a new pair', async () => {
    const { issuer, outcome } = await refresh([
      200,
      {
        access_token: 'at2',
        token_type: 'bearer',
        refresh_token: 'rt2',
        expires_in: 7200,
        id_token: 'not.looked.at',
      },
    ]);
    const grant = await outcome;
    expect([grant.accessToken.reveal(), grant.refreshToken?.reveal()]).toEqual(['at2', 'rt2']);
    expect(issuer.asked.at(-1)?.form).toEqual({
      grant_type: 'refresh_token',
      refresh_token: REFRESH,
      client_id: 'the-client',
    });
  });

  test('without a new refresh token is one as well', async () => {
    const { outcome } = await refresh([200, { access_token: 'at2', token_type: 'Bearer' }]);
    expect(await outcome).not.toHaveProperty('refreshToken');
  });

  test('is refused for good where the token is dead, without naming it', async () => {
    const { outcome } = await refresh([400, { error: 'invalid_grant', error_description: `${REFRESH}?` }]);
    const error = await rejection(outcome);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      code: 'invalid_grant',
      message: expect.stringMatching(/refresh token/) as string,
    });
    assertHarmless(error, [REFRESH]);
  });

  test.each<[string, Said]>([
    ['fails', [503, {}]],
    ['is too busy', [429, {}]],
    ['says that it has failed', [400, { error: 'server_error' }]],
    ['says what nobody knows', [400, { error: 'teapot' }]],
    ['is a login page', [200, '<html>']],
    ['is not there', [404, 'nothing']],
  ])('at a server that %s may be worth another try', async (_what, said) => {
    const { outcome } = await refresh(said);
    expect(await rejection(outcome)).toBeInstanceOf(UnreachableError);
  });
});

test('a refresh by a client that does not prove itself ends no login, and names the settings', async () => {
  const { outcome } = await refresh([401, { error: 'invalid_client' }]);
  const error = await rejection(outcome);
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/client id "the-client", or the secret/) as string,
    next: expect.stringMatching(/--oauth-client-id.*--oauth-client-secret-file/) as string,
  });
});

test('a refresh at a server whose metadata lack the endpoint just now ends no login', async () => {
  const { client } = await setUp(() => ({ token_endpoint: null }));
  const error = await rejection(refreshToken(client, new Secret(REFRESH), neverAborted));
  expect(error).toBeInstanceOf(UnreachableError);
  expect(error).toMatchObject({ message: expect.stringMatching(/no way to renew a token/) as string });
});

describe('a revocation', () => {
  const pair = { accessToken: new Secret(ACCESS), refreshToken: new Secret(REFRESH) };
  const revoke = async (...said: readonly Said[]) => {
    const { issuer, client } = await setUp((url) => ({ revocation_endpoint: `${url}/revoke` }));
    issuer.answer('/revoke', ...said);
    const outcome = await revokeTokens(pair, client, neverAborted);
    return { outcome, forms: issuer.asked.filter(({ path }) => path === '/revoke').map(({ form }) => form) };
  };

  test.each(['', 'OK', {}])(
    'answered by %j takes the refresh token first, then the access token',
    async (body) => {
      const { outcome, forms } = await revoke([200, body]);
      expect(outcome).toEqual({ kind: 'revoked' });
      expect(forms).toEqual([
        { token: REFRESH, token_type_hint: 'refresh_token', client_id: 'the-client' },
        { token: ACCESS, token_type_hint: 'access_token', client_id: 'the-client' },
      ]);
    },
  );

  test.each<[string, readonly Said[], RegExp]>([
    ['the server refuses', [[403, { error: 'unauthorized_client' }]], /refused to \(HTTP 403\)/],
    [
      'it knows refresh tokens only',
      [
        [200, ''],
        [400, { error: 'unsupported_token_type' }],
      ],
      /works until it expires/,
    ],
    ['it fails', [[503, '']], /HTTP 503/],
  ])('where %s says what is left', async (_what, said, why) => {
    const { outcome } = await revoke(...said);
    expect(outcome).toMatchObject({ kind: 'unrevoked', why: expect.stringMatching(why) as string });
  });

  test('at a server without an endpoint for it asks nobody', async () => {
    const { issuer, client } = await setUp();
    const before = issuer.asked.length;
    expect(await revokeTokens(pair, client, neverAborted)).toMatchObject({
      kind: 'unrevoked',
      why: expect.stringContaining('no revocation endpoint') as string,
    });
    expect(issuer.asked).toHaveLength(before);
  });

  test('ends with its signal', async () => {
    const { client } = await setUp((url) => ({ revocation_endpoint: `${url}/revoke` }));
    const reason = new Error('left');
    expect(await rejection(revokeTokens(pair, client, AbortSignal.abort(reason)))).toBe(reason);
  });
});

async function account(said: Said, was?: string) {
  const { issuer, client } = await setUp((url) => ({ userinfo_endpoint: `${url}/me` }));
  issuer.answer('/me', said);
  const name = await fetchAccount(client, new Secret(ACCESS), neverAborted, was);
  expect(issuer.asked.at(-1)?.headers.authorization).toBe(`Bearer ${ACCESS}`);
  return name;
}

describe('an account', () => {
  test.each([
    [{ sub: '7', preferred_username: 'tanuki', nickname: 't', email: 't@example.org' }, 'tanuki'],
    [{ sub: '7', nickname: 't', email: 't@example.org' }, 't'],
    [{ sub: '7', email: 't@example.org', nickname: '' }, 't@example.org'],
    [{ sub: '7', email: null }, '7'],
    [{ sub: '7', nickname: 'a\u001b[2J' }, '7'],
    [{}, undefined],
    [[], undefined],
  ])('of claims %j is %j', async (claims, name) => {
    expect(await account([200, claims])).toBe(name);
  });

  test.each([401, 403, 404])(
    'is not known after a %i, which says nothing about the token',
    async (status) => {
      expect(await account([status, { error: 'insufficient_scope' }])).toBeUndefined();
    },
  );

  test('is not known where its claims are signed, which no client of ours asks for', async () => {
    expect(await account([200, 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln'])).toBeUndefined();
  });

  test('is not told any more to a token that has ended', async () => {
    expect(await rejection(account([401, {}], 'tanuki'))).toMatchObject({ code: 'bad_credentials' });
    expect(await account([403, {}], 'tanuki')).toBeUndefined();
  });

  test('is not known at a server without userinfo', async () => {
    const { client } = await setUp();
    expect(await fetchAccount(client, new Secret(ACCESS), neverAborted)).toBeUndefined();
  });

  test('may be known later where the server fails', async () => {
    await expect(account([503, {}])).rejects.toBeInstanceOf(UnreachableError);
  });
});
