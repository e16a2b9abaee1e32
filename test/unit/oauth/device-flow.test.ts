// The device flow at any server, from the code to the token or to an error with a next step (RFC 8628).
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { DeviceCode } from '../../../src/net/device-code.ts';
import { runDeviceFlow } from '../../../src/oauth/device-flow.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import type { Said } from './issuer.ts';
import { startScripted } from './issuer.ts';

const DEVICE_CODE = 'device-code-of-this-test';
const CODE: Said = [
  200,
  {
    device_code: DEVICE_CODE,
    user_code: 'WDJB-MJHT',
    verification_uri: 'https://issuer.example/device',
    verification_uri_complete: 'https://issuer.example/device?user_code=WDJB-MJHT',
    expires_in: 300,
    interval: 5,
  },
];
const PENDING: Said = [400, { error: 'authorization_pending' }];
const TOKEN: Said = [
  200,
  { access_token: 'at', token_type: 'Bearer', refresh_token: 'rt', expires_in: 7200, scope: 'openid api' },
];

async function setUp(code: Said, ...token: readonly Said[]) {
  const issuer = await startScripted();
  issuer.answer('/device', code);
  issuer.answer('/token', ...token);
  const clock = createFakeClock();
  const client = await issuer.client({ clock });
  const closing = new AbortController();
  const shown: unknown[] = [];
  const found: DeviceCode[] = [];
  const start = (more: { scopes?: readonly string[]; code?: DeviceCode } = {}) =>
    runDeviceFlow({
      client,
      scopes: [],
      onCode: async (fresh) => void found.push(fresh),
      onPrompt: (prompt) => void shown.push(prompt),
      onPoll: () => {},
      signal: neverAborted,
      closing: closing.signal,
      ...more,
    });
  const asked = (path: string) => issuer.asked.filter((one) => one.path === path).map(({ form }) => form);
  return { issuer, clock, closing, shown, found, start, asked };
}

describe('a login that is approved', () => {
  test('shows the code after others could know of it, and brings the token', async () => {
    const { clock, start, asked, shown, found } = await setUp(CODE, PENDING, TOKEN);
    const from = clock.now();
    const flow = start({ scopes: ['openid', 'api'] });
    await clock.pass(5000);
    await clock.pass(5000);
    const grant = await flow;
    expect([grant.accessToken.reveal(), grant.refreshToken?.reveal()]).toEqual(['at', 'rt']);
    expect(grant).toMatchObject({ expiresAt: clock.now() + 7_200_000, scopes: ['openid', 'api'] });
    // The bare address, so that a person compares the code (RFC 8628, section 5.4).
    expect(shown).toEqual([
      { userCode: 'WDJB-MJHT', verificationUri: 'https://issuer.example/device', expiresAt: from + 300_000 },
    ]);
    expect(found.map(({ deviceCode }) => deviceCode.reveal())).toEqual([DEVICE_CODE]);
    expect(asked('/device')).toEqual([{ client_id: 'the-client', scope: 'openid api' }]);
    expect(asked('/token')).toHaveLength(2);
    expect(asked('/token')[0]).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: DEVICE_CODE,
      client_id: 'the-client',
    });
  });

  test('with a code of another process asks for no other one', async () => {
    const { clock, start, asked, found } = await setUp(CODE, TOKEN);
    const code = {
      deviceCode: new Secret('theirs'),
      userCode: 'AAAA-BBBB',
      verificationUri: 'https://issuer.example/device',
      expiresAt: clock.now() + 60_000,
      intervalMs: 1000,
    };
    const flow = start({ code });
    await clock.pass(1000);
    await flow;
    expect(asked('/device')).toEqual([]);
    expect(asked('/token')).toMatchObject([{ device_code: 'theirs' }]);
    expect(found).toEqual([]);
  });

  test('asks for no scopes where nobody wants any', async () => {
    const { clock, start, asked } = await setUp(CODE, TOKEN);
    const flow = start();
    await clock.pass(5000);
    await flow;
    expect(asked('/device')).toEqual([{ client_id: 'the-client' }]);
  });

  test('keeps to a slower pace for good once it is told to (RFC 8628, 3.5)', async () => {
    const { clock, start } = await setUp(CODE, [400, { error: 'slow_down' }], PENDING, TOKEN);
    const from = clock.now();
    const flow = start();
    await clock.pass(5000);
    await clock.pass(10_000);
    await clock.pass(10_000);
    expect((await flow).issuedAt).toBe(from + 25_000);
  });

  test('outlasts a server that fails for a while', async () => {
    const { clock, start } = await setUp(CODE, [503, 'busy'], TOKEN);
    const flow = start();
    await clock.pass(5000);
    await clock.pass(10_000);
    expect((await flow).accessToken.reveal()).toBe('at');
  });
});

describe('is refused with what to do:', () => {
  test.each<[string, Said, string, RegExp]>([
    ['denied', [400, { error: 'access_denied' }], 'access_denied', /was denied/],
    ['expired', [400, { error: 'expired_token' }], 'expired_token', /expired/],
    [
      'used already',
      [400, { error: 'invalid_grant', error_description: `${DEVICE_CODE} is unknown` }],
      'incorrect_device_code',
      /\[redacted\] is unknown/,
    ],
    ['by a client that is none', [401, { error: 'invalid_client' }], 'invalid_client', /"the-client"/],
    [
      'in words that nobody knows',
      [400, { error: 'teapot', error_description: 'Short\u0007 and stout.' }],
      'teapot',
      /"teapot" \(Short {1,2}and stout\)/,
    ],
  ])('%s', async (_what, said, code, text) => {
    const { clock, start } = await setUp(CODE, said);
    const flow = start();
    await clock.pass(5000);
    const error = await rejection(flow);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) as string });
    expect((error as RefusedError).next).toMatch(/\.$/);
    assertHarmless(error, [DEVICE_CODE]);
  });

  test.each<[string, Said, string, RegExp]>([
    ['a scope', [400, { error: 'invalid_scope' }], 'invalid_scope', /--oauth-scopes/],
    ['this way to log in', [400, { error: 'unauthorized_client' }], 'unauthorized_client', /device flow/i],
    [
      'the client',
      [401, { error: 'invalid_client' }],
      'invalid_client',
      /--oauth-client-id.*--oauth-client-secret-file/,
    ],
  ])('before there is a code, for %s', async (_what, said, code, next) => {
    const { start, shown } = await setUp(said);
    expect(await rejection(start({ scopes: ['api'] }))).toMatchObject({
      code,
      next: expect.stringMatching(next) as string,
    });
    expect(shown).toEqual([]);
  });

  test.each(['DPoP', 'mac'])('a token of the type %s', async (type) => {
    const { clock, start } = await setUp(CODE, [200, { access_token: 'secret-at', token_type: type }]);
    const flow = start();
    await clock.pass(5000);
    const error = await rejection(flow);
    expect(error).toMatchObject({
      code: 'unusable_token_type',
      message: expect.stringContaining(type) as string,
    });
    assertHarmless(error, ['secret-at']);
  });

  test('a server without device flow', async () => {
    const { issuer } = await setUp(CODE);
    const other = await startScripted();
    other.publish({ token_endpoint: `${issuer.url}/token` });
    const client = await other.client();
    const idle = { onCode: async () => {}, onPrompt: () => {}, onPoll: () => {} };
    const flow = runDeviceFlow({ client, scopes: [], ...idle, signal: neverAborted, closing: neverAborted });
    expect(await rejection(flow)).toMatchObject({
      code: 'unsupported_by_server',
      message: expect.stringContaining('device_authorization_endpoint') as string,
    });
  });
});

test.each<[string, Said]>([
  ['a page', [200, '<html>']],
  ['an address that is none', [200, { device_code: 'd', user_code: 'A', verification_uri: 'javascript:1' }]],
  ['a 404', [404, 'nothing']],
])('an answer to the request for a code that is %s may be worth another try', async (_what, said) => {
  const { start } = await setUp(said);
  expect(await rejection(start())).toBeInstanceOf(UnreachableError);
});

test('who leaves is told so, and nothing is asked any more', async () => {
  const { clock, start, closing, asked } = await setUp(CODE, TOKEN);
  const flow = start();
  await clock.waitForTimer(5000);
  const reason = new Error('left');
  closing.abort(reason);
  expect(await rejection(flow)).toBe(reason);
  expect(asked('/token')).toEqual([]);
});

async function gitlab(said?: Said) {
  const issuer = await startScripted();
  const { url } = issuer;
  issuer.publish({
    authorization_endpoint: `${url}/oauth/authorize`,
    token_endpoint: `${url}/oauth/token`,
  });
  if (said) issuer.answer('/oauth/authorize_device', said);
  issuer.answer('/oauth/token', TOKEN);
  const clock = createFakeClock();
  const idle = { onCode: async () => {}, onPrompt: () => {}, onPoll: () => {} };
  const client = await issuer.client({ clock });
  const flow = runDeviceFlow({ client, scopes: [], ...idle, signal: neverAborted, closing: neverAborted });
  return { clock, flow };
}

describe('a GitLab whose metadata are older than its device flow', () => {
  test('is asked where every GitLab has it', async () => {
    const { clock, flow } = await gitlab(CODE);
    await clock.pass(5000);
    expect((await flow).accessToken.reveal()).toBe('at');
  });

  test('says that it has none where it is older still', async () => {
    const { flow } = await gitlab();
    expect(await rejection(flow)).toMatchObject({ code: 'unsupported_by_server' });
  });
});
