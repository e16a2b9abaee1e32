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
  /** For whom it was exchanged, where the subject token said so: a text that is only ever compared. */
  readonly subject?: string;
  /**
   * How a new token relates to this one (DESIGN 2.4): `exclusive` when getting the new one kills the old one at once
   * (GitHub App user tokens), `overlapping` when the old one stays valid.
   */
  readonly rotation: 'exclusive' | 'overlapping';
}

/** What lies under an identity. */
export type Kept =
  | { readonly kind: 'none' }
  /** Somebody logged out on purpose, in whichever process: sessions that are logged in end their login. */
  | { readonly kind: 'logged-out'; readonly at: number }
  | { readonly kind: 'record'; readonly record: VaultRecord };

/** A place that keeps one record an identity. */
export interface Vault {
  /**
   * What is kept. A record that is damaged is kept aside, reported, and counts as none.
   * @throws {StorageError} there is one that cannot be opened now (the keychain does not answer, the passphrase is
   *   missing or wrong): it is left where it is, and `next` says what to do
   */
  read(identity: RecordIdentity): Promise<Kept>;
  /**
   * Keeps a record in place of the one before.
   * @throws {StorageError} naming the path and what to do; the old record is then still whole
   */
  write(identity: RecordIdentity, record: VaultRecord): Promise<void>;
  /** Forgets the record, and leaves the mark of a logout for other processes; no error where there is none. */
  remove(identity: RecordIdentity): Promise<void>;
  /** Every identity of which there is a record. */
  list(): Promise<readonly RecordIdentity[]>;
  /** How a record is kept, or would be, as told to a person: `memory`, `keychain`, `file (key file)`. */
  describe(identity: RecordIdentity): Promise<string>;
  /** What several processes need to use one record; `undefined` where each process has its own (memory). */
  readonly sharing: Sharing | undefined;
}

/** A vault that several processes use. */
export interface SharedVault extends Vault {
  readonly sharing: Sharing;
}

export type LockPurpose = 'refresh' | 'login';

/** The order among processes that share a record (DESIGN 2.8, Sharing). */
export interface Sharing {
  /**
   * A lock beside the record. `refresh` is held while a token is renewed or replaced and stored, `login` while a login
   * flow waits for a person. One object a wait: it remembers since when it has seen the same holder.
   */
  lock(identity: RecordIdentity, purpose: LockPurpose): Lock;
  /** A lock that another process of ours took and passed to this one (HeldLock.passTo). */
  resumeLock(identity: RecordIdentity, purpose: LockPurpose, nonce: string): HeldLock;
  /**
   * Calls `onChange` soon after the record (or its mark of a logout) may have been changed by anybody. No timer runs
   * for it where the system tells of changes.
   * @returns ends it
   */
  watch(identity: RecordIdentity, onChange: () => void): () => void;
  /** The login flow that waits for a person, in whichever process; sealed like a record, for it holds the device code. */
  readFlow(identity: RecordIdentity): Promise<LoginFlow | undefined>;
  /** @throws {StorageError} */
  writeFlow(identity: RecordIdentity, flow: LoginFlow): Promise<void>;
  removeFlow(identity: RecordIdentity): Promise<void>;
  /** What another process of ours needs to open and store this one record: for the refresher (auth/refresher.ts). */
  delegate(identity: RecordIdentity): Promise<Delegation>;
}

/** Handed to another process of ours through a pipe, never in argv or the environment. */
export interface Delegation {
  readonly stateDir: string;
  /** 32 bytes, base64url. */
  readonly key: Secret;
  /** What kind of key it is, as the envelope names it, such as `keychain`. */
  readonly keyKind: string;
}

/** A login that waits for a person, in whichever process. Times are milliseconds since the epoch. */
export type LoginFlow = CodeFlow | PageFlow;

/** Device flow (RFC 8628): whoever has the device code can go on with it. */
export interface CodeFlow {
  readonly kind: 'code';
  readonly deviceCode: Secret;
  /** Shown on purpose: no secret. */
  readonly userCode: string;
  readonly verificationUri: string;
  readonly expiresAt: number;
  /** Milliseconds between two polls. */
  readonly intervalMs: number;
  readonly scopes: readonly string[];
}

/** A page that leads back to the process which shows it: the others can show it as long as that one lives. */
export interface PageFlow {
  readonly kind: 'page';
  readonly verificationUri: string;
  /** What the page is for where it is not the login, as a sentence. */
  readonly purpose?: string;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

/** A lock that is not ours (yet). */
export interface Lock {
  /** Takes it where it is free, or its holder is dead or has done nothing for too long; never waits. */
  tryTake(): Promise<HeldLock | undefined>;
}

/** A lock that is ours. */
export interface HeldLock {
  /** Names this taking of the lock; another process of ours goes on with it by this name. */
  readonly nonce: string;
  /** Whoever held it before has ended without giving it back: what that one asked of a server may be under way yet. */
  readonly wasLeft?: boolean;
  /** Whether it is ours yet, looked up on the disk: one that was stopped for long may have lost it. */
  isHeld(): Promise<boolean>;
  /** Shows others that its holder is at work. */
  touch(): Promise<void>;
  /** From here on the process `pid` is the holder whose death frees it. */
  passTo(pid: number): Promise<void>;
  /** No error where it was lost, or is free already. */
  release(): Promise<void>;
}
