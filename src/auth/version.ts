// What lay under an identity at some moment, as far as it takes to see that somebody has changed it since.
// Not for: which of two is newer (stored.ts); clocks are set back, so times decide nothing here.
import type { Secret } from '../base/secret.ts';
import type { Kept } from '../vault/vault.ts';

export type Version =
  /** It could not be read. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'none' }
  | { readonly kind: 'logged-out'; readonly at: number }
  | { readonly kind: 'record'; readonly accessToken: Secret };

/** @param kept `undefined` where it could not be read */
export function versionOf(kept: Kept | undefined): Version {
  if (!kept) return { kind: 'unreadable' };
  return kept.kind === 'record' ? { kind: 'record', accessToken: kept.record.accessToken } : kept;
}

export function sameVersion(one: Version, other: Version): boolean {
  if (one.kind === 'record') return other.kind === 'record' && one.accessToken.equals(other.accessToken);
  if (one.kind === 'logged-out') return other.kind === 'logged-out' && one.at === other.at;
  return one.kind === other.kind;
}
