// The errors that a person is meant to read, one class for each thing a caller does differently.
// Not for: protocol errors (session/replies.ts) or turning errors into text and exit codes (cli/main.ts).

/** Exit codes that gh users know (DESIGN 2.9). */
export const EXIT = { ok: 0, error: 1, usage: 2, authRequired: 4 } as const;

/**
 * An error told to a person: what happened (`message`), why (`cause`'s message or part of `message`), and
 * what to do next (`next`).
 */
export class UserError extends Error {
  /** The next command or action, a full sentence; empty where there is none. */
  readonly next: string;
  readonly exitCode: number = EXIT.error;

  constructor(message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.next = options.next ?? '';
  }
}

/** The command line or a setting is wrong. */
export class UsageError extends UserError {
  override readonly exitCode = EXIT.usage;
}

/** The state directory or a file in it cannot be read or written. */
export class StorageError extends UserError {}

/** The authorization server could not be reached or gave no usable answer; trying again may help. */
export class UnreachableError extends UserError {}

/** The authorization server refused for good: what was sent will never be accepted. */
export class RefusedError extends UserError {
  /** The server's own error code, such as `bad_refresh_token` or `device_flow_disabled`. */
  readonly code: string;

  constructor(code: string, message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/**
 * A refusal that may be otherwise later: what could not be looked up just now, or is wrong in the settings, says nothing
 * about a login that worked before. Anything else stays as it is.
 */
export function asUnreachable(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  return new UnreachableError(error.message, { next: error.next });
}

/** The system's code in an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What happened and what to do now, as sentences. Its first word may follow a colon, so it is not capitalised. */
export function explanationOf(error: unknown): string {
  const message = messageOf(error).replace(/[.]?$/, '.');
  return error instanceof UserError && error.next !== '' ? `${message} ${error.next}` : message;
}

/** The text of anything that was thrown, without its stack. Never for octokit errors: they hold the request. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
