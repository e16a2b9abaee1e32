// Takes tokens out of service at any server (RFC 7009). Not for: which tokens those are (auth/logout.ts, auth/replaced.ts).
import { UnreachableError, UserError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { asObject } from '../net/http.ts';
import type { Revocation } from '../net/revocation.ts';
import { unrevoked } from '../net/revocation.ts';
import type { OauthClient } from './client.ts';
import { askEndpoint } from './client.ts';

export interface TokenPair {
  readonly accessToken: Secret;
  readonly refreshToken?: Secret;
}

const REVOKED: Revocation = { kind: 'revoked' };

/**
 * Revokes both tokens of a pair, the refresh token first: with it go, at most servers, all that came of it (section 2.1).
 * One that the server does not know any more counts as revoked (section 2.2).
 * @throws the signal's reason; nothing else
 */
export async function revokeTokens(
  { accessToken, refreshToken }: TokenPair,
  client: OauthClient,
  signal: AbortSignal,
): Promise<Revocation> {
  const { label, metadata } = client.server;
  const endpoint = metadata.revocation_endpoint;
  if (endpoint === undefined) return unrevoked(`${label} offers no way to (it has no revocation endpoint)`);
  if (refreshToken) {
    const outcome = await revoke(endpoint, refreshToken, 'refresh_token', client, signal);
    if (outcome.kind === 'unrevoked') return outcome;
  }
  return revoke(endpoint, accessToken, 'access_token', client, signal);
}

/** The same at a server that has to be looked up first: where that fails, nothing is revoked. */
export async function revokeAt(
  client: (signal: AbortSignal) => Promise<OauthClient>,
  tokens: TokenPair,
  signal: AbortSignal,
): Promise<Revocation> {
  try {
    return await revokeTokens(tokens, await client(signal), signal);
  } catch (error) {
    if (signal.aborted || !(error instanceof UserError)) throw error;
    return unrevoked(error.message);
  }
}

async function revoke(
  endpoint: string,
  token: Secret,
  hint: 'access_token' | 'refresh_token',
  client: OauthClient,
  signal: AbortSignal,
): Promise<Revocation> {
  const { label } = client.server;
  const form = new URLSearchParams({ token: token.reveal(), token_type_hint: hint });
  try {
    const { status, data } = await askEndpoint(client, endpoint, form, signal, {
      isStatusEnough: true,
    });
    if (status < 400) return REVOKED;
    const isUnsupported = asObject(data)?.['error'] === 'unsupported_token_type';
    return unrevoked(
      isUnsupported
        ? `${label} does not revoke access tokens, so this one works until it expires`
        : `${label} refused to (HTTP ${status})`,
    );
  } catch (error) {
    if (signal.aborted || !(error instanceof UnreachableError)) throw error;
    return unrevoked(error.message);
  }
}
