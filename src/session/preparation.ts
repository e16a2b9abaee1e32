// What is made ready before a credential is renewed, such as a lock among processes: got, handed over to the renewal, or
// given back. Not for: what that is (auth/), or when it is wanted (rotation.ts).
import type { Credential, TokenSource } from '../auth/token-source.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

export class Preparation {
  readonly #source: TokenSource;
  readonly #log: Log;
  #current: { readonly giveBack: AbortController; readonly ready: boolean } | undefined;

  constructor(source: TokenSource, log: Log) {
    this.#source = source;
    this.#log = log;
  }

  /** What there is instead of the renewal, if anything; `given back` where nobody wants to know any more. */
  async make(stale: Credential): Promise<Credential | 'ready' | 'given back'> {
    this.giveBack();
    const giveBack = new AbortController();
    this.#current = { giveBack, ready: false };
    const newer = await this.#source.prepare(stale, giveBack.signal).catch((error: unknown) => {
      this.#log.debug(`a renewal could not be prepared: ${messageOf(error)}`);
      return undefined;
    });
    if (this.#current?.giveBack !== giveBack) return 'given back';
    this.#current = { giveBack, ready: true };
    return newer && !newer.accessToken.equals(stale.accessToken) ? newer : 'ready';
  }

  /** The renewal begins: what is ready is its own from here on, and what is not would only be in its way. */
  handOver(): void {
    if (this.#current?.ready === true) this.#current = undefined;
    else this.giveBack();
  }

  giveBack(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.giveBack.abort(new Error('the renewal is not made'));
  }
}
