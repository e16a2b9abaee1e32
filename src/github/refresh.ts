// A new user token for a refresh token (RFC 6749, section 6). No client secret: tokens from device flow need none.
// Not for: whether and when to refresh, or which refresh token is the newest (auth/device.ts). Needs no octokit.
import { UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { GithubHost } from './hosts.ts';
import type { Http } from './http.ts';
import { asObject, requestJson } from './http.ts';
import { isKnownRefusal, refusal } from './oauth-refusal.ts';
import type { TokenGrant } from './token-grant.ts';
import { parseTokenGrant } from './token-grant.ts';

export interface RefreshOptions {
  readonly host: GithubHost;
  readonly clientId: string;
  readonly refreshToken: Secret;
  readonly http: Http;
  readonly signal: AbortSignal;
}

/**
 * Spends a refresh token. GitHub takes each one once, and kills the old access token at that moment: whoever calls
 * this must keep the answer. An answer without a refresh token leaves the old one as it was.
 * @throws {RefusedError} the refresh token will never be accepted, or the app's settings do not allow it
 * @throws {UnreachableError} network, 429, 5xx or nonsense: the token may still be good
 */
export async function refreshUserToken(options: RefreshOptions): Promise<TokenGrant> {
  const { host, clientId, refreshToken, http, signal } = options;
  const body = new URLSearchParams({
    client_id: clientId,
    grant_type: 'refresh_token',
    refresh_token: refreshToken.reveal(),
  });
  const answer = await requestJson(
    http,
    {
      method: 'POST',
      url: `${host.loginUrl}/login/oauth/access_token`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: body.toString(),
    },
    signal,
  );
  const fields = asObject(answer.data);
  if (fields?.access_token !== undefined) return parseTokenGrant(fields, http.clock.now(), host.label);
  // Codes that nobody here knows may pass (`server_error`, for one): only known ones end a session.
  if (isKnownRefusal(fields?.error)) throw refusal({ host, clientId }, fields?.error);
  throw new UnreachableError(`${host.label} gave no usable answer to a refresh (HTTP ${answer.status})`, {
    next: 'Check --gh-host (GITHUB_HOST) and try again.',
  });
}
