// The settings of `--auth exchange`: what they come to, and that each error names the setting to change.
import { describe, expect, test } from 'vitest';
import type { ExchangeTexts } from '../../../src/auth/exchange/options.ts';
import { parseExchangeSettings } from '../../../src/auth/exchange/settings.ts';
import { UsageError } from '../../../src/base/errors.ts';

const SECRET = 'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET';

/** The least that works: a public client that persons use to log in at its issuer. */
const LEAST: ExchangeTexts = {
  'exchange-issuer': ['https://auth.example'],
  'exchange-client-id': ['proxy'],
  'exchange-client-auth': ['none'],
  'exchange-resource': ['github'],
};

const parse = (texts: ExchangeTexts, env: Record<string, string> = {}) =>
  parseExchangeSettings({ ...LEAST, ...texts }, env);

test('the least that is needed means a login at the issuer', () => {
  expect(parse({})).toMatchObject({
    issuer: 'https://auth.example',
    tokenEndpoint: undefined,
    client: { auth: 'none', clientId: 'proxy' },
    resources: ['github'],
    subject: { kind: 'login', scopes: [], type: 'urn:ietf:params:oauth:token-type:access_token' },
    consentRules: [{ status: 400, error: 'consent_required', pointer: '/consent_url' }],
  });
});

test('everything that can be said is understood', () => {
  const settings = parse({
    'exchange-token-endpoint': ['http://127.0.0.1:8080/oauth/token'],
    'exchange-client-auth': [],
    'exchange-client-secret-file': ['/run/secret'],
    'exchange-resource': ['github', 'https://api.example/'],
    'exchange-audience': ['one two'],
    'exchange-scopes': ['repo  read:user'],
    'exchange-param': ['actor_token_type=urn:x', 'empty='],
    'exchange-consent-rule': ['401 connect /links/0'],
    'subject-token-command': ['gcloud auth print-identity-token'],
    'subject-token-type': ['id_token'],
  });
  expect(settings).toEqual({
    issuer: 'https://auth.example',
    tokenEndpoint: 'http://127.0.0.1:8080/oauth/token',
    client: {
      auth: 'post',
      clientId: 'proxy',
      secret: { source: { kind: 'file', path: '/run/secret' }, what: '--exchange-client-secret-file' },
    },
    resources: ['github', 'https://api.example/'],
    audiences: ['one', 'two'],
    scopes: ['repo', 'read:user'],
    params: [
      ['actor_token_type', 'urn:x'],
      ['empty', ''],
    ],
    preset: undefined,
    consentRules: [
      { status: 401, error: 'connect', pointer: '/links/0' },
      { status: 400, error: 'consent_required', pointer: '/consent_url' },
    ],
    subject: {
      kind: 'given',
      source: { kind: 'command', command: 'gcloud auth print-identity-token' },
      what: '--subject-token-command',
      type: 'urn:ietf:params:oauth:token-type:id_token',
    },
  });
});

test('a secret in the environment is read when it is needed, and a key means private-key-jwt', () => {
  const client = parse({ 'exchange-client-auth': ['basic'] }, { [SECRET]: 'hunter2hunter2' });
  expect(client).toMatchObject({
    client: { auth: 'basic', secret: { source: { kind: 'env', name: SECRET } } },
  });
  expect(JSON.stringify(client)).not.toContain('hunter2');
  expect(parse({ 'exchange-client-auth': [], 'exchange-client-key-file': ['k.pem'] })).toMatchObject({
    client: { auth: 'private-key-jwt', key: { source: { kind: 'file', path: 'k.pem' } } },
  });
});

test('the presets know how Keycloak and AuthPlane say that consent is missing', () => {
  const keycloak = parse({
    'exchange-preset': ['keycloak'],
    'exchange-resource': [],
    'exchange-param': ['requested_issuer=github'],
  });
  expect(keycloak.consentRules).toEqual([
    { status: 400, error: 'not_linked', pointer: '/account-link-url' },
    { status: 400, error: 'token_expired', pointer: '/account-link-url' },
  ]);
});

describe('an error names the setting', () => {
  const withSecret = { [SECRET]: 'hunter2hunter2' };
  test.each<[string, ExchangeTexts, Record<string, string>?]>([
    ['--exchange-issuer', { 'exchange-issuer': [] }],
    ['--exchange-issuer (GH_MCP_PROXY_EXCHANGE_ISSUER)', { 'exchange-issuer': ['http://auth.example'] }],
    ['--exchange-issuer', { 'exchange-issuer': ['https://me:hunter2@auth.example'] }],
    ['--exchange-issuer', { 'exchange-issuer': ['auth.example'] }],
    ['--exchange-token-endpoint', { 'exchange-token-endpoint': ['ftp://auth.example/token'] }],
    ['--exchange-client-id', { 'exchange-client-id': [] }],
    ['--exchange-client-auth', { 'exchange-client-auth': ['mtls'] }],
    ['--exchange-client-secret-file', { 'exchange-client-auth': [] }],
    [SECRET, { 'exchange-client-auth': [] }],
    [SECRET, {}, withSecret],
    [`${SECRET} or --exchange-client-secret-file`, secretFile('post'), withSecret],
    ['--exchange-client-key-file', { 'exchange-client-auth': ['private-key-jwt'] }],
    ['--exchange-client-auth', { 'exchange-client-auth': ['post'], 'exchange-client-key-file': ['k.pem'] }],
    [
      '--exchange-client-secret-file',
      { ...secretFile('private-key-jwt'), 'exchange-client-key-file': ['k.pem'] },
    ],
    ['--exchange-client-auth none', { 'exchange-preset': ['authplane'] }],
    ['--exchange-preset', { 'exchange-preset': ['okta'] }],
    ['--exchange-resource', { 'exchange-resource': [] }],
    ['requested_issuer=ALIAS', { 'exchange-preset': ['keycloak'] }],
    ['--exchange-param', { 'exchange-param': ['hunter2'] }],
    ['--exchange-resource', { 'exchange-param': ['resource=hunter2'] }],
    ['--subject-token-file', { 'exchange-param': ['subject_token=hunter2'] }],
    ['--exchange-consent-rule', { 'exchange-consent-rule': ['consent_required'] }],
    ['--exchange-consent-rule', { 'exchange-consent-rule': ['503 consent_required /url'] }],
    [
      '--subject-token-file, --subject-token-env',
      { 'subject-token-file': ['/run/t'], 'subject-token-env': ['TOKEN'] },
    ],
    ['--subject-token-env', { 'subject-token-env': ['hunter2-hunter2'] }],
    ['--subject-token-type', { 'subject-token-type': ['bearer'] }],
    ['--subject-scopes', { 'subject-scopes': ['openid'], 'subject-token-file': ['/run/t'] }],
    ['--subject-token-file', { 'exchange-issuer': [], 'exchange-token-endpoint': ['https://a.example/t'] }],
  ])('%s: %j', (name, texts, env = {}) => {
    const error = thrownBy(() => parse(texts, env));
    expect(`${error.message} ${error.next}`).toContain(name);
    expect(`${error.message} ${error.next}`).not.toContain('hunter2');
  });
});

function secretFile(auth: string): ExchangeTexts {
  return { 'exchange-client-auth': [auth], 'exchange-client-secret-file': ['/run/secret'] };
}

function thrownBy(work: () => unknown): UsageError {
  try {
    work();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
