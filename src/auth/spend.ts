// What is done with a refresh token while the lock is held, by this process or by a refresher: look again, spend it,
// store what came. Not for: taking the lock, or what to do about the outcome (renewal.ts).
import type { Audit } from '../base/audit.ts';
import { explanationOf, RefusedError, UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Http } from '../github/http.ts';
import { refreshUserToken } from '../github/refresh.ts';
import type { TokenGrant } from '../github/token-grant.ts';
import type { HeldLock, Kept, RecordIdentity, Vault, VaultRecord } from '../vault/vault.ts';
import type { Version } from './version.ts';
import { sameVersion, versionOf } from './version.ts';

/** A credential that can be renewed. */
type Renewable = VaultRecord & { readonly refreshToken: Secret };

export interface Spending {
  readonly base: Renewable;
  /** What lay in the vault when that was decided. */
  readonly found: Version;
}

export interface SpendParts {
  readonly vault: Vault;
  readonly identity: RecordIdentity;
  /** What lies there; `undefined` where it cannot be read. */
  readonly peek: () => Promise<Kept | undefined>;
  readonly host: GithubHost;
  readonly http: Http;
  readonly audit: Audit;
}

export type SpendOutcome =
  | { readonly kind: 'renewed'; readonly credential: VaultRecord; readonly save: SaveOutcome }
  | { readonly kind: 'refused'; readonly error: RefusedError }
  | { readonly kind: 'unreachable'; readonly error: UnreachableError }
  /** Nothing was spent: the lock was lost, or the record is another one by now. */
  | { readonly kind: 'changed' }
  /** Nobody knows: whoever did it has ended without a word. */
  | { readonly kind: 'died' };

export type SaveOutcome =
  | { readonly kind: 'saved' }
  | { readonly kind: 'failed'; readonly why: string }
  /** The lock was lost meanwhile, and what somebody else has stored since was left alone. */
  | { readonly kind: 'superseded' };

/** Spends the refresh token of `base`, stores the result and gives the lock back. Nothing ends it half way. */
export async function spend(
  { base, found }: Spending,
  held: HeldLock,
  parts: SpendParts,
): Promise<SpendOutcome> {
  const { identity, peek, host, http, audit } = parts;
  try {
    const isHeld = await held.isHeld().catch(() => false);
    if (!isHeld || !sameVersion(versionOf(await peek()), found)) return { kind: 'changed' };
    // It now lasts for longer than any request that follows.
    await held.touch();
    const { clientId } = identity;
    const { signal } = new AbortController();
    const grant = await refreshUserToken({ host, clientId, refreshToken: base.refreshToken, http, signal });
    const credential = renewed(base, grant);
    audit.note({ event: 'refresh', login: credential.login, token: credential.accessToken });
    const kept = await peek();
    // What cannot be read just now may still be replaced; where not, the save says why, and is tried again.
    if (kept && kept.kind !== 'none' && !sameVersion(versionOf(kept), found))
      return { kind: 'renewed', credential, save: { kind: 'superseded' } };
    return { kind: 'renewed', credential, save: await save(parts, credential) };
  } catch (error) {
    if (error instanceof RefusedError) return { kind: 'refused', error };
    if (error instanceof UnreachableError) return { kind: 'unreachable', error };
    throw error;
  } finally {
    await held.release();
  }
}

async function save({ vault, identity }: SpendParts, credential: VaultRecord): Promise<SaveOutcome> {
  try {
    await vault.write(identity, credential);
    return { kind: 'saved' };
  } catch (error) {
    return { kind: 'failed', why: explanationOf(error) };
  }
}

/** What a refresh makes of a credential. What the answer does not speak of stays as it was. */
function renewed(base: Renewable, grant: TokenGrant): VaultRecord {
  const refreshTokenExpiresAt = grant.refreshToken ? grant.refreshTokenExpiresAt : base.refreshTokenExpiresAt;
  return {
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken ?? base.refreshToken,
    issuedAt: grant.issuedAt,
    ...(grant.expiresAt !== undefined && { expiresAt: grant.expiresAt }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    scopes: grant.scopes ?? base.scopes,
    ...(base.login !== undefined && { login: base.login }),
    rotation: 'exclusive',
  };
}
