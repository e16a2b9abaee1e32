// The authorization code flow with PKCE at any server (RFC 6749, section 4.1; RFC 7636; RFC 9207).
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { authorizationUrl, codeIn, exchangeCode } from '../../../src/oauth/code-flow.ts';
import { createPkce, createState } from '../../../src/oauth/pkce.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import { startScripted } from './issuer.ts';

const REDIRECT = 'http://127.0.0.1:49152/callback';

async function setUp(metadata: object = {}) {
  const issuer = await startScripted();
  const { url } = issuer;
  issuer.publish({
    authorization_endpoint: `${url}/auth?tenant=7`,
    token_endpoint: `${url}/token`,
    ...metadata,
  });
  return { issuer, client: await issuer.client() };
}

describe('the page', () => {
  test('asks for a code, bound to the verifier and to this question', async () => {
    const { client, issuer } = await setUp({ code_challenge_methods_supported: ['plain', 'S256'] });
    const { challenge } = createPkce();
    const state = createState();
    const params = { resource: 'github', state: 'not this one' };
    const scopes = ['openid', 'api'];
    const url = new URL(
      authorizationUrl({ client, scopes, redirectUri: REDIRECT, state, challenge, params }),
    );
    expect(`${url.origin}${url.pathname}`).toBe(`${issuer.url}/auth`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      tenant: '7',
      resource: 'github',
      response_type: 'code',
      client_id: 'the-client',
      redirect_uri: REDIRECT,
      scope: 'openid api',
      state,
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
  });

  test.each([
    [{ code_challenge_methods_supported: ['plain'] }, /PKCE/],
    [{ authorization_endpoint: undefined }, /authorization_endpoint/],
  ])('is not opened at a server with %j', async (metadata, message) => {
    const { client } = await setUp(metadata);
    const question = { client, scopes: [], redirectUri: REDIRECT, state: 's', challenge: 'c' };
    expect(() => authorizationUrl(question)).toThrow(message);
  });
});

describe('what the browser brings back', () => {
  test('is a code', async () => {
    const { client } = await setUp();
    expect(codeIn(new URLSearchParams({ code: 'abc', state: 's' }), client).reveal()).toBe('abc');
  });

  test('names the issuer where it says that it does (RFC 9207)', async () => {
    const { client, issuer } = await setUp({ authorization_response_iss_parameter_supported: true });
    expect(codeIn(new URLSearchParams({ code: 'abc', iss: issuer.url }), client).reveal()).toBe('abc');
    for (const query of [{ code: 'abc' }, { code: 'abc', iss: 'https://other.example' }])
      expect(() => codeIn(new URLSearchParams(query), client)).toThrow(/not from/);
  });

  test('is never taken from another issuer, whether it is said to be named or not', async () => {
    const { client } = await setUp();
    const query = new URLSearchParams({ code: 'abc', iss: 'https://other.example' });
    expect(() => codeIn(query, client)).toThrow(/not from/);
  });

  test.each([
    ['error=access_denied&error_description=No', 'access_denied'],
    ['error=invalid_scope', 'invalid_scope'],
    ['code=', 'bad_verification_code'],
    ['code=a&code=b', 'bad_verification_code'],
    ['code=a%0Ab', 'bad_verification_code'],
  ])('as %j is refused as %s', async (query, code) => {
    const { client } = await setUp();
    const error = await rejection(Promise.resolve().then(() => codeIn(new URLSearchParams(query), client)));
    expect(error).toMatchObject({ code });
  });
});

describe('the token for a code', () => {
  const code = new Secret('code-of-this-test');
  const verifier = new Secret('verifier-of-this-test');

  test('is asked for with the verifier', async () => {
    const { client, issuer } = await setUp();
    issuer.answer('/token', [200, { access_token: 'at', token_type: 'Bearer', refresh_token: 'rt' }]);
    const grant = await exchangeCode({ client, code, verifier, redirectUri: REDIRECT, signal: neverAborted });
    expect(grant.refreshToken?.reveal()).toBe('rt');
    expect(issuer.asked.at(-1)?.form).toEqual({
      grant_type: 'authorization_code',
      code: 'code-of-this-test',
      code_verifier: 'verifier-of-this-test',
      redirect_uri: REDIRECT,
      client_id: 'the-client',
    });
  });

  test('is refused where the code was used already, with nothing of it in the error', async () => {
    const { client, issuer } = await setUp();
    issuer.answer('/token', [400, { error: 'invalid_grant', error_description: 'verifier-of-this-test' }]);
    const question = { client, code, verifier, redirectUri: REDIRECT, signal: neverAborted };
    const error = await rejection(exchangeCode(question));
    expect(error).toMatchObject({ code: 'bad_verification_code' });
    assertHarmless(error, ['code-of-this-test', 'verifier-of-this-test']);
  });
});
