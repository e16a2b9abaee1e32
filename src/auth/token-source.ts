// What a session needs to know of any way to a token: the credential, and the one interface behind which
// every source stands. Not for: a source's own protocol (device.ts), schedules or sharing.
import type { VaultRecord } from '../vault/vault.ts';

/** A token and what is known of it: all of it is kept. */
export type Credential = VaultRecord;

/** No token is renewed later than this before its end, unless its life is shorter than twice that. In ms. */
const SHORTEST_LEAD = 5 * 60_000;

/**
 * How long before its end a token is renewed, in ms: a tenth of its life, at least 5 min, at most half the life
 * (DESIGN 2.4).
 */
export function renewalLead(issuedAt: number, expiresAt: number): number {
  const lifetime = expiresAt - issuedAt;
  return Math.min(Math.max(lifetime * 0.1, SHORTEST_LEAD), lifetime * 0.5);
}

/**
 * When a token that is accepted is renewed at the earliest, in ms since the epoch: half a lead before it is due, where a
 * session has nothing else to do then (session/rotation.ts). Whoever asks before that has had it refused.
 */
export function earliestRenewal(issuedAt: number, expiresAt: number): number {
  const half = renewalLead(issuedAt, expiresAt) / 2;
  return Math.max(expiresAt - 3 * half, issuedAt + half);
}

/** Whether its time is over by the wall clock; nobody has said when that of one without `expiresAt` is. */
export function hasExpired({ expiresAt }: Pick<Credential, 'expiresAt'>, now: number): boolean {
  return expiresAt !== undefined && expiresAt <= now;
}

/** A page that a person must open, to log in or to consent. What is in it is shown on purpose; it is no secret. */
export interface LoginPrompt {
  readonly verificationUri: string;
  /** To be entered on that page; absent where opening it and approving there is all. */
  readonly userCode?: string;
  /** What the page is for where it is not the login, as a sentence, such as `The broker needs consent for github.` */
  readonly purpose?: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface LoginRequest {
  /**
   * What the session has, where it has any: one that is stored and no other (refused, expired, or short of scopes) is
   * no answer to the request; one that another process has stored since is.
   */
  readonly known?: Credential;
  /** Scopes asked for on top of the configured ones. */
  readonly scopes: readonly string[];
  /** Called for each page that a person must see, as soon as there is one: it takes the place of the one before. */
  readonly onPrompt: (prompt: LoginPrompt) => void;
  /**
   * Nobody waits any more, but nobody has declined either: nothing further is asked, and a token that is on its way by
   * then is stored all the same.
   */
  readonly closing?: AbortSignal;
  /**
   * Asked when the code was approved by another account than the stored login's. `true` replaces the login; otherwise,
   * and where nobody can be asked, it is refused with `other_identity` and the new token is revoked where possible.
   * @param was the account of the stored login
   */
  readonly confirmIdentity?: (was: string, now: string) => Promise<boolean>;
}

/** What a text is compared with: a RegExp without the flags `g` and `y`, or something that behaves like one. */
export type TextPattern = Pick<RegExp, 'test'>;

/**
 * Texts that mean "this token was not accepted" when they are the message of an upstream's error response, or a whole
 * text of a result with `isError`. `hints` are plain substrings, one of which is in every frame whose text a pattern
 * matches: they are searched for natively before anything is parsed. The empty one is in every frame, for patterns of
 * which nothing is known; ordinary results without the key `isError` are not looked into all the same.
 */
export interface AuthFailureRule {
  readonly hints: readonly string[];
  readonly patterns: readonly TextPattern[];
}

/**
 * One way to a token. Every promise settles: each network call has a time limit, and `signal` ends it at once.
 * Nothing here is interactive but {@link login}.
 */
export interface TokenSource {
  /** The `--auth` mode, such as `device`. */
  readonly mode: string;
  /** The host as a person knows it, such as `github.com`. */
  readonly hostLabel: string;
  readonly authFailure: AuthFailureRule;
  /** Why nobody can log in with this source as it is configured, and the exact steps that mend it. */
  readonly loginObstacle: string | undefined;
  /**
   * No person can do anything here: {@link login} never shows a page, it only tries once more to get a token. No tool for
   * it is offered to the client.
   */
  readonly isUnattended: boolean;
  /**
   * What a person does where the token is not accepted and {@link refresh} brings the very same one, as a sentence that
   * names the setting; absent where no sentence fits better than the session's own.
   */
  readonly remedy?: string;

  /** Where its credential is kept, as told to a person: `memory`, `keychain`, `file (key file)`. */
  store(): Promise<string>;

  /**
   * The stored credential, expired or not; `undefined` where there is none. A damaged record is kept aside,
   * logged and counts as none. Reads local files and the keychain only, and never the network: but for a source that
   * gets tokens without any person, which makes its first one here where it has none.
   * @throws {StorageError} there is one, and it cannot be opened now; {@link watch} tells of it once it can
   * @throws {RefusedError | UnreachableError} the first token could not be had
   */
  load(): Promise<Credential | undefined>;

  /**
   * Calls `onChange` when another process has stored a credential (with it), or has logged out (`undefined`), also when
   * a credential that could not be opened at {@link load} can be. Not for what this very source stored.
   * @returns ends it
   */
  watch(onChange: (stored: Credential | undefined) => void): () => void;

  /**
   * Makes ready what takes time before a {@link refresh} of an exclusive credential, so that calls do not wait for it:
   * the lock among processes, another look at the vault. Resolves with a newer credential where a sibling has stored
   * one: then there is nothing to refresh. What was made ready is given back when `signal` aborts. Never rejects for
   * want of anything: a refresh that was not prepared takes longer, that is all.
   */
  prepare(stale: Credential, signal: AbortSignal): Promise<Credential | undefined>;

  /**
   * What another process has stored instead of `refused`, or is about to store: whoever renews it just now is waited for.
   * `undefined` where that is nothing. Asks no server, and gives back what was made ready.
   * @throws {UnreachableError} another process keeps everybody waiting for too long
   * @throws the signal's reason as soon as it aborts
   */
  newer(refused: Credential, signal: AbortSignal): Promise<Credential | undefined>;

  /**
   * A newer credential than `stale`: one that is in the vault by now, else one from the authorization server,
   * stored before it is returned (a failed save is logged loudly and the fresh credential returned all the same).
   * Exactly one of all processes that share the vault asks the server. One with the token of `stale` says that there is no
   * other to be had: what becomes of it is the session's to decide.
   * @throws {RefusedError} it will never be renewed: a person has to log in
   * @throws {UnreachableError} network, time-out, 5xx or nonsense: worth another try later
   */
  refresh(stale: Credential, signal: AbortSignal): Promise<Credential>;

  /** Whether {@link refresh} can bring a newer one without a person. */
  isRenewable(credential: Credential): boolean;

  /**
   * Asks the server whether it accepts a credential, and whose it is; `undefined` where it names nobody. Absent where
   * nobody can be asked.
   * @throws {RefusedError} it is not accepted
   * @throws {UnreachableError} not known just now
   */
  identify?(credential: Credential, signal: AbortSignal): Promise<string | undefined>;

  /**
   * Told when no process of this session runs with `credential` any more, because it was replaced or the session ends:
   * a source whose tokens are this process's alone revokes it. Never rejects.
   */
  release(credential: Credential, signal: AbortSignal): Promise<void>;

  /** Whether a credential that {@link refresh} brought was in the vault by then: another process had asked for it. */
  wasFound(credential: Credential): boolean;

  /**
   * Logs a person in and resolves with the verified, stored credential. One flow for all processes that share the
   * vault: the others get the same code, and the same credential.
   * @throws {RefusedError} denied, expired or misconfigured, or somebody else than before: `message` and `next` say what
   *   to do
   * @throws {UnreachableError} the authorization server cannot be reached
   * @throws whatever reason `signal`, or `closing` where no token came of it, was aborted with
   */
  login(request: LoginRequest, signal: AbortSignal): Promise<Credential>;

  /**
   * Revokes `current` where that is possible, and forgets it here and in the vault, for all processes.
   * @param current the credential that is in use; else the stored one
   * @throws {StorageError} it could not be forgotten
   */
  logout(current: Credential | undefined, signal: AbortSignal): Promise<Logout>;
}

/** How a logout went. */
export interface Logout {
  /** Whose login it was, where that is known; `undefined` where there was none. */
  readonly was: Credential | undefined;
  /** What could not be revoked, why, and where a person does it; `undefined` where all was. */
  readonly unrevoked: string | undefined;
}
