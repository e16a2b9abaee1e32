// Whether a stored token is worth handing out as it is. Not for: a session's schedule, which also looks at what is going
// on (session/rotation.ts).
import type { Credential } from '../auth/token-source.ts';
import { renewalLead } from '../auth/token-source.ts';

/** Whether so little of its life is left that a session would renew it. */
export function isDue({ issuedAt, expiresAt }: Credential, now: number): boolean {
  if (expiresAt === undefined) return false;
  return now >= expiresAt - renewalLead(issuedAt, expiresAt);
}

/** Whether it can be renewed without a person, as far as is known here. */
export function isRenewable({ refreshToken, refreshTokenExpiresAt }: Credential, now: number): boolean {
  return refreshToken !== undefined && (refreshTokenExpiresAt === undefined || refreshTokenExpiresAt > now);
}
