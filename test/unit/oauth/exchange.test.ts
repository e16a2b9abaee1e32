// Token exchange against a broker that is as strict as AuthPlane's Token Vault and Keycloak are (FACTS, Brokers; RFC 8693).
import { onTestFinished } from 'vitest';
import { describe, expect, test } from 'vitest';
import { CLIENT, PUBLIC_CLIENT_ID, startBroker } from '../../../fixtures/broker/emulator.mjs';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createHttp } from '../../../src/net/http.ts';
import type { ExchangeRequest } from '../../../src/oauth/exchange.ts';
import { exchangeToken } from '../../../src/oauth/exchange.ts';
import { CONSENT_RULES } from '../../../src/oauth/exchange-consent.ts';
import { serveHttp } from '../../support/loopback.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

type Changes = Partial<Omit<ExchangeRequest, 'subjectToken'>> & { subjectToken?: string };

function ask({ subjectToken = 'nobody', ...changes }: Changes) {
  const request: ExchangeRequest = {
    endpoint: '',
    label: 'broker.example',
    clientId: CLIENT.clientId,
    target: 'github',
    subjectSetting: '--subject-token-file /run/token',
    subjectTokenType: ACCESS_TOKEN,
    resources: ['github'],
    audiences: [],
    scopes: [],
    params: [],
    consentRules: CONSENT_RULES.authplane,
    prove: (form) => {
      form.set('client_id', CLIENT.clientId);
      form.set('client_secret', CLIENT.secret);
      return Promise.resolve();
    },
    ...changes,
    subjectToken: new Secret(subjectToken),
  };
  const http = createHttp(systemClock, { setting: '--exchange-token-endpoint' });
  return exchangeToken(request, http, neverAborted);
}

async function setUp(options: Parameters<typeof startBroker>[0] = {}) {
  const broker = await startBroker({ upstreamMs: 0, ...options });
  onTestFinished(() => broker.close());
  return {
    broker,
    exchange: (changes: Changes = {}) =>
      ask({
        endpoint: `${broker.url}/oauth/token`,
        subjectToken: broker.subjectToken('octocat'),
        ...changes,
      }),
  };
}

/** The answer of a broker that says just this. */
async function answered(answer: object, changes: Changes = {}, status = 200) {
  const origin = await serveHttp((_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  return ask({ endpoint: origin, ...changes });
}

describe('what a person has consented to', () => {
  test('is given out, with its end and its scopes', async () => {
    const { broker, exchange } = await setUp();
    broker.consent('octocat');
    const outcome = await exchange({ scopes: ['repo', 'gist'] });
    if (outcome.kind !== 'granted') throw new Error(outcome.kind);
    const { accessToken, issuedAt, expiresAt, scopes, refreshToken } = outcome.grant;
    expect([accessToken.reveal()]).toEqual(broker.handedOut);
    expect([expiresAt, scopes, refreshToken]).toEqual([issuedAt + 3_600_000, ['repo', 'gist'], undefined]);
    expect(Object.fromEntries(broker.exchanges[0]?.form ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: expect.stringMatching(/^ey/) as string,
      subject_token_type: ACCESS_TOKEN,
      resource: 'github',
      scope: 'repo gist',
      client_id: CLIENT.clientId,
      client_secret: CLIENT.secret,
    });
  });

  test('is asked for with every resource, audience and parameter of the settings', async () => {
    const { broker, exchange } = await setUp();
    const several = {
      resources: ['github', 'https://b'],
      audiences: ['one', 'two'],
      params: [['x', '1']] as const,
    };
    await rejection(exchange(several));
    const { form } = broker.exchanges[0] ?? {};
    expect(form?.getAll('resource')).toEqual(['github', 'https://b']);
    expect(form?.getAll('audience')).toEqual(['one', 'two']);
    expect(form?.get('x')).toBe('1');
    expect(form?.has('scope')).toBe(false);
  });
});

describe('a person who has not consented', () => {
  test.each(['json', 'problem'] as const)(
    'is sent to the page that the broker names, in %s',
    async (shape) => {
      const { broker, exchange } = await setUp();
      broker.quirks.shape = shape;
      expect(await exchange()).toEqual({
        kind: 'consent',
        page: `${broker.url}/connect/github?resource=github&return_url=${encodeURIComponent(`${broker.url}/connections`)}`,
        cause: 'consent_missing',
      });
    },
  );

  test('to enough is told so', async () => {
    const { broker, exchange } = await setUp();
    broker.consent('octocat', ['gist']);
    expect(await exchange({ scopes: ['repo'] })).toMatchObject({
      kind: 'consent',
      cause: 'scope_insufficient',
    });
  });

  test('at Keycloak is told of the account to link', async () => {
    const { broker } = await setUp();
    const keycloak = {
      endpoint: `${broker.realm}/protocol/openid-connect/token`,
      subjectToken: broker.subjectToken('octocat', { realm: true }),
      resources: [],
      params: [['requested_issuer', 'github']] as const,
      consentRules: CONSENT_RULES.keycloak,
    };
    const page = expect.stringContaining(`${broker.realm}/broker/github/link?`) as string;
    expect(await ask(keycloak)).toEqual({ kind: 'consent', page, cause: undefined });
    broker.consent('octocat');
    // Neither token_type nor scope, and an expires_in of 0.
    const outcome = await ask(keycloak);
    expect(outcome).toMatchObject({ kind: 'granted', grant: { scopes: [] } });
    expect(outcome).not.toHaveProperty('grant.expiresAt');
  });

  test.each(['opaque+subject/token=', 'eyJhbGciOiJub25lIn0.e30.c2ln'])(
    'is not sent to a page whose address has the subject token in it: %s',
    async (subjectToken) => {
      for (const text of [subjectToken, encodeURIComponent(subjectToken)]) {
        const answer = { error: 'consent_required', consent_url: `https://broker.example/allow?for=${text}` };
        expect(await answered(answer, { subjectToken }, 400)).toMatchObject({
          kind: 'consent',
          page: undefined,
        });
      }
    },
  );

  test('is noticed by a rule of the settings, wherever the address is', async () => {
    const rule = { status: 200, error: 'pending', pointer: '/links/0/a~1b~0c' };
    const answer = { status: 'pending', links: [{ 'a/b~c': 'https://broker.example/allow' }] };
    expect(await answered(answer, { consentRules: [rule] })).toEqual({
      kind: 'consent',
      page: 'https://broker.example/allow',
      cause: undefined,
    });
  });

  test.each([
    'javascript:alert(1)',
    'http://broker.example/consent',
    'https://user:password@broker.example/',
    '/connect/github',
    `https://broker.example/${'x'.repeat(5000)}`,
    17,
    undefined,
  ])('is not sent to %j', async (consent_url) => {
    const outcome = await answered({ error: 'consent_required', consent_url }, {}, 400);
    expect(outcome).toEqual({ kind: 'consent', page: undefined, cause: undefined });
  });

  test('is not sent to a page whose address is too long only once it is encoded', async () => {
    const consent_url = `https://broker.example/${'\u00e9'.repeat(1000)}`;
    const outcome = await answered({ error: 'consent_required', consent_url }, {}, 400);
    expect(outcome).toMatchObject({ kind: 'consent', page: undefined });
  });
});

describe('an answer that is unusual', () => {
  test.each([
    ['without issued_token_type', {}],
    ['with "bearer" in capitals', { token_type: 'BEARER' }],
    ['that is no access token by name', { token_type: 'N_A' }],
    ['without an end', { expires_in: null }],
    ['that ends at once, which means that nobody knows', { expires_in: 0 }],
    ['with a refresh token, which is not kept', { refresh_token: 'ghr_something' }],
  ])('%s is understood', async (_how, more) => {
    const outcome = await answered({ access_token: 'gho_abc', ...more }, { scopes: ['repo'] });
    if (outcome.kind !== 'granted') throw new Error(outcome.kind);
    const { accessToken, issuedAt: _now, ...rest } = outcome.grant;
    expect(accessToken.reveal()).toBe('gho_abc');
    expect(rest).toEqual({ scopes: ['repo'] });
  });

  test.each([
    ['by its type', { token_type: 'DPoP' }],
    ['by a confirmation', { cnf: { jkt: 'thumbprint' } }],
    ['by a claim of the token', { access_token: jwt({ cnf: { jkt: 'thumbprint' } }) }],
  ])('with a token that is bound to a key, %s, is refused', async (_how, more) => {
    const error = await rejection(answered({ access_token: 'gho_abcdefgh', token_type: 'Bearer', ...more }));
    expect(error).toMatchObject({
      code: 'token_bound_to_key',
      message: expect.stringMatching(/DPoP/) as string,
    });
    assertHarmless(error, ['gho_abcdefgh', jwt({ cnf: { jkt: 'thumbprint' } })]);
  });

  test.each([
    ['a token that nobody can use', { access_token: 'two words' }],
    ['a token of a kind that is not known', { access_token: 'abc', token_type: 'mac' }],
    ['neither a token nor an error', {}],
  ])('with %s is worth another try', async (_what, answer) => {
    expect(await rejection(answered(answer))).toBeInstanceOf(UnreachableError);
  });
});

describe('a refusal names the setting to look at', () => {
  test.each<[string, string, (world: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>]>([
    ['invalid_target', '--exchange-resource', ({ exchange }) => exchange({ resources: ['gitlab'] })],
    ['invalid_scope', '--exchange-scopes', ({ exchange }) => exchange({ scopes: ['admin'] })],
    [
      'invalid_grant',
      '--subject-token-file /run/token',
      ({ exchange }) => exchange({ subjectToken: 'forged' }),
    ],
    [
      'invalid_grant',
      'has expired',
      ({ exchange, broker }) => exchange({ subjectToken: broker.subjectToken('octocat', { lifetime: -1 }) }),
    ],
    ['invalid_client', '--exchange-client-id', ({ exchange }) => exchange({ prove: asNobody })],
    ['unauthorized_client', 'confidential', ({ exchange }) => exchange({ prove: asPublic })],
    ['invalid_request', '--subject-token-type', ({ exchange }) => exchange({ subjectTokenType: 'jwt' })],
    [
      'access_denied',
      'declined',
      ({ exchange, broker }) => {
        broker.decline('octocat');
        return exchange();
      },
    ],
    [
      'no_token_endpoint',
      '--exchange-token-endpoint',
      ({ exchange, broker }) => exchange({ endpoint: `${broker.url}/token` }),
    ],
  ])('%s: %s', async (code, words, refused) => {
    const world = await setUp();
    const error = await rejection(refused(world));
    expect(error).toBeInstanceOf(RefusedError);
    const { message, next } = error as RefusedError;
    expect(error).toMatchObject({ code });
    expect(`${message} ${next}`).toContain(words);
    assertHarmless(error, [...world.broker.secrets(), CLIENT.secret]);
  });

  test('of a client that its policy does not allow', async () => {
    const { broker, exchange } = await setUp({ allowedClients: { github: ['another'] } });
    broker.consent('octocat');
    expect(await rejection(exchange())).toMatchObject({ code: 'access_denied' });
  });

  test('with the words of the broker, on one line, and without what was sent', async () => {
    const token = 'header.payload.signature';
    const error_description = `no:\u001B[31m ${token}\nhere, nor ${'A'.repeat(60)}`;
    const error = await rejection(
      answered({ error: 'odd', error_description }, { subjectToken: token }, 400),
    );
    expect(String(error)).toBe(
      'RefusedError: broker.example refuses the exchange with "odd" (no: [31m [redacted] here, nor [redacted])',
    );
  });

  test.each<[string, ExchangeRequest['prove'], string]>([
    ['in the form', asClient, SECRET],
    ['in the header', asClientByHeader, BASIC],
  ])('without the secret of the client that was sent %s', async (_where, prove, sent) => {
    const error_description = `neither ${SECRET} nor ${sent}`;
    const shown = await rejection(answered({ error: 'invalid_client', error_description }, { prove }, 401));
    expect(String(shown)).toContain('(neither [redacted] nor [redacted])');
    const coded = await rejection(answered({ error: SECRET }, { prove }, 400));
    for (const error of [shown, coded]) assertHarmless(error, [SECRET]);
  });

  test('without a subject token that comes back as the error code', async () => {
    const subjectToken = 'opaque-token';
    const error = await rejection(answered({ error: subjectToken }, { subjectToken }, 400));
    expect(error).toBeInstanceOf(UnreachableError);
    assertHarmless(error, [subjectToken]);
  });

  test.each(['cut', 'busy'] as const)('but a broker that is %s may be asked again', async (fault) => {
    const { broker, exchange } = await setUp();
    broker.fault(fault, 1);
    expect(await rejection(exchange())).toBeInstanceOf(UnreachableError);
  });

  test('and so may one that says so itself', async () => {
    const error = await rejection(answered({ error: 'temporarily_unavailable' }, {}, 400));
    expect(error).toBeInstanceOf(UnreachableError);
  });
});

test('the broker notices two exchanges at once', async () => {
  const { broker, exchange } = await setUp({ upstreamMs: 50 });
  broker.consent('octocat');
  const outcomes = await Promise.all([exchange(), exchange()]);
  expect(outcomes.map(({ kind }) => kind)).toContain('consent');
  expect(broker.overlaps()).toBe(1);
});

const SECRET = 's3cret/short';
const BASIC = Buffer.from(`me:${SECRET}`).toString('base64');

function asClient(form: URLSearchParams): Promise<void> {
  form.set('client_id', 'me');
  form.set('client_secret', SECRET);
  return Promise.resolve();
}

function asClientByHeader(_form: URLSearchParams, headers: Record<string, string>): Promise<void> {
  headers['authorization'] = `Basic ${BASIC}`;
  return Promise.resolve();
}

const asNobody: ExchangeRequest['prove'] = (form) => {
  form.set('client_id', CLIENT.clientId);
  form.set('client_secret', 'wrong');
  return Promise.resolve();
};

const asPublic: ExchangeRequest['prove'] = (form) => {
  form.set('client_id', PUBLIC_CLIENT_ID);
  return Promise.resolve();
};

function jwt(claims: object): string {
  return [{ alg: 'none' }, claims, {}]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}
