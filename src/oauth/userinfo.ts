// Whose token it is, where the server tells (OpenID Connect Core, section 5.3).
// Not for: what the token may do, or whether the service that it is for accepts it.
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { asObject, requestJson } from '../net/http.ts';
import type { OauthClient } from './client.ts';

/** The first of these that is there names the account. */
const CLAIMS = ['preferred_username', 'nickname', 'email', 'sub'] as const;

/** Names are shown to people and models: nothing but visible ASCII, and not much of it. */
const NAME = /^[\x21-\x7e]{1,100}$/;

/**
 * The account's name; `undefined` where the server has no such endpoint or does not tell with this token. A 401 or a 403
 * says nothing about a new token: it may lack the scope `openid`, or be for another service.
 * @param was the name that was told before with this token: then a 401 says that it has ended
 * @throws {RefusedError} `bad_credentials`: it has ended
 * @throws {UnreachableError} not known just now
 */
export async function fetchAccount(
  { server, http }: Pick<OauthClient, 'server' | 'http'>,
  token: Secret,
  signal: AbortSignal,
  was?: string,
): Promise<string | undefined> {
  const url = server.metadata.userinfo_endpoint;
  if (url === undefined) return undefined;
  const headers = { authorization: `Bearer ${token.reveal()}` };
  // A client may be registered for claims that are signed (section 5.3.2): no JSON, and no name.
  const request = { method: 'GET', url, headers, isStatusEnough: true } as const;
  const { status, data } = await requestJson(http, request, signal);
  if (status === 401 && was !== undefined)
    throw new RefusedError('bad_credentials', `${server.label} does not accept the token (HTTP 401)`, {
      next: 'Call auth_login to log in again.',
    });
  if (status !== 200) return undefined;
  const claims = asObject(data);
  return CLAIMS.map((claim) => claims?.[claim]).find(
    (value): value is string => typeof value === 'string' && NAME.test(value),
  );
}
