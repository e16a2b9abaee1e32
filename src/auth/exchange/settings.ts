// What `--auth exchange` is told, checked as a whole before anything is asked: each error names the setting to change.
// Not for: reading the command line (cli/), or the secrets that settings point to (secret-source.ts).
import { UsageError } from '../../base/errors.ts';
import type { ConsentRule } from '../../oauth/exchange-consent.ts';
import { CONSENT_RULES } from '../../oauth/exchange-consent.ts';
import { isSafe, parseUrl } from '../../net/web-address.ts';
import { clientOf } from './client-settings.ts';
import type { ExchangeClient } from './client-settings.ts';
import type { ExchangeTexts } from './options.ts';
import { listOf, oneOf, setting, textOf } from './options.ts';
import { subjectOf } from './subject-token-settings.ts';
import type { SubjectSettings } from './subject-token-settings.ts';

export type ExchangePreset = 'authplane' | 'keycloak';

export interface ExchangeSettings {
  /** Where the token endpoint is looked up (RFC 8414); one of the two is there. */
  readonly issuer: string | undefined;
  readonly tokenEndpoint: string | undefined;
  readonly client: ExchangeClient;
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly preset: ExchangePreset | undefined;
  readonly consentRules: readonly ConsentRule[];
  readonly subject: SubjectSettings;
}

/** @throws {UsageError} something is missing, wrong, or said twice */
export function parseExchangeSettings(texts: ExchangeTexts, env: NodeJS.ProcessEnv): ExchangeSettings {
  const issuer = addressOf(texts, 'exchange-issuer');
  const tokenEndpoint = addressOf(texts, 'exchange-token-endpoint');
  if (issuer === undefined && tokenEndpoint === undefined)
    throw new UsageError('it is not said where tokens are exchanged', {
      next: `Give ${setting('exchange-issuer')}, or ${setting('exchange-token-endpoint')} for a broker without discovery.`,
    });
  const preset = oneOf(texts, 'exchange-preset', ['authplane', 'keycloak']);
  const params = listOf(texts, 'exchange-param').map(paramOf);
  const resources = listOf(texts, 'exchange-resource').flatMap(words);
  const audiences = listOf(texts, 'exchange-audience').flatMap(words);
  const client = clientOf(texts, env);
  if (preset === 'authplane' && client.auth === 'none')
    throw new UsageError('AuthPlane exchanges tokens for confidential clients only', {
      next: 'Leave --exchange-client-auth none out, and give the client its secret or key.',
    });
  requireTarget(preset, { resources, audiences, params });
  return {
    issuer,
    tokenEndpoint,
    client,
    resources,
    audiences,
    scopes: words(textOf(texts, 'exchange-scopes') ?? ''),
    params,
    preset,
    consentRules: [...ruleOf(texts), ...CONSENT_RULES[preset ?? 'authplane']],
    subject: subjectOf(texts, issuer !== undefined),
  };
}

function addressOf(
  texts: ExchangeTexts,
  option: 'exchange-issuer' | 'exchange-token-endpoint',
): string | undefined {
  const text = textOf(texts, option);
  if (text === undefined) return undefined;
  const url = parseUrl(text);
  const isPlain = url && isSafe(url) && url.username + url.password + url.hash === '';
  if (!isPlain || (option === 'exchange-issuer' && url.search !== ''))
    throw new UsageError(`${setting(option)} is not an address that tokens may be sent to`, {
      next: 'Give an https URL; http is for loopback addresses only. A user name or a password does not belong into it.',
    });
  return text;
}

function requireTarget(
  preset: ExchangePreset | undefined,
  { resources, audiences, params }: Pick<ExchangeSettings, 'resources' | 'audiences' | 'params'>,
): void {
  const isNamed = params.some(([name]) => name === 'requested_issuer');
  if (
    preset === 'keycloak'
      ? isNamed || audiences.length > 0
      : isNamed || resources.length + audiences.length > 0
  )
    return;
  throw new UsageError('it is not said what the token is to be for', {
    next:
      preset === 'keycloak'
        ? 'Give the alias of the identity provider: --exchange-param requested_issuer=ALIAS.'
        : `Give ${setting('exchange-resource')} or ${setting('exchange-audience')}; at AuthPlane it is the resource's slug, such as github.`,
  });
}

/** What is sent anyway, and by which setting. */
const RESERVED: Readonly<Record<string, string>> = {
  grant_type: 'It is what token exchange is.',
  client_id: 'Use --exchange-client-id.',
  client_secret: 'Use --exchange-client-secret-file.',
  client_assertion: 'Use --exchange-client-key-file.',
  client_assertion_type: 'Use --exchange-client-key-file.',
  subject_token: 'Use --subject-token-file, --subject-token-env or --subject-token-command.',
  subject_token_type: 'Use --subject-token-type.',
  resource: 'Use --exchange-resource.',
  audience: 'Use --exchange-audience.',
  scope: 'Use --exchange-scopes.',
};

function paramOf(text: string): readonly [string, string] {
  const [, name = '', value = ''] = /^([\w.-]+)=(.*)$/s.exec(text) ?? [];
  // The text is not repeated: it may hold a token.
  if (name === '') throw new UsageError(`${setting('exchange-param')} is given as NAME=VALUE`);
  const instead = RESERVED[name];
  if (instead !== undefined) throw new UsageError(`--exchange-param cannot set ${name}`, { next: instead });
  return [name, value];
}

function ruleOf(texts: ExchangeTexts): readonly ConsentRule[] {
  const text = textOf(texts, 'exchange-consent-rule');
  if (text === undefined) return [];
  const [, status, error, pointer] = /^(2\d\d|4\d\d)\s+(\S+)\s+(\/\S*)$/.exec(text.trim()) ?? [];
  if (status === undefined || error === undefined || pointer === undefined)
    throw new UsageError(`${setting('exchange-consent-rule')} is "STATUS ERROR POINTER"`, {
      next: 'For example "400 consent_required /consent_url": the HTTP status, the value of "error" (or "status"), and where the address of the page is, as a JSON pointer.',
    });
  return [{ status: Number(status), error, pointer }];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}
