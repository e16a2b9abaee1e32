// What an issuer has to say of itself before anything secret is sent anywhere (RFC 8414, section 3.3).
import { describe, expect, test } from 'vitest';
import { startIssuer } from '../../../fixtures/oidc/issuer.mjs';
import { systemClock } from '../../../src/base/clock.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { createHttp } from '../../../src/net/http.ts';
import { discover, endpointOf } from '../../../src/oauth/discovery.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { atTestEnd } from '../../support/test-end.ts';
import { neverAborted, rejection } from '../github/support.ts';
import { OAUTH_PATH, OIDC_PATH, startScripted } from './issuer.ts';

const http = createHttp(systemClock, { setting: '--issuer' });

describe('an issuer', () => {
  test('is found by what the certified server publishes', async () => {
    const issuer = await startIssuer();
    atTestEnd(() => issuer.close());
    const { label, metadata } = await discover(issuer.url, http);
    expect(label).toBe(new URL(issuer.url).host);
    expect(metadata).toMatchObject({ issuer: issuer.url, token_endpoint: `${issuer.url}/token` });
  });

  test('is looked up once an hour, and not again because it fails then', async () => {
    const issuer = await startScripted();
    const clock = createFakeClock();
    const own = createHttp(clock);
    await discover(issuer.url, own);
    const count = issuer.asked.length;
    expect(count).toBe(2);
    await discover(issuer.url, own);
    expect(issuer.asked).toHaveLength(count);
    clock.advance(3_600_000);
    await discover(issuer.url, own);
    expect(issuer.asked).toHaveLength(2 * count);
  });

  test('of which one document could not be had is looked up again soon: the rest may be in that one', async () => {
    const issuer = await startScripted();
    const { url } = issuer;
    const clock = createFakeClock();
    const own = createHttp(clock);
    issuer.answer(OAUTH_PATH, [503, {}], [200, { issuer: url, userinfo_endpoint: `${url}/me` }]);
    expect((await discover(url, own)).metadata.userinfo_endpoint).toBeUndefined();
    const count = issuer.asked.length;
    await discover(url, own);
    expect(issuer.asked).toHaveLength(count);
    clock.advance(60_000);
    expect((await discover(url, own)).metadata.userinfo_endpoint).toBe(`${url}/me`);
  });

  test.each([
    ['scopes_supported', { offline_access: true }],
    ['scopes_supported', [7]],
    ['token_endpoint_auth_methods_supported', 5],
    ['code_challenge_methods_supported', 'S256'],
    ['userinfo_endpoint', null],
  ])('says nothing by %s where it is %j', async (name, value) => {
    const issuer = await startScripted();
    issuer.publish({ token_endpoint: `${issuer.url}/token`, [name]: value });
    const { metadata } = await discover(issuer.url, http);
    expect(metadata.token_endpoint).toBe(`${issuer.url}/token`);
    expect(metadata[name]).toBeUndefined();
  });

  test('may say one thing in each of its two documents', async () => {
    const issuer = await startScripted();
    const { url } = issuer;
    issuer.publish({ token_endpoint: `${url}/token`, userinfo_endpoint: `${url}/me` });
    issuer.answer(OAUTH_PATH, [200, { issuer: url, device_authorization_endpoint: `${url}/device` }]);
    expect((await discover(url, http)).metadata).toMatchObject({
      token_endpoint: `${url}/token`,
      userinfo_endpoint: `${url}/me`,
      device_authorization_endpoint: `${url}/device`,
    });
  });

  test.each<[string, number, unknown]>([
    ['is missing', 404, {}],
    ['fails', 500, {}],
    ['is no JSON', 200, '<html>'],
    [
      'speaks for another issuer',
      200,
      { issuer: 'https://elsewhere.example', token_endpoint: 'https://elsewhere.example' },
    ],
  ])('of which one document %s is found by the other', async (_what, status, body) => {
    const issuer = await startScripted();
    issuer.answer(OAUTH_PATH, [status, body]);
    expect((await discover(issuer.url, http)).metadata.token_endpoint).toBe(`${issuer.url}/token`);
  });

  test('with a path has its metadata where both specifications say', async () => {
    const issuer = await startScripted();
    const realm = `${issuer.url}/realms/one`;
    issuer.answer('/realms/one/.well-known/openid-configuration', [200, { issuer: realm }]);
    const { label, metadata } = await discover(realm, http);
    expect(metadata.issuer).toBe(realm);
    // Its host alone would be that of the other realms as well.
    expect(label).toBe(`${new URL(realm).host}/realms/one`);
    expect(issuer.asked.map(({ path }) => path).toSorted()).toEqual([
      '/.well-known/oauth-authorization-server/realms/one',
      '/realms/one/.well-known/openid-configuration',
    ]);
  });
});

describe('is refused, naming the setting,', () => {
  test.each<[string, (url: string) => object, string, RegExp]>([
    [
      'one that calls itself otherwise',
      () => ({ issuer: 'https://other.example' }),
      'issuer_mismatch',
      /other\.example/,
    ],
    [
      'one whose name would harm a terminal',
      () => ({ issuer: 'https://other.example/\u001b[2J' }),
      'issuer_mismatch',
      /something else/,
    ],
    ['one without a name', () => ({ issuer: 7 }), 'issuer_mismatch', /something else/],
    [
      'one with an endpoint that anybody could listen at',
      () => ({ token_endpoint: 'http://login.example/token' }),
      'insecure_endpoint',
      /token_endpoint/,
    ],
    [
      'one with an endpoint that is none',
      () => ({ revocation_endpoint: 'file:///etc/passwd' }),
      'insecure_endpoint',
      /revocation_endpoint/,
    ],
  ])('%s', async (_what, metadata, code, said) => {
    const issuer = await startScripted();
    issuer.answer(OIDC_PATH, [200, { issuer: issuer.url, ...metadata(issuer.url) }]);
    const error = await rejection(discover(issuer.url, http));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(said) as string });
    expect((error as Error).message).toMatch(/^[\x20-\x7e]+$/);
  });

  test('an address at which nothing is published', async () => {
    const issuer = await startScripted();
    issuer.answer(OIDC_PATH, [404, 'no']);
    expect(await rejection(discover(issuer.url, http))).toMatchObject({
      code: 'no_metadata',
      next: expect.stringMatching(/--issuer.*https:\/\/gitlab\.com/) as string,
    });
  });

  test.each(['http://login.example', 'login.example', 'file:///etc'])('%j', async (issuer) => {
    expect(await rejection(discover(issuer, http))).toMatchObject({
      code: 'bad_issuer',
      next: expect.stringContaining('--issuer') as string,
    });
  });
});

test('one that cannot be reached may be worth another try, and is asked again', async () => {
  const issuer = await startScripted();
  issuer.answer(OIDC_PATH, [503, {}]);
  issuer.answer(OAUTH_PATH, [503, {}]);
  expect(await rejection(discover(issuer.url, http))).toBeInstanceOf(UnreachableError);
  issuer.publish({ token_endpoint: `${issuer.url}/token` });
  expect((await discover(issuer.url, http)).metadata.issuer).toBe(issuer.url);
});

test('a lookup ends with its signal', async () => {
  const issuer = await startScripted();
  const reason = new Error('left');
  expect(await rejection(discover(issuer.url, http, AbortSignal.abort(reason)))).toBe(reason);
});

test('a missing endpoint is told as what is not possible without it', async () => {
  const issuer = await startScripted();
  const server = await discover(issuer.url, http, neverAborted);
  expect(() => endpointOf(server, 'authorization_endpoint', 'to log in in a browser')).toThrow(
    /offers no way to log in in a browser: its metadata names no authorization_endpoint/,
  );
});
