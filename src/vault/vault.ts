// What is kept of a credential and the interface of every place that keeps it.
// Not for: how a place protects it (file.ts, seal.ts), or what a token means (auth/).
import type { Secret } from '../base/secret.ts';

/**
 * What makes two records different (DESIGN 2.8). Canonicalised and hashed it is the record's file name, and it is
 * the associated data of its encryption: a record moved to another name does not open.
 */
export interface RecordIdentity {
  /** The token source's mode, such as `device`. */
  readonly mode: string;
  /** Login origin, such as `https://github.com`. */
  readonly issuer: string;
  readonly clientId: string;
  readonly profile: string;
  /** Scopes or permissions as configured, in any order. */
  readonly scopes: readonly string[];
}

/** A stored credential. Times are milliseconds since the epoch. */
export interface VaultRecord {
  readonly accessToken: Secret;
  readonly refreshToken?: Secret;
  readonly issuedAt: number;
  readonly expiresAt?: number;
  readonly refreshTokenExpiresAt?: number;
  readonly scopes: readonly string[];
  readonly login?: string;
  readonly rotation: 'exclusive' | 'overlapping';
}

/** A place that keeps one record an identity. */
export interface Vault {
  /** How it is named to a person: `memory`, `file`. */
  readonly kind: string;
  /** The record, or `undefined` where there is none. A record that cannot be opened is kept aside and reported. */
  read(identity: RecordIdentity): Promise<VaultRecord | undefined>;
  /** @throws {StorageError} naming the path and what to do; the old record is then still whole */
  write(identity: RecordIdentity, record: VaultRecord): Promise<void>;
  /** Forgets the record; no error where there is none. */
  remove(identity: RecordIdentity): Promise<void>;
}
