// Whether a stored token is worth handing out as it is. Not for: a session's schedule, which also looks at what is going
// on (session/rotation.ts).
import type { Credential } from '../auth/token-source.ts';

const SHORTEST_LEAD = 5 * 60_000;

/** Whether so little of its life is left that a proxy would renew it: a tenth, at least 5 min, at most half. */
export function isDue({ issuedAt, expiresAt }: Credential, now: number): boolean {
  if (expiresAt === undefined) return false;
  const lifetime = expiresAt - issuedAt;
  return now >= expiresAt - Math.min(Math.max(lifetime * 0.1, SHORTEST_LEAD), lifetime * 0.5);
}

export function hasExpired({ expiresAt }: Credential, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** Whether it can be renewed without a person, as far as is known here. */
export function isRenewable({ refreshToken, refreshTokenExpiresAt }: Credential, now: number): boolean {
  return refreshToken !== undefined && (refreshTokenExpiresAt === undefined || refreshTokenExpiresAt > now);
}
