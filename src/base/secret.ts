// A value that must never be printed: tokens, device codes, keys.
// Not for: encryption or storage; it only keeps a value out of strings, JSON and inspection.
import { inspect } from 'node:util';

/** What stands in the place of a secret wherever it would have been printed. */
export const REDACTED = '[redacted]';

/**
 * Holds a secret string. `toString`, `toJSON` and `util.inspect` give `[redacted]`; only {@link reveal}
 * gives the value, so that a search for `.reveal(` finds each place where a secret leaves the process.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Only for what goes to the authorization server, the vault or the child's environment. */
  reveal(): string {
    return this.#value;
  }

  /** Whether both hold the same value. Not constant-time: it compares our own values with our own. */
  equals(other: Secret): boolean {
    return this.#value === other.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
