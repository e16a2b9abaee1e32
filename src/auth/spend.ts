// What is done to renew a token while the lock is held, by this process or by a refresher: look again, spend the refresh
// token (or whatever the server renews by), store what came. Not for: taking the lock, or what to do about the outcome (renewal.ts).
import type { Audit } from '../base/audit.ts';
import { explanationOf, RefusedError, UnreachableError } from '../base/errors.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { HeldLock, Kept, RecordIdentity, Vault, VaultRecord } from '../vault/vault.ts';
import type { Renewer } from './renewer.ts';
import type { Version } from './version.ts';
import { sameVersion, versionOf } from './version.ts';

export interface Spending {
  /** What is renewed. */
  readonly base: VaultRecord;
  /** What lay in the vault when that was decided. */
  readonly found: Version;
}

export interface SpendParts {
  readonly vault: Vault;
  readonly identity: RecordIdentity;
  /** What lies there; `undefined` where it cannot be read. */
  readonly peek: () => Promise<Kept | undefined>;
  readonly server: Pick<Renewer, 'renew' | 'rotationOf'>;
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

/** Renews `base`, stores the result and gives the lock back. Nothing ends it half way. */
export async function spend(
  { base, found }: Spending,
  held: HeldLock,
  parts: SpendParts,
): Promise<SpendOutcome> {
  const { peek, server, audit } = parts;
  try {
    const isHeld = await held.isHeld().catch(() => false);
    if (!isHeld || !sameVersion(versionOf(await peek()), found)) return { kind: 'changed' };
    // It now lasts for longer than any request that follows.
    await held.touch();
    const grant = await server.renew(base, new AbortController().signal);
    const credential = renewed(base, grant, server);
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

/** What a renewal makes of a credential. What the answer does not speak of stays as it was. */
function renewed(
  base: VaultRecord,
  grant: TokenGrant,
  { rotationOf }: Pick<Renewer, 'rotationOf'>,
): VaultRecord {
  const refreshTokenExpiresAt = grant.refreshToken ? grant.refreshTokenExpiresAt : base.refreshTokenExpiresAt;
  const refreshToken = grant.refreshToken ?? base.refreshToken;
  const kept = refreshToken ? { refreshToken } : {};
  return {
    accessToken: grant.accessToken,
    ...kept,
    issuedAt: grant.issuedAt,
    ...(grant.expiresAt !== undefined && { expiresAt: grant.expiresAt }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    scopes: grant.scopes ?? base.scopes,
    ...(base.login !== undefined && { login: base.login }),
    rotation: rotationOf({ ...grant, ...kept }),
  };
}
