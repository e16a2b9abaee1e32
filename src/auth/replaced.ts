// Tokens that nobody will use any more are taken out of service, so that they do not multiply at the server.
// Not for: a logout, which tells a person what could not be revoked (logout.ts).
import type { Audit } from '../base/audit.ts';
import type { Log } from '../base/log.ts';
import type { Revocation } from '../net/revocation.ts';
import type { LoginServer } from './login-server.ts';
import type { Credential } from './token-source.ts';
import { hasExpired } from './token-source.ts';

export interface RevokeParts {
  readonly server: LoginServer;
  readonly log: Log;
  readonly audit: Audit;
}

/**
 * Revokes both tokens of a credential and notes it.
 * @throws the signal's reason; nothing else
 */
export async function revoke(
  credential: Credential,
  parts: RevokeParts,
  signal: AbortSignal = new AbortController().signal,
): Promise<Revocation> {
  const outcome = await parts.server.revoke(credential, signal);
  const { login, accessToken: token } = credential;
  if (outcome.kind === 'revoked') parts.audit.note({ event: 'revocation', login, token });
  return outcome;
}

/** The same for a credential that is not in use: where it cannot be revoked, it ends by itself. Never rejects. */
export async function revokeReplaced(credential: Credential, parts: RevokeParts): Promise<void> {
  const outcome = await revoke(credential, parts);
  if (outcome.kind === 'unrevoked') {
    parts.log.info(`a token that was replaced could not be revoked and ends by itself: ${outcome.why}`);
  }
}

/** Whether there is anything in it that a server would accept, as far as its times tell. */
export function isAlive(credential: Credential, now: number): boolean {
  return credential.refreshToken !== undefined || !hasExpired(credential, now);
}
