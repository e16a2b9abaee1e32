// A new token for a refresh token, at any server (RFC 6749, section 6).
// Not for: whether and when to refresh, or which refresh token is the newest (auth/renewal.ts).
import { asUnreachable, RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { OauthClient } from './client.ts';
import { askEndpoint } from './client.ts';
import { endpointOf } from './discovery.ts';
import { grantIn } from './token-answer.ts';

/**
 * Spends a refresh token. A server that rotates takes each one once, and may end the whole login when it sees one twice:
 * whoever calls this must keep the answer. An answer without a refresh token leaves the old one as it was.
 * @throws {RefusedError} the refresh token will never be accepted, or the client's registration does not allow it
 * @throws {UnreachableError} network, 429, 5xx or nonsense: the token may still be good; so it may where the client did not
 *   prove itself (section 5.2, `invalid_client`), for its secret is a setting of this very process, and where the metadata
 *   of this moment has no endpoint
 */
export async function refreshToken(
  client: OauthClient,
  token: Secret,
  signal: AbortSignal,
): Promise<TokenGrant> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token.reveal() });
  try {
    const endpoint = endpointOf(client.server, 'token_endpoint', 'to renew a token');
    return grantIn(await askEndpoint(client, endpoint, form, signal), 'refresh', client, token);
  } catch (error) {
    throw error instanceof RefusedError && NOT_ABOUT_TOKEN.has(error.code) ? asUnreachable(error) : error;
  }
}

const NOT_ABOUT_TOKEN: ReadonlySet<string> = new Set(['invalid_client', 'unsupported_by_server']);
