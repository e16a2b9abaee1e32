// A subject token by a person's own login at the issuer: two pages at most, one login for all windows, renewed for as long as
// the issuer lets us (RFC 6749, 4.1; RFC 7636; RFC 8414).
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLIENT, PUBLIC_CLIENT_ID } from '../../../fixtures/broker/emulator.mjs';
import type { ExchangeTexts } from '../../../src/auth/exchange/options.ts';
import { tempDir } from '../../support/temp.ts';
import { neverAborted, rejection } from '../github/support.ts';
import { openBroker, SECRET_VARIABLE } from './exchange-windows.ts';

/** A window whose person logs in at the broker itself. */
async function openIssuer(options: Parameters<typeof openBroker>[0] = {}) {
  const world = await openBroker(options);
  const texts: ExchangeTexts = {
    'exchange-issuer': [world.broker.url],
    'exchange-token-endpoint': [],
    'subject-token-file': [],
  };
  return {
    ...world,
    open: (more: ExchangeTexts = {}, env?: Record<string, string>) => world.open({ ...texts, ...more }, env),
  };
}

/** A window whose person has logged in and consented. */
async function loggedIn() {
  const world = await openIssuer();
  const window = world.open();
  world.broker.consent('octocat');
  const login = world.startLogin(window);
  await world.decide((await login.prompt()).verificationUri);
  return { ...world, window, credential: await login.outcome };
}

test('a start asks nobody, and says that somebody has to log in', async () => {
  const { broker, open } = await openIssuer();
  expect(await rejection(open().source.load())).toMatchObject({
    code: 'login_required',
    next: expect.stringMatching(/auth_login/) as string,
  });
  expect(broker.exchanges).toEqual([]);
});

test("a login shows the issuer's page, then that of the consent, each with what it is for", async () => {
  const { broker, open, startLogin, decide, memory, outcomes } = await openIssuer();
  const window = open({ 'subject-scopes': ['openid'] });
  const login = startLogin(window);
  const first = await login.prompt(1);
  expect(first.verificationUri).toContain(`${broker.url}/oauth/authorize?`);
  expect(new URL(first.verificationUri).searchParams.get('scope')).toBe('openid');
  expect(first.purpose).toMatch(/has to know who you are/);
  expect(await decide(first.verificationUri, { login: 'hubot' })).toMatchObject({
    status: 200,
    text: expect.stringMatching(/You are logged in/) as string,
  });
  const second = await login.prompt(2);
  expect(second.verificationUri).toContain(`${broker.url}/connect/github?`);
  await decide(second.verificationUri, { login: 'hubot' });
  expect(await login.outcome).toMatchObject({ login: 'hubot' });
  expect(login.prompts).toHaveLength(2);
  expect(outcomes().at(-1)).toBe('granted');
  expect(memory.flows.size).toBe(0);
  const secrets = window.concealed.map((secret) => secret.reveal());
  expect(secrets).toEqual(expect.arrayContaining([broker.exchanges[0]?.form.get('subject_token')]));
});

test('both pages are shown by every window that waits', async () => {
  const { open, startLogin, decide } = await openIssuer();
  const [one, two] = [startLogin(open()), startLogin(open())];
  const [page] = await Promise.all([one.prompt(1), two.prompt(1)]);
  await decide(page.verificationUri);
  const [consent] = await Promise.all([one.prompt(2), two.prompt(2)]);
  await decide(consent.verificationUri);
  const [mine, theirs] = await Promise.all([one.outcome, two.outcome]);
  expect(mine.accessToken.equals(theirs.accessToken)).toBe(true);
  expect(two.prompts).toEqual(one.prompts);
});

test('one that is denied on the page ends there', async () => {
  const { broker, open, startLogin, decide } = await openIssuer();
  const login = startLogin(open());
  const page = await decide((await login.prompt()).verificationUri, { decision: 'decline' });
  expect(page).toMatchObject({ status: 400, text: expect.stringMatching(/did not succeed/) as string });
  expect(await rejection(login.outcome)).toMatchObject({ code: 'access_denied' });
  expect(broker.exchanges).toEqual([]);
});

test('a consent that is given by another login at the issuer is asked for by that', async () => {
  const { broker, open, startLogin, decide } = await openIssuer();
  broker.quirks.attestation = 'mcp-server';
  const login = startLogin(open());
  await decide((await login.prompt(1)).verificationUri);
  const again = new URL((await login.prompt(2)).verificationUri);
  expect(again.href).toContain(`${broker.url}/oauth/authorize?`);
  expect([again.searchParams.get('resource'), again.searchParams.get('client_id')]).toEqual([
    'mcp-server',
    CLIENT.clientId,
  ]);
  await decide(again.href);
  await decide((await login.prompt(3)).verificationUri);
  expect(await login.outcome).toMatchObject({ login: 'octocat' });
});

describe('once logged in', () => {
  test('later processes and renewals need nobody, also when the subject token is over', async () => {
    const { broker, clock, open, refresh, credential } = await loggedIn();
    expect(await open().source.load()).toMatchObject({ login: 'octocat' });
    // 15 minutes of a subject token are over.
    clock.skip(1_000_000);
    const window = open();
    expect((await refresh(window, credential)).login).toBe('octocat');
    clock.skip(1_000_000);
    const next = await refresh(window, (await window.source.load()) ?? credential);
    expect(broker.handedOut.at(-1)).toBe(next.accessToken.reveal());
    expect(broker.reuses()).toBe(0);
  });

  test('a subject token that was revoked is renewed for the exchange', async () => {
    const { broker, window, refresh, credential, outcomes } = await loggedIn();
    const subject = broker.exchanges.at(-1)?.form.get('subject_token') ?? '';
    broker.revokeToken(subject);
    await refresh(window, credential);
    expect(outcomes().slice(-2)).toEqual(['invalid_grant', 'granted']);
  });

  test('a login that the issuer has ended is begun anew by the next one', async () => {
    const { broker, clock, window, refresh, credential, startLogin, decide } = await loggedIn();
    broker.endLogins();
    clock.skip(1_000_000);
    expect(await rejection(refresh(window, credential))).toMatchObject({ code: 'invalid_grant' });
    const login = startLogin(window, { known: credential });
    await decide((await login.prompt()).verificationUri);
    expect(await login.outcome).toMatchObject({ login: 'octocat' });
  });

  test('windows that renew at once spend one refresh token', async () => {
    const { broker, clock, open, refresh, credential } = await loggedIn();
    clock.skip(1_000_000);
    await Promise.all(Array.from({ length: 4 }, () => refresh(open(), credential)));
    expect([broker.reuses(), broker.overlaps()]).toEqual([0, 0]);
    expect(broker.handedOut).toHaveLength(2);
  });

  test('a logout ends both', async () => {
    const { broker, window, open, credential } = await loggedIn();
    const { was } = await window.source.logout(credential, neverAborted);
    expect(was).toMatchObject({ login: 'octocat' });
    expect([...broker.revoked]).toEqual(
      expect.arrayContaining([
        credential.accessToken.reveal(),
        broker.exchanges[0]?.form.get('subject_token'),
      ]),
    );
    expect(await open().source.load()).toBeUndefined();
  });
});

test('another person takes the place of the one before only after a logout, and gets their own token', async () => {
  const { broker, clock, window, credential, open, startLogin, decide, memory } = await loggedIn();
  broker.consent('hubot');
  broker.endLogins();
  clock.skip(4_000_000);
  const wrong = startLogin(window, { known: credential });
  await decide((await wrong.prompt()).verificationUri, { login: 'hubot' });
  expect(await rejection(wrong.outcome)).toMatchObject({ code: 'other_identity' });
  await window.source.logout(undefined, neverAborted);
  const login = startLogin(open());
  await decide((await login.prompt()).verificationUri, { login: 'hubot' });
  expect(await login.outcome).toMatchObject({ login: 'hubot' });
  expect(memory.isLocked('refresh')).toBe(false);
});

test.each([
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['P-256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
])(
  'a client with a key of %s proves itself everywhere by what it signs',
  async (_kind, { privateKey, publicKey }) => {
    const pem = { type: 'spki', format: 'pem' } as const;
    const { broker, open, startLogin, decide } = await openIssuer({
      clients: [
        {
          clientId: 'signing',
          publicKey: publicKey.export(pem).toString(),
          methods: ['private_key_jwt'],
        },
      ],
    });
    const file = path.join(tempDir(), 'key.pem');
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    broker.consent('octocat');
    const texts = { 'exchange-client-id': ['signing'], 'exchange-client-key-file': [file] };
    const login = startLogin(open(texts, { [SECRET_VARIABLE]: '' }));
    await decide((await login.prompt()).verificationUri);
    expect(await login.outcome).toMatchObject({ login: 'octocat' });
  },
);

test('a public client logs in, and is told that it may not exchange', async () => {
  const { open, startLogin, decide } = await openIssuer();
  const texts = {
    'exchange-client-id': [PUBLIC_CLIENT_ID],
    'exchange-client-auth': ['none'],
    'exchange-preset': [],
  };
  const login = startLogin(open(texts, { [SECRET_VARIABLE]: '' }));
  await decide((await login.prompt()).verificationUri);
  expect(await rejection(login.outcome)).toMatchObject({ code: 'unauthorized_client' });
});
