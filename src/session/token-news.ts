// What other processes do to the stored login: heard of from the source's watch, and not while this session is about to
// change that login itself. Not for: what the news lead to (adoption.ts), or how a vault is watched (vault/).
import type { Credential, TokenSource } from '../auth/token-source.ts';
import type { Clock, Timer } from '../base/clock.ts';

export interface TokenNewsOptions {
  readonly source: TokenSource;
  readonly clock: Clock;
  /** Gets each credential that is stored, with repetitions; `undefined` for a logout. */
  readonly take: (stored: Credential | undefined) => void;
}

export class TokenNews {
  readonly #options: TokenNewsOptions;
  #starting: Timer | undefined;
  #stop: (() => void) | undefined;
  /** How many logins, renewals and the like are under way here. */
  #busy = 0;
  /** The last that was heard meanwhile. */
  #kept: { readonly stored: Credential | undefined } | undefined;
  /** How often anything was heard. */
  #heard = 0;
  #ended = false;

  constructor(options: TokenNewsOptions) {
    this.#options = options;
  }

  /** Begins to listen, as soon as what is being done now is done. */
  start(): void {
    if (this.#starting || this.#ended) return;
    const { source, clock } = this.#options;
    this.#starting = clock.after(0, () => {
      this.#stop = source.watch((stored) => this.#hear(stored));
    });
  }

  end(): void {
    this.#ended = true;
    this.#starting?.cancel();
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Keeps the news until something of the session's own is done, and then looks at what is stored by that time. */
  async keepDuring(own: () => Promise<void>): Promise<void> {
    this.#busy += 1;
    try {
      await own();
    } finally {
      this.#busy -= 1;
      if (this.#busy === 0) void this.#lookAgain();
    }
  }

  #hear(stored: Credential | undefined): void {
    if (this.#ended) return;
    this.#heard += 1;
    if (this.#busy > 0) this.#kept = { stored };
    else this.#options.take(stored);
  }

  /** What was heard may be older than what the session has stored since: the vault knows. */
  async #lookAgain(): Promise<void> {
    const kept = this.#kept;
    if (!kept || this.#ended) return;
    this.#kept = undefined;
    const heard = this.#heard;
    const stored = await this.#options.source.load().catch(() => kept.stored);
    // Something newer was heard, or begun, while that was looked up.
    if (this.#ended || heard !== this.#heard) return;
    if (this.#busy > 0) this.#kept = kept;
    // No record is a logout only where one was told of: it may also have been damaged.
    else if (stored || !kept.stored) this.#options.take(stored);
  }
}
