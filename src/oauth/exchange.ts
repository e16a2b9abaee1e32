// Token exchange (RFC 8693): one token for another, at a broker. Strict in what is sent, lenient in what is understood.
// Not for: where the subject token comes from, or waiting for a person's consent (auth/exchange-*.ts).
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Http } from '../net/http.ts';
import { asObject } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { parseTokenGrant } from '../net/token-grant.ts';
import { askEndpoint } from './client.ts';
import type { ProveClient } from './client-auth.ts';
import { claimsOf } from './exchange-claims.ts';
import type { Consent, ConsentRule } from './exchange-consent.ts';
import { consentIn } from './exchange-consent.ts';
import { SHORTEST } from './echo.ts';
import type { ExchangeContext } from './exchange-refusal.ts';
import { exchangeRefusal } from './exchange-refusal.ts';

export interface ExchangeRequest extends Omit<ExchangeContext, 'secret'> {
  readonly endpoint: string;
  readonly prove: ProveClient;
  readonly subjectToken: Secret;
  /** A URI, such as `urn:ietf:params:oauth:token-type:access_token`. */
  readonly subjectTokenType: string;
  /** URIs by the specification; names in practice. */
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  /** Whatever else the broker wants, such as `requested_issuer`. */
  readonly params: readonly (readonly [name: string, value: string])[];
  readonly consentRules: readonly ConsentRule[];
}

export type ExchangeOutcome =
  { readonly kind: 'granted'; readonly grant: TokenGrant } | ({ readonly kind: 'consent' } & Consent);

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/**
 * Asks once.
 * @throws {RefusedError} what was sent will not be accepted; the message names the setting
 * @throws {UnreachableError} no answer, 429, 5xx, or nonsense
 * @throws the signal's reason
 */
export async function exchangeToken(
  request: ExchangeRequest,
  http: Http,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  const { endpoint, prove } = request;
  const { status, data } = await askEndpoint({ prove, http }, endpoint, formOf(request), signal);
  const fields = asObject(data);
  const consent = fields && consentIn(status, fields, request.consentRules);
  if (consent) return { kind: 'consent', ...consent, page: harmless(consent.page, request.subjectToken) };
  if (status >= 400 || fields?.['access_token'] === undefined)
    throw exchangeRefusal({ ...request, secret: request.subjectToken }, status, fields);
  return { kind: 'granted', grant: grantIn(fields, request, http) };
}

/** The page, unless whoever is shown it could use the subject token in it: a page is shown to a model as well. */
function harmless(page: string | undefined, subjectToken: Secret): string | undefined {
  const token = subjectToken.reveal();
  const isIn =
    token.length >= SHORTEST && [token, encodeURIComponent(token)].some((text) => page?.includes(text));
  return isIn ? undefined : page;
}

/** RFC 8693, section 2.1. */
function formOf(request: ExchangeRequest): URLSearchParams {
  const { subjectToken, subjectTokenType, resources, audiences, scopes, params } = request;
  const form = new URLSearchParams({
    grant_type: GRANT_TYPE,
    subject_token: subjectToken.reveal(),
    subject_token_type: subjectTokenType,
  });
  for (const resource of resources) form.append('resource', resource);
  for (const audience of audiences) form.append('audience', audience);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  for (const [name, value] of params) form.append(name, value);
  return form;
}

/**
 * Section 2.2.1, and what brokers make of it: `issued_token_type` may be missing, `token_type` as well, or be `N_A`. A
 * refresh token is passed over: a new exchange also shows whether the person still consents.
 */
function grantIn(
  fields: Readonly<Record<string, unknown>>,
  { label, scopes }: ExchangeRequest,
  { clock, setting }: Http,
): TokenGrant {
  const { token_type: type, refresh_token: _unused, ...rest } = fields;
  const name = typeof type === 'string' ? type.toLowerCase() : undefined;
  if (name === 'dpop' || asObject(fields['cnf'])) throw boundToKey(label);
  const isPlain = type === undefined || type === null || name === 'n_a' || name === '';
  const grant = parseTokenGrant(isPlain ? rest : { ...rest, token_type: type }, clock.now(), {
    label,
    setting,
  });
  if (claimsOf(grant.accessToken)?.isBound) throw boundToKey(label);
  return { ...grant, scopes: grant.scopes ?? scopes };
}

/** RFC 9449: the MCP server would have to sign each request with a key that only we have. */
function boundToKey(label: string): RefusedError {
  return new RefusedError(
    'token_bound_to_key',
    `${label} gives a token that is bound to a key (DPoP), which an MCP server that reads a token from its environment cannot use`,
    { next: 'Have the client registered there for plain bearer tokens (--exchange-client-id).' },
  );
}
