// What went over a connection, and waiting for what has yet to come. Both of a raw client's streams use it.
// Not for: what the lines mean (raw-client.ts).

/** How long a test waits for one event before it fails; far above what any of them takes. */
const WAIT_MS = 10_000;

const SHOWN_LINES = 60;
const SHOWN_CHARACTERS = 400;

/** The last lines of a conversation, each cut to a length that a person can read. */
export class Transcript {
  readonly #lines: string[] = [];

  add(mark: string, text: string): void {
    const cut =
      text.length > SHOWN_CHARACTERS
        ? `${text.slice(0, SHOWN_CHARACTERS)} [${text.length} characters]`
        : text;
    this.#lines.push(`${mark} ${cut}`);
  }

  toString(): string {
    return this.#lines.slice(-SHOWN_LINES).join('\n');
  }
}

interface Waiting {
  /** Settles the wait if it is over, and says whether it is. */
  readonly look: () => boolean;
  readonly fail: (why: string) => void;
}

/** Promises that are looked at again whenever something arrived. */
export class Waits {
  readonly #waiting = new Set<Waiting>();
  readonly #transcript: Transcript;
  #ended: string | undefined;

  constructor(transcript: Transcript) {
    this.#transcript = transcript;
  }

  /**
   * Resolves with what `find` gives, as soon as it gives anything.
   * @param what named in the error
   * @throws {Error} with the transcript: after `ms`, or at once when nothing more can come
   */
  until<T>(what: string, find: () => T | undefined, ms = WAIT_MS): Promise<T> {
    const found = find();
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        reject(new Error(`${what}: ${why}\n${this.#transcript.toString()}`));
      };
      const look = (): boolean => {
        const value = find();
        if (value === undefined) return false;
        clearTimeout(timer);
        resolve(value);
        return true;
      };
      const waiting = { look, fail };
      const timer = setTimeout(() => fail(`nothing after ${ms} ms`), ms);
      this.#waiting.add(waiting);
      if (this.#ended !== undefined) fail(this.#ended);
    });
  }

  /** Something arrived. */
  arrived(): void {
    for (const waiting of this.#waiting) if (waiting.look()) this.#waiting.delete(waiting);
  }

  /** Nothing more will arrive. */
  ended(why: string): void {
    this.#ended = why;
    for (const waiting of this.#waiting) waiting.fail(why);
  }
}
