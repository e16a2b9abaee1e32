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

/** A credential, as it is kept and as it is used. Times are milliseconds since the epoch, wall clock. */
export interface VaultRecord {
  readonly accessToken: Secret;
  /** Absent where the authorization server gave none: the token cannot be renewed without a person. */
  readonly refreshToken?: Secret;
  /** When the token was received: with `expiresAt` it gives the lifetime. */
  readonly issuedAt: number;
  /** Absent: does not expire, as far as anybody said. */
  readonly expiresAt?: number;
  readonly refreshTokenExpiresAt?: number;
  /** Empty for GitHub App tokens, whose reach is given by permissions. */
  readonly scopes: readonly string[];
  /** The account's login name, once it was verified. */
  readonly login?: string;
  /**
   * How a new token relates to this one (DESIGN 2.4): `exclusive` when getting the new one kills the old one at once
   * (GitHub App user tokens), `overlapping` when the old one stays valid.
   */
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
