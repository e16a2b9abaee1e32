// What a session remembers of tokens that it could not get, or that were not accepted. Not for: what that leads to
// (rotation.ts, second-look.ts, setback.ts).

/** Tries in a row to get a token that came to nothing. */
export interface Setback {
  readonly failures: number;
  /** When the last one failed. */
  readonly at: number;
  /** When the next one is made without anybody asking; Infinity where it would end the same. */
  readonly retryAt: number;
  /** Why, for a person. */
  readonly message: string;
}

/** A token that was not accepted although nothing was known against it. */
export interface Refusal {
  readonly serial: number;
  readonly at: number;
}

/** Why a refusal goes to the client: after a renewal, after a login, or because there was a renewal a moment ago. */
export type WhyFinal = 'renewed' | 'logged-in' | 'guarded';
