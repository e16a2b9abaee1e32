// Whether a stored token is worth handing out as it is. Not for: a session's schedule, which also looks at what is going
// on (session/rotation.ts).
import type { Credential } from '../auth/token-source.ts';
import { renewalLead } from '../auth/token-source.ts';

/** Whether so little of its life is left that a session would renew it. */
export function isDue({ issuedAt, expiresAt }: Credential, now: number): boolean {
  if (expiresAt === undefined) return false;
  return now >= expiresAt - renewalLead(issuedAt, expiresAt);
}

/** Whether the time of what renews it is over. */
export function isSpent({ refreshTokenExpiresAt }: Credential, now: number): boolean {
  return refreshTokenExpiresAt !== undefined && refreshTokenExpiresAt <= now;
}

/** Whether it can be renewed without a person, as far as is known of the record alone. */
export function isRenewable(credential: Credential, now: number): boolean {
  return credential.refreshToken !== undefined && !isSpent(credential, now);
}
