// Takes tokens out of service at GitHub, as far as the host lets this program do so (FACTS, Revoke and check).
// Not for: which tokens those are, or forgetting them here (auth/logout.ts, auth/replaced.ts).
import { UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Http, JsonRequest } from '../net/http.ts';
import { requestJson } from '../net/http.ts';
import type { Revocation } from '../net/revocation.ts';
import { unrevoked } from '../net/revocation.ts';
import type { GithubHost } from './hosts.ts';

/** What one login brought. */
export interface TokenPair {
  readonly accessToken: Secret;
  readonly refreshToken?: Secret;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
}

export interface RevokeOptions {
  readonly host: GithubHost;
  readonly clientId: string;
  /** Of that app: hosts other than github.com ask for it. */
  readonly clientSecret: Secret | undefined;
  readonly http: Http;
  readonly signal: AbortSignal;
}

const REVOKED: Revocation = { kind: 'revoked' };

/**
 * Revokes both tokens of a pair. A pair that GitHub does not know any more counts as revoked.
 *
 * github.com takes any credential from anybody (`POST /credentials/revoke`), and writes to its owner that it did so.
 * Elsewhere only the app itself may (`DELETE /applications/{client_id}/token`).
 * @throws the signal's reason; nothing else
 */
export async function revokeTokens(pair: TokenPair, options: RevokeOptions): Promise<Revocation> {
  const { host, clientSecret, http, signal } = options;
  try {
    if (host.kind === 'github.com') {
      const request = postCredentials(host, pair);
      const { status } = await requestJson(http, request, signal);
      return status >= 400 ? unrevoked(`${host.label} refused to (HTTP ${status})`) : REVOKED;
    }
    if (!clientSecret) {
      return unrevoked(
        `${host.label} lets an app revoke its tokens only with its client secret (GITHUB_OAUTH_CLIENT_SECRET)`,
      );
    }
    const request = deleteToken(options, clientSecret, pair.accessToken);
    return judgeDeletion((await requestJson(http, request, signal)).status, pair, options);
  } catch (error) {
    if (error instanceof UnreachableError) return unrevoked(error.message);
    throw error;
  }
}

function judgeDeletion(status: number, pair: TokenPair, { host, http }: RevokeOptions): Revocation {
  if (status < 400) return REVOKED;
  if (status === 401) return unrevoked(`${host.label} does not accept the client secret (HTTP 401)`);
  if (status !== 404) return unrevoked(`${host.label} refused to (HTTP ${status})`);
  const isExpired = pair.expiresAt !== undefined && pair.expiresAt <= http.clock.now();
  return isExpired && pair.refreshToken
    ? unrevoked('the token has expired, and what renews it is revoked only together with one that works')
    : REVOKED;
}

/**
 * Where a person withdraws what they allowed, by hand.
 * https://docs.github.com/apps/using-github-apps/reviewing-and-revoking-authorization-of-github-apps
 * @param isGithubApp whether the token is a GitHub App's; OAuth Apps have a page of their own
 */
export function authorizationsPage(host: GithubHost, isGithubApp: boolean): string {
  return `${host.loginUrl}/settings/${isGithubApp ? 'apps/authorizations' : 'applications'}`;
}

/** https://docs.github.com/rest/credentials/revoke: whoever authenticates is turned away with a 403. */
function postCredentials(host: GithubHost, { accessToken, refreshToken }: TokenPair): JsonRequest {
  const credentials = [accessToken, ...(refreshToken ? [refreshToken] : [])].map((token) => token.reveal());
  return {
    method: 'POST',
    url: `${host.apiUrl}/credentials/revoke`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ credentials }),
  };
}

/** https://docs.github.com/rest/apps/oauth-applications#delete-an-app-token */
function deleteToken({ host, clientId }: RevokeOptions, clientSecret: Secret, token: Secret): JsonRequest {
  const basic = Buffer.from(`${clientId}:${clientSecret.reveal()}`).toString('base64');
  return {
    method: 'DELETE',
    url: `${host.apiUrl}/applications/${encodeURIComponent(clientId)}/token`,
    headers: { 'content-type': 'application/json', authorization: `Basic ${basic}` },
    body: JSON.stringify({ access_token: token.reveal() }),
  };
}
