// What is to be done about a credential that is stale, judging by what lies in the vault.
// Not for: doing it (renewal.ts).
import type { Clock } from '../base/clock.ts';
import type { RefusedError } from '../base/errors.ts';
import type { Kept } from '../vault/vault.ts';
import type { LoginServer } from './login-server.ts';
import { loggedOut, noRefreshToken } from './refusals.ts';
import type { Spending } from './spend.ts';
import type { StoredLogin } from './stored.ts';
import type { Credential } from './token-source.ts';
import { hasExpired } from './token-source.ts';
import { versionOf } from './version.ts';

/** Nothing is left to do: another process has renewed it, or nobody ever will. */
export type Settled =
  | { readonly kind: 'newer'; readonly credential: Credential }
  | { readonly kind: 'over'; readonly error: RefusedError };

export type Verdict = Settled | { readonly kind: 'spend'; readonly spending: Spending };

export interface JudgeParts {
  readonly server: LoginServer;
  readonly stored: StoredLogin;
  readonly clock: Clock;
}

/** @param kept `undefined` where it cannot be read: a refresh must not fail for want of a disk */
export function judge(kept: Kept | undefined, stale: Credential, parts: JudgeParts): Verdict {
  const { server, stored, clock } = parts;
  if (kept?.kind === 'logged-out' && !stored.isOutdated(kept))
    return { kind: 'over', error: loggedOut(server.label) };
  let base = stale;
  if (kept?.kind === 'record') {
    const { record } = kept;
    const isStale = record.accessToken.equals(stale.accessToken);
    // One that is older may lie there when a save failed: the server may have killed it since.
    const isNewer = !isStale && !stored.isOld(record.accessToken);
    if (isNewer && !hasExpired(record, clock.now())) return { kind: 'newer', credential: record };
    if (isStale || isNewer) base = record;
  }
  const refreshToken = base.refreshToken ?? stale.refreshToken;
  if (refreshToken) base = { ...base, refreshToken };
  if (!server.canRenew(base)) return { kind: 'over', error: noRefreshToken(server.label) };
  return { kind: 'spend', spending: { base, found: versionOf(kept) } };
}
