// A new user token for a refresh token (RFC 6749, section 6).
// Not for: whether and when to refresh, or which refresh token is the newest (auth/renewal.ts). Needs no octokit.
import { asUnreachable, UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { isKnownRefusal, refusal } from './oauth-refusal.ts';
import type { TokenEndpoint } from './token-endpoint.ts';
import { requestToken } from './token-endpoint.ts';

export interface RefreshOptions extends TokenEndpoint {
  readonly clientId: string;
  /** Asked for where the token came by the browser flow, and not where it came by the device flow. */
  readonly clientSecret?: Secret | undefined;
  readonly refreshToken: Secret;
}

/**
 * Spends a refresh token. GitHub takes each one once, and kills the old access token at that moment: whoever calls
 * this must keep the answer. An answer without a refresh token leaves the old one as it was.
 * @throws {RefusedError} the refresh token will never be accepted, or the app's settings do not allow it
 * @throws {UnreachableError} network, 429, 5xx or nonsense, or the client did not prove itself: the token may
 *   still be good
 */
export async function refreshUserToken(options: RefreshOptions): Promise<TokenGrant> {
  const { host, clientId, clientSecret, refreshToken } = options;
  const answer = await requestToken(options, {
    client_id: clientId,
    ...(clientSecret && { client_secret: clientSecret.reveal() }),
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
  });
  if (answer.kind === 'granted') return answer.grant;
  const { status, error } = answer;
  // Codes that nobody here knows may pass (`server_error`, for one): only known ones end a session.
  if (isKnownRefusal(error)) {
    const refused = refusal({ host, clientId, withSecret: clientSecret !== undefined }, error);
    // A secret that is missing or wrong is a setting of this very process, and says nothing about the token.
    throw error === 'incorrect_client_credentials' ? asUnreachable(refused) : refused;
  }
  throw new UnreachableError(`${host.label} gave no usable answer to a refresh (HTTP ${status})`, {
    next: 'Check --gh-host (GITHUB_HOST) and try again.',
  });
}
