// The source of `--auth exchange` in one window: silent where a person has consented, a page where not, and never the token
// of somebody else (DESIGN 2.7; FACTS, Brokers).
import { describe, expect, test } from 'vitest';
import { CLIENT } from '../../../fixtures/broker/emulator.mjs';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import type { RefusedError } from '../../../src/base/errors.ts';
import { UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { tempDir } from '../../support/temp.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import { openBroker, SECRET_VARIABLE } from './exchange-windows.ts';

describe('with consent', () => {
  test('the first token comes without a person, is named, stored, and given to later processes', async () => {
    const { broker, github, open, outcomes, token } = await openBroker();
    broker.consent('octocat', ['repo', 'gist']);
    const window = open({ 'exchange-scopes': ['repo'] });
    const credential = await window.source.load();
    expect(credential).toMatchObject({ login: 'octocat', scopes: ['repo'], rotation: 'exclusive' });
    expect(github.liveTokens()).toEqual([credential && token(credential)]);
    const later = await open({ 'exchange-scopes': ['repo'] }).source.load();
    expect(later && token(later)).toBe(credential && token(credential));
    expect(outcomes()).toEqual(['granted']);
    expect(window.audit.map(({ event }) => event)).toEqual(['login']);
    expect(window.concealed.map((secret) => secret.reveal())).toEqual(
      expect.arrayContaining([CLIENT.secret, broker.exchanges[0]?.form.get('subject_token')]),
    );
  });

  test('a renewal is a new exchange, and the token before it is dead', async () => {
    const { broker, github, open, refresh, token } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const first = await window.source.load();
    if (!first) throw new Error('no token');
    expect(window.source.isRenewable(first)).toBe(true);
    const second = await refresh(window, first);
    expect(github.liveTokens()).toEqual([token(second)]);
    expect(second.login).toBe('octocat');
  });

  test('other brokers hand out what they hold, so that a rotation overlaps', async () => {
    const { broker, open } = await openBroker();
    broker.consent('octocat');
    expect(await open({ 'exchange-preset': [] }).source.load()).toMatchObject({ rotation: 'overlapping' });
  });

  test('a login shows nothing', async () => {
    const { broker, open, startLogin } = await openBroker();
    broker.consent('octocat');
    const login = startLogin(open());
    expect(await login.outcome).toMatchObject({ login: 'octocat' });
    expect(login.prompts).toEqual([]);
  });

  test('fewer scopes than were asked for are reported, and kept as they are', async () => {
    const { broker, open } = await openBroker();
    broker.consent('octocat');
    broker.quirks.grantsLess = true;
    const window = open({ 'exchange-scopes': ['repo gist'] });
    expect(await window.source.load()).toMatchObject({ scopes: ['repo'] });
    expect(window.log.lines).toEqual([expect.stringMatching(/^warn: .*fewer scopes.*: gist missing/)]);
  });

  test.each([
    ['basic', { 'exchange-client-auth': ['basic'] }],
    ['post', { 'exchange-client-auth': ['post'] }],
  ])('%s proves who asks', async (_auth, texts) => {
    const { broker, open, outcomes } = await openBroker();
    broker.consent('octocat');
    await open(texts).source.load();
    expect(outcomes()).toEqual(['granted']);
  });
});

describe('without consent', () => {
  test('a start asks nobody, and says what to do', async () => {
    const { broker, open, outcomes } = await openBroker();
    const error = await rejection(open().source.load());
    expect(error).toMatchObject({
      code: 'consent_required',
      message: expect.stringMatching(/needs a person's consent to give out tokens for github/) as string,
      next: expect.stringMatching(/auth_login/) as string,
    });
    assertHarmless(error, [...broker.secrets(), CLIENT.secret]);
    // Once more in silence, as an error of the service behind the broker shows as the same.
    expect(outcomes()).toEqual(['consent_required', 'consent_required']);
  });

  test('a login shows the page, and goes on as soon as the person has consented', async () => {
    const { broker, open, startLogin, decide, outcomes, memory } = await openBroker();
    const window = open();
    const login = startLogin(window);
    const prompt = await login.prompt();
    expect(prompt).toMatchObject({
      verificationUri: expect.stringContaining(`${broker.url}/connect/github?resource=github`) as string,
      purpose: expect.stringMatching(/needs your consent to give out tokens for github\.$/) as string,
    });
    expect(prompt).not.toHaveProperty('userCode');
    await decide(prompt.verificationUri);
    expect(await login.outcome).toMatchObject({ login: 'octocat' });
    expect(login.prompts).toHaveLength(1);
    expect(outcomes().at(-1)).toBe('granted');
    expect([memory.flows.size, memory.isLocked('login'), memory.isLocked('refresh')]).toEqual([
      0,
      false,
      false,
    ]);
  });

  test('one that is declined ends there', async () => {
    const { open, startLogin, decide, outcomes } = await openBroker();
    const login = startLogin(open());
    await decide((await login.prompt()).verificationUri, { decision: 'decline' });
    expect(await rejection(login.outcome)).toMatchObject({ code: 'access_denied' });
    expect(outcomes().filter((outcome) => outcome === 'access_denied')).toHaveLength(1);
  });

  test('a page that nobody opens is given up after ten minutes', async () => {
    const { broker, open, startLogin, clock } = await openBroker();
    const login = startLogin(open());
    const { expiresAt } = await login.prompt();
    expect(Math.round((expiresAt - clock.now()) / 60_000)).toBe(10);
    await broker.waitForExchange('consent_required', 3);
    clock.skip(600_000);
    expect(await rejection(login.outcome)).toMatchObject({ code: 'expired_token' });
  });

  test('to more scopes is asked for as that', async () => {
    const { broker, open, startLogin, decide } = await openBroker();
    broker.consent('octocat', ['repo']);
    const window = open({ 'exchange-scopes': ['repo'] });
    await window.source.load();
    const login = startLogin(window, { scopes: ['gist'] });
    const { purpose, verificationUri } = await login.prompt();
    expect(purpose).toMatch(/consent to more of github/);
    await decide(verificationUri);
    const credential = await login.outcome;
    expect(credential.scopes).toEqual(['repo', 'gist']);
    // A renewal does not lose what was asked for besides.
    expect((await window.source.refresh(credential, neverAborted)).scopes).toEqual(['repo', 'gist']);
  });

  test('where no page is named, it is said where to look', async () => {
    const { broker, open, startLogin } = await openBroker();
    broker.quirks.hidesConsentUrl = true;
    const error = await rejection(startLogin(open()).outcome);
    expect(error).toMatchObject({
      code: 'consent_required',
      next: expect.stringMatching(/--exchange-consent-rule/) as string,
    });
  });

  test('Keycloak gets the address back that its page insists on', async () => {
    const { broker, open, present, startLogin, decide } = await openBroker();
    present('octocat', { realm: true });
    const window = open({
      'exchange-token-endpoint': [],
      'exchange-issuer': [broker.realm],
      'exchange-preset': ['keycloak'],
      'exchange-resource': [],
      'exchange-param': ['requested_issuer=github'],
    });
    const login = startLogin(window);
    await decide((await login.prompt()).verificationUri);
    expect(await login.outcome).toMatchObject({ login: 'octocat', rotation: 'overlapping' });
  });
});

describe('a broker that fails', () => {
  test('behind its back is asked once more before a person is', async () => {
    const { broker, open, startLogin } = await openBroker();
    broker.consent('octocat');
    broker.failUpstream(1);
    const login = startLogin(open());
    expect(await login.outcome).toMatchObject({ login: 'octocat' });
    expect(login.prompts).toEqual([]);
  });

  test('while a person reads the page is asked again', async () => {
    const { broker, open, startLogin, decide } = await openBroker();
    const login = startLogin(open());
    const { verificationUri } = await login.prompt();
    broker.fault('busy', 3);
    await decide(verificationUri);
    expect(await login.outcome).toMatchObject({ login: 'octocat' });
  });

  test('at a renewal leaves the token as it is', async () => {
    const { broker, open, refresh } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const first = await window.source.load();
    broker.fault('cut', 1);
    expect(await rejection(first ? refresh(window, first) : Promise.resolve())).toBeInstanceOf(
      UnreachableError,
    );
  });

  test('to find a subject token keeps its token for as long as that lasts', async () => {
    const { broker, clock, present, open, refresh } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const first = await window.source.load();
    if (!first) throw new Error('no token');
    present('octocat', { lifetime: -60 });
    expect(await rejection(refresh(window, first))).toBeInstanceOf(UnreachableError);
    clock.skip(3_600_000);
    expect(await rejection(refresh(window, first))).toMatchObject({ code: 'subject_token_expired' });
  });

  test('to accept the client keeps its token for as long as that lasts: its secret is a setting', async () => {
    const { broker, clock, present, open, refresh } = await openBroker();
    broker.consent('octocat');
    const first = await open().source.load();
    if (!first) throw new Error('no token');
    const window = open({}, { [SECRET_VARIABLE]: 'a-secret-of-another-day' });
    const error = await rejection(refresh(window, first));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(String(error)).toMatch(/does not accept the client/);
    clock.skip(3_600_000);
    present('octocat');
    expect(await rejection(refresh(window, first))).toMatchObject({ code: 'invalid_client' });
  });

  test('for longer is no reason to ask a person for a consent while the token serves', async () => {
    const { broker, github, clock, present, open, refresh, token } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const first = await window.source.load();
    if (!first) throw new Error('no token');
    clock.skip(3_300_000);
    present('octocat');
    broker.failUpstream(2);
    const error = await rejection(refresh(window, first));
    expect(error).toBeInstanceOf(UnreachableError);
    expect(String(error)).toMatch(/consent/);
    // Withdrawn at the service itself, where it was found out: then there is nothing to wait for.
    github.revoke(token(first));
    broker.withdraw('octocat');
    expect(await rejection(refresh(window, first))).toMatchObject({ code: 'consent_required' });
  });

  test('for longer than the token lasts asks for the consent', async () => {
    const { broker, clock, present, open, refresh } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const first = await window.source.load();
    if (!first) throw new Error('no token');
    clock.skip(3_601_000);
    present('octocat');
    broker.failUpstream(2);
    expect(await rejection(refresh(window, first))).toMatchObject({ code: 'consent_required' });
  });

  test('to hold a token again after the consent was withdrawn ends the login', async () => {
    const { broker, open, refresh } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const first = await window.source.load();
    broker.withdraw('octocat');
    expect(await rejection(first ? refresh(window, first) : Promise.resolve())).toMatchObject({
      code: 'consent_required',
    });
  });
});

async function withSameToken(expiresIn: number) {
  const world = await openBroker({
    upstream: { issue: () => ({ accessToken: 'opaque-token-of-a-service', expiresIn }) },
  });
  world.broker.consent('octocat');
  const window = world.open({ 'exchange-preset': [] });
  const first = await window.source.load();
  if (!first) throw new Error('no token');
  return { ...world, window, first };
}

describe('a broker that gives the same token again', () => {
  test('that was refused is no help', async () => {
    const { window, first, refresh, clock } = await withSameToken(3600);
    clock.skip(120_000);
    expect(await rejection(refresh(window, first))).toMatchObject({ code: 'same_token' });
  });

  // A session that is idle renews a token of an hour up to 9 min before its end; one that calls, up to 6 min.
  test.each([500, 300])('%i s before its end is asked again later: the token serves', async (seconds) => {
    const { window, first, refresh, clock, present, broker } = await withSameToken(3600);
    clock.skip((3600 - seconds) * 1000);
    present('octocat');
    broker.quirks.answer = { expires_in: seconds };
    expect(await rejection(refresh(window, first))).toBeInstanceOf(UnreachableError);
  });

  test('with a later end, when the old one comes near, has renewed it', async () => {
    const { window, first, refresh, clock, present } = await withSameToken(3600);
    clock.skip(3_400_000);
    present('octocat');
    const second = await refresh(window, first);
    expect(second.expiresAt).toBeGreaterThan((first.expiresAt ?? 0) + 3_000_000);
  });
});

describe('whose token it is', () => {
  test('a stored token of another subject is never used', async () => {
    const { broker, present, open, outcomes } = await openBroker();
    broker.consent('octocat');
    broker.consent('hubot');
    expect(await open().source.load()).toMatchObject({ login: 'octocat' });
    present('hubot');
    expect(await open().source.load()).toMatchObject({ login: 'hubot' });
    expect(outcomes()).toEqual(['granted', 'granted']);
    // And back, though the record has been replaced meanwhile.
    present('octocat');
    expect(await open().source.load()).toMatchObject({ login: 'octocat' });
  });

  test('a renewal for another subject than before is refused, and a login makes it theirs', async () => {
    const { broker, present, open, refresh, logIn } = await openBroker();
    broker.consent('octocat');
    broker.consent('hubot');
    const window = open();
    const first = await window.source.load();
    if (!first) throw new Error('no token');
    present('hubot');
    const error = await rejection(refresh(window, first));
    expect(error).toMatchObject({ code: 'other_subject' });
    expect(String(error)).toMatch(/--subject-token-file/);
    expect(await logIn(window, { known: first })).toMatchObject({ login: 'hubot' });
  });

  test.each([
    ['', 'refused at once, for it may have killed the one before', { code: 'other_identity' }],
    ['of brokers whose tokens overlap ', 'put off while the one before serves', { name: 'UnreachableError' }],
  ])('a renewal %sthat brings a token of another account is %s', async (which, _what, expected) => {
    let connected = 'octocat';
    const { broker, clock, github, present, open, refresh, logIn, token } = await openBroker({
      upstream: {
        issue: (_login, scopes) => ({
          accessToken: github.issue(CLIENT_IDS.oauthApp, connected, scopes.join(',')).accessToken,
          expiresIn: 3600,
        }),
        revoke: which === '' ? (old) => github.revoke(old) : () => {},
      },
    });
    broker.consent('octocat');
    const window = open(which === '' ? {} : { 'exchange-preset': [] });
    const first = (await window.source.load())!;
    connected = 'hubot';
    clock.skip(3_300_000);
    present('octocat');
    const error = await rejection(refresh(window, first));
    expect(error).toMatchObject(expected);
    expect(String(error)).toMatch(/of octocat until now, and gives one of hubot/);
    expect(await rejection(logIn(window, { known: first }))).toMatchObject({ code: 'other_identity' });
    await window.source.logout(first, neverAborted);
    expect(await logIn(window)).toMatchObject({ login: 'hubot' });
    expect(token(first)).not.toBe(broker.handedOut.at(-1));
  });

  test("a token that is not GitHub's has no name, and GitHub is not asked for one", async () => {
    const token = { accessToken: 'glpat-0123456789abcdefghij', expiresIn: 0 };
    const { broker, github, open } = await openBroker({ upstream: { issue: () => token } });
    broker.consent('octocat');
    const credential = await open().source.load();
    expect([credential?.login, credential?.expiresAt]).toEqual([undefined, undefined]);
    expect(github.requests).toEqual([]);
  });
});

describe('a subject token', () => {
  test('that has expired is told with its path before anybody is asked', async () => {
    const { broker, present, open } = await openBroker();
    present('octocat', { lifetime: -60 });
    const error = await rejection(open().source.load());
    expect(error).toMatchObject({ code: 'subject_token_expired' });
    expect(String(error)).toMatch(/--subject-token-file \/.*expired 1 min ago/);
    expect(broker.exchanges).toEqual([]);
  });

  test.each([
    ['invalid_grant', false],
    ['invalid_request', true],
  ])('that is refused by %s is replaced by the one that a command prints next', async (code, byTheBook) => {
    const { broker, open, outcomes } = await openBroker();
    broker.consent('octocat');
    broker.quirks.byTheBook = byTheBook;
    const one = broker.subjectToken('octocat');
    const window = open(
      {
        'subject-token-file': [],
        'subject-token-command': [
          'if [ -e "$T/used" ]; then printf %s "$B"; else : > "$T/used"; printf %s opaque; fi',
        ],
      },
      { B: one, T: tempDir() },
    );
    expect(await window.source.load()).toMatchObject({ login: 'octocat' });
    expect(outcomes()).toEqual([code, 'granted']);
  });

  test('that cannot be replaced leaves the refusal of the broker as it is', async () => {
    const { broker, open } = await openBroker();
    broker.quirks.byTheBook = true;
    const texts = {
      'subject-token-file': [],
      'subject-token-command': ['if [ -e "$T/used" ]; then exit 3; else : > "$T/used"; printf %s opaque; fi'],
    };
    const error = await rejection(open(texts, { T: tempDir() }).source.load());
    expect(error).toMatchObject({ code: 'invalid_request' });
    expect(String(error) + (error as RefusedError).next).toMatch(/subject token of --subject-token-command/);
  });

  test('in a variable of the environment does as well', async () => {
    const { broker, open } = await openBroker();
    broker.consent('hubot');
    const texts = { 'subject-token-file': [], 'subject-token-env': ['SUBJECT'] };
    const window = open(texts, { SUBJECT: broker.subjectToken('hubot') });
    expect(await window.source.load()).toMatchObject({ login: 'hubot' });
  });
});

describe('a logout', () => {
  test('forgets the token, and no start obtains another one before a person says so', async () => {
    const { broker, open, logIn, outcomes } = await openBroker();
    broker.consent('octocat');
    const window = open();
    const credential = await window.source.load();
    const { was, unrevoked } = await window.source.logout(credential, neverAborted);
    expect(was).toMatchObject({ login: 'octocat' });
    expect(unrevoked).toMatch(/has no way to revoke it/);
    expect(await open().source.load()).toBeUndefined();
    expect(outcomes()).toEqual(['granted']);
    expect(await logIn(window)).toMatchObject({ login: 'octocat' });
  });

  test('revokes the token where the issuer lets us', async () => {
    const { broker, open, token } = await openBroker();
    broker.consent('octocat');
    const window = open({ 'exchange-issuer': [broker.url], 'exchange-token-endpoint': [] });
    const credential = await window.source.load();
    expect(await window.source.logout(credential, neverAborted)).toMatchObject({ unrevoked: undefined });
    expect([...broker.revoked]).toEqual([credential && token(credential)]);
  });
});

test('another resource, audience, parameter or subject source is another record', async () => {
  const { broker, open, memory, outcomes } = await openBroker({
    resources: { github: ['repo'], gitlab: ['api'] },
  });
  for (const resource of ['github', 'gitlab']) {
    broker.consent('octocat', [], resource);
    await open({ 'exchange-resource': [resource] }).source.load();
  }
  await open({ 'exchange-param': ['x=1'] }).source.load();
  await open({ 'exchange-param': ['x=2'] }).source.load();
  await open({ 'exchange-audience': ['somebody'] }).source.load();
  await open({ 'exchange-param': ['x=2'] }).source.load();
  expect(outcomes()).toHaveLength(5);
  expect(memory.kept()).toMatchObject({ kind: 'record' });
});

test('a secret that cannot be read is told by its setting', async () => {
  const { open } = await openBroker();
  const texts = { 'exchange-client-secret-file': ['/nowhere/secret'] };
  const error = await rejection(open(texts, { GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET: '' }).source.load());
  expect(String(error)).toMatch(/--exchange-client-secret-file, \/nowhere\/secret, does not exist/);
  expect(error).not.toBeInstanceOf(Secret);
});
