// The answer of a token endpoint, whatever it was asked with: a token that can be used, or why there is none.
// Not for: waiting for a person (device-flow.ts), or what a token exchange answers (exchange.ts).
import { RefusedError, UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { JsonAnswer } from '../net/http.ts';
import { asObject } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { parseTokenGrant } from '../net/token-grant.ts';
import type { OauthClient } from './client.ts';
import type { Asked } from './refusal.ts';
import { isFinal, refusal } from './refusal.ts';

/**
 * @param sent what was sent and is secret
 * @throws {RefusedError} it will never be given, or is of no use to a server that reads it from its environment
 * @throws {UnreachableError} neither a token nor an error whose meaning is known: worth another try
 */
export function grantIn(
  { status, data }: JsonAnswer,
  asked: Asked,
  client: OauthClient,
  ...sent: readonly Secret[]
): TokenGrant {
  const fields = asObject(data);
  if (fields?.['access_token'] !== undefined) return grantOf(fields, client);
  if (isFinal(fields?.['error']))
    throw refusal(client, asked, fields?.['error'], fields?.['error_description'], ...sent);
  throw new UnreachableError(
    `${client.server.label} gave no usable answer to the question for a token (HTTP ${status})`,
    { next: `Try again; if it stays so, check ${client.names.issuer}.` },
  );
}

/** @throws {RefusedError} the token is bound to a key, or of a type that nobody here knows */
export function grantOf(
  fields: Readonly<Record<string, unknown>>,
  { server: { label }, http, names }: OauthClient,
): TokenGrant {
  const type = fields['token_type'];
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer')
    throw notBearer(label, type, names.clientId);
  return parseTokenGrant(fields, http.clock.now(), { label, setting: http.setting });
}

/** RFC 9449 and its like: the MCP server would have to sign each request with a key that only we have. */
function notBearer(label: string, type: string, setting: string): RefusedError {
  const name = /^[\w.+-]{1,32}$/.test(type) ? type : 'another type';
  return new RefusedError(
    'unusable_token_type',
    `${label} gives tokens that are bound to a key (${name}), which an MCP server that reads its token from the environment cannot use`,
    { next: `Have the client (${setting}) registered there for plain bearer tokens.` },
  );
}
