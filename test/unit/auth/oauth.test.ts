// The source of `--auth oauth` against the certified server: login, rotation with reuse detection, revocation (DESIGN 2.7).
import { describe, expect, test } from 'vitest';
import { OIDC_CLIENTS, OIDC_SECRET, startIssuer } from '../../../fixtures/oidc/issuer.mjs';
import type { IssuerOptions } from '../../../fixtures/oidc/issuer.mjs';
import { createOauthSource } from '../../../src/auth/oauth.ts';
import type { OauthSourceOptions } from '../../../src/auth/oauth.ts';
import { oauthRenewer } from '../../../src/auth/oauth-renewer.ts';
import { createOauthServer } from '../../../src/auth/oauth-server.ts';
import type { Credential, LoginPrompt, TokenSource } from '../../../src/auth/token-source.ts';
import type { AuditEntry } from '../../../src/base/audit.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createHttp } from '../../../src/net/http.ts';
import { createHurriedClock } from '../../support/hurried-clock.ts';
import { promised } from '../../support/promised.ts';
import { createSharedMemory } from '../../support/shared-memory-vault.ts';
import { assertNoSecrets } from '../../support/temp.ts';
import { atTestEnd } from '../../support/test-end.ts';
import { createTestLog } from '../../support/test-log.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import { startScripted } from '../oauth/issuer.ts';

/** Between two polls, in seconds. */
const INTERVAL = 0.02;

async function setUp(options: IssuerOptions = {}) {
  const issuer = await startIssuer({ interval: INTERVAL, ...options });
  atTestEnd(() => issuer.close());
  const memory = createSharedMemory();
  const log = createTestLog();
  const audit: AuditEntry[] = [];

  /** One more process over the same vault. */
  const open = (more: Partial<OauthSourceOptions> = {}): TokenSource =>
    createOauthSource({
      issuer: issuer.url,
      clientId: OIDC_CLIENTS.public,
      clientSecret: undefined,
      scopes: ['openid', 'api'],
      profile: 'default',
      vault: memory.process(),
      clock: createHurriedClock(),
      log,
      audit: { note: (entry) => void audit.push(entry), flush: () => Promise.resolve() },
      ...more,
    });

  /** A login that the person approves at once. */
  const logIn = async (source: TokenSource, as?: string): Promise<Credential> => {
    const { shown, outcome } = start(source);
    const prompt = await Promise.race([shown, outcome]);
    if (!('userCode' in prompt)) throw new Error('nobody was asked');
    await issuer.approve(prompt.userCode ?? '', as);
    return outcome;
  };
  return { issuer, memory, log, audit, open, logIn };
}

function start(source: TokenSource) {
  const [shown, onPrompt] = promised<LoginPrompt>();
  const outcome = source.login({ scopes: [], onPrompt }, neverAborted);
  outcome.catch(() => {});
  return { shown, outcome };
}

const refresh = (source: TokenSource, stale: Credential) => source.refresh(stale, neverAborted);

describe('a login', () => {
  test('ends verified and stored, with a refresh token that nobody had to ask for', async () => {
    const { issuer, open, logIn } = await setUp();
    const source = open();
    const credential = await logIn(source);
    expect(source).toMatchObject({ mode: 'oauth', hostLabel: new URL(issuer.url).host, isUnattended: false });
    expect(credential).toMatchObject({ login: 'tanuki', rotation: 'exclusive' });
    expect(credential.scopes).toEqual(expect.arrayContaining(['openid', 'api']));
    expect(source.isRenewable(credential)).toBe(true);
    expect(issuer.requests.find(({ path }) => path === '/device/auth')?.body).toEqual({
      client_id: OIDC_CLIENTS.public,
      scope: 'openid api offline_access',
    });
    expect((await open().load())?.accessToken.reveal()).toBe(credential.accessToken.reveal());
  });

  test('where the server does not know offline_access asks for nothing but what was wanted', async () => {
    const { issuer, open, logIn } = await setUp({ scopes: ['openid', 'api'] });
    const source = open();
    const credential = await logIn(source);
    expect(issuer.requests.find(({ path }) => path === '/device/auth')?.body['scope']).toBe('openid api');
    expect(source.isRenewable(credential)).toBe(false);
    expect(credential.rotation).toBe('overlapping');
  });

  test('goes on without offline_access where the client may not have it', async () => {
    const issuer = await startScripted();
    const { url } = issuer;
    issuer.publish({
      device_authorization_endpoint: `${url}/device`,
      token_endpoint: `${url}/token`,
      scopes_supported: ['api', 'offline_access'],
    });
    const code = { device_code: 'd', user_code: 'A-B', verification_uri: `${url}/page`, interval: INTERVAL };
    issuer.answer('/device', [400, { error: 'invalid_scope' }], [200, code]);
    issuer.answer('/token', [200, { access_token: 'at', token_type: 'Bearer' }]);
    const { open } = await setUp();
    const { outcome } = start(open({ issuer: url, scopes: ['api'] }));
    expect((await outcome).scopes).toEqual(['api']);
    const asked = issuer.asked.filter(({ path }) => path === '/device').map(({ form }) => form['scope']);
    expect(asked).toEqual(['api offline_access', 'api']);
  });

  test.each(['client_secret_basic', 'client_secret_post'] as const)(
    'of a client with a secret proves it by %s throughout',
    async (secretsBy) => {
      const { issuer, open, logIn, log } = await setUp({ secretsBy });
      const concealed: Secret[] = [];
      const clientSecret = new Secret(OIDC_SECRET);
      const conceal = (secret: Secret) => void concealed.push(secret);
      const source = open({ clientId: OIDC_CLIENTS.confidential, clientSecret, conceal });
      expect(concealed).toEqual([clientSecret]);
      const fresh = await refresh(source, await logIn(source));
      expect(await issuer.accountOf(fresh.accessToken.reveal())).toBe('tanuki');
      await source.logout(fresh, neverAborted);
      expect(await issuer.accountOf(fresh.accessToken.reveal())).toBeUndefined();
      const isPost = secretsBy === 'client_secret_post';
      const proven = issuer.requests.filter(({ method }) => method === 'POST');
      expect(proven.every(({ body }) => (body['client_secret'] === OIDC_SECRET) === isPost)).toBe(true);
      expect(proven.length).toBeGreaterThan(4);
      assertNoSecrets({ buffers: { log: log.lines.join('\n') }, secrets: issuer.secrets() });
    },
  );

  test('of a client with the wrong secret is refused, and names the settings', async () => {
    const { open } = await setUp();
    const clientSecret = new Secret('not the secret of this client');
    const error = await rejection(start(open({ clientId: OIDC_CLIENTS.confidential, clientSecret })).outcome);
    expect(error).toMatchObject({
      code: 'invalid_client',
      next: expect.stringMatching(/GITHUB_OAUTH_CLIENT_ID.*GITHUB_OAUTH_CLIENT_SECRET/) as string,
    });
    assertHarmless(error, ['not the secret of this client']);
  });

  test('that is denied says so', async () => {
    const { issuer, open } = await setUp();
    const { shown, outcome } = start(open());
    await issuer.deny((await shown).userCode ?? '');
    expect(await rejection(outcome)).toMatchObject({ code: 'access_denied' });
  });

  test('at an issuer without device flow says what is missing', async () => {
    const { open } = await setUp({ without: ['device_authorization_endpoint'] });
    expect(await rejection(start(open()).outcome)).toMatchObject({
      code: 'unsupported_by_server',
      message: expect.stringContaining('device_authorization_endpoint') as string,
    });
  });

  test('is one for all windows', async () => {
    const { issuer, open } = await setUp();
    const windows = [open(), open(), open()];
    const logins = windows.map(start);
    const codes = await Promise.all(logins.map(async ({ shown }) => (await shown).userCode));
    expect(new Set(codes).size).toBe(1);
    await issuer.approve(codes[0] ?? '');
    const credentials = await Promise.all(logins.map(({ outcome }) => outcome));
    expect(new Set(credentials.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);
    expect(issuer.requests.filter(({ path }) => path === '/device/auth')).toHaveLength(1);
  });
});

describe('a renewal', () => {
  test('is one for all windows, time after time, and reuse detection catches nobody', async () => {
    const { issuer, open, logIn } = await setUp();
    const windows = [open(), open(), open(), open()];
    const [first] = windows;
    if (!first) throw new Error('there are windows');
    let current = await logIn(first);
    await Promise.all(windows.map((window) => window.load()));
    for (let round = 1; round <= 4; round += 1) {
      const stale = current;
      const fresh = await Promise.all(windows.map((window) => refresh(window, stale)));
      expect(new Set(fresh.map(({ accessToken }) => accessToken.reveal())).size).toBe(1);
      expect(issuer.refreshes()).toHaveLength(round);
      current = fresh[0] ?? current;
      expect(current).toMatchObject({ login: 'tanuki', rotation: 'exclusive' });
      expect(await issuer.accountOf(current.accessToken.reveal())).toBe('tanuki');
    }
    const spent = issuer.refreshes().map(({ body }) => body['refresh_token']);
    expect(new Set(spent).size).toBe(spent.length);
  });

  test('with a token that somebody else has spent ends the login, and says so', async () => {
    const { issuer, open, logIn, audit } = await setUp();
    const source = open();
    const first = await logIn(source);
    await refresh(source, first);
    const stranger = open({ vault: createSharedMemory().process() });
    const error = await rejection(refresh(stranger, first));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: 'invalid_grant', next: 'Call auth_login to log in again.' });
    expect(audit.at(-1)).toMatchObject({ event: 'refresh-failed', detail: 'invalid_grant' });
    assertHarmless(error, issuer.secrets());
  });

  test('at a server that is down is worth another try, with the same token', async () => {
    const { issuer, open, logIn } = await setUp();
    const source = open();
    const stale = await logIn(source);
    issuer.setDown(true);
    expect(await rejection(refresh(source, stale))).toBeInstanceOf(UnreachableError);
    issuer.setDown(false);
    expect((await refresh(source, stale)).accessToken.equals(stale.accessToken)).toBe(false);
  });

  test('is worth another try also where the issuer cannot be looked up', async () => {
    const issuer = await startScripted();
    issuer.answer('/.well-known/openid-configuration', [404, 'maintenance']);
    const description = {
      kind: 'oauth',
      issuer: issuer.url,
      clientId: 'c',
      clientSecret: undefined,
    } as const;
    const renewer = oauthRenewer(description, createHttp(systemClock));
    await renewer.warmUp();
    const base = {
      accessToken: new Secret('a'),
      refreshToken: new Secret('r'),
      issuedAt: 0,
      scopes: [],
      rotation: 'exclusive',
    } as const;
    const error = await rejection(renewer.renew(base, neverAborted));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({ next: expect.stringContaining('--issuer') as string });
  });

  test('of a token without a refresh token is refused before anybody is asked', async () => {
    const { issuer, open, logIn } = await setUp({ scopes: ['openid', 'api'] });
    const source = open();
    const stale = await logIn(source);
    expect(await rejection(refresh(source, stale))).toMatchObject({ code: 'no_refresh_token' });
    expect(issuer.refreshes()).toEqual([]);
  });
});

test('a token that has ended is told from one whose account nobody knows', async () => {
  const { issuer, open, logIn } = await setUp();
  const source = open();
  const credential = await logIn(source);
  expect(await source.identify?.(credential, neverAborted)).toBe('tanuki');
  await issuer.revoke(credential.accessToken.reveal());
  const asked = source.identify?.(credential, neverAborted) ?? Promise.resolve();
  expect(await rejection(asked)).toMatchObject({ code: 'bad_credentials' });
});

describe('a logout', () => {
  test('revokes both tokens', async () => {
    const { issuer, open, logIn, audit } = await setUp();
    const source = open();
    const credential = await logIn(source);
    expect((await source.logout(credential, neverAborted)).unrevoked).toBeUndefined();
    expect(await issuer.accountOf(credential.accessToken.reveal())).toBeUndefined();
    expect(audit.map(({ event }) => event)).toEqual(['login', 'logout', 'revocation']);
    expect(
      await rejection(refresh(open({ vault: createSharedMemory().process() }), credential)),
    ).toMatchObject({
      code: 'invalid_grant',
    });
  });

  test.each([
    [
      { without: ['revocation_endpoint'] },
      false,
      /no revocation endpoint.*look for this app in your settings/,
    ],
    [{}, true, /HTTP 503/],
  ])('where it cannot says what is left to a person', async (options, isDown, said) => {
    const { issuer, open, logIn } = await setUp(options);
    const source = open();
    const credential = await logIn(source);
    issuer.setDown(isDown);
    expect((await source.logout(credential, neverAborted)).unrevoked).toMatch(said);
  });
});

test('what one server was asked for is enough for less, and offline_access never stands in the way', () => {
  const server = createOauthServer({
    issuer: 'https://issuer.example',
    clientId: 'c',
    clientSecret: undefined,
    http: createHttp(systemClock),
  });
  const credential = {
    accessToken: new Secret('a'),
    issuedAt: 0,
    scopes: ['openid', 'api'],
    rotation: 'exclusive',
  } as const;
  expect(server.suffices(credential, ['api', 'offline_access'])).toBe(true);
  expect(server.suffices(credential, ['api', 'write'])).toBe(false);
});
