// What a session needs to know of any way to a token: the credential, and the one interface behind which
// every source stands. Not for: a source's own protocol (device.ts), schedules or sharing.
import type { VaultRecord } from '../vault/vault.ts';

/** A token and what is known of it: all of it is kept. */
export type Credential = VaultRecord;

/** What a person must see to log in by device flow. The user code is shown on purpose; it is no secret. */
export interface LoginPrompt {
  readonly verificationUri: string;
  readonly userCode: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface LoginRequest {
  /** Scopes asked for on top of the configured ones. */
  readonly scopes: readonly string[];
  /** Called once, as soon as the code is there. */
  readonly onPrompt: (prompt: LoginPrompt) => void;
  /**
   * Nobody waits any more, but nobody has declined either: nothing further is asked, and a token that is on its way by
   * then is stored all the same.
   */
  readonly closing?: AbortSignal;
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
   * The stored credential, expired or not; `undefined` where there is none. A damaged record is kept aside,
   * logged and counts as none. Reads local files only: never the network.
   */
  load(): Promise<Credential | undefined>;

  /**
   * A newer credential than `stale`: one that is in the vault by now, else one from the authorization server,
   * stored before it is returned (a failed save is logged loudly and the fresh credential returned all the same).
   * @throws {RefusedError} it will never be renewed: a person has to log in
   * @throws {UnreachableError} network, time-out, 5xx or nonsense: worth another try later
   */
  refresh(stale: Credential, signal: AbortSignal): Promise<Credential>;

  /**
   * Logs a person in and resolves with the verified, stored credential.
   * @throws {RefusedError} denied, expired or misconfigured: `message` and `next` say what to do
   * @throws {UnreachableError} the authorization server cannot be reached
   * @throws whatever reason `signal`, or `closing` where no token came of it, was aborted with
   */
  login(request: LoginRequest, signal: AbortSignal): Promise<Credential>;
}
