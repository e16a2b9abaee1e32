// The last lines a server wrote to stderr, for the error that tells why it ended. Not for: passing stderr on, or
// redaction: what comes here has no secrets any more, so that no cut can hide half of one from the search.
import { StringDecoder } from 'node:string_decoder';

const LINES = 10;
/** In characters. What is shown of a long line is its beginning. */
const LINE_LENGTH = 300;

export class LastWords {
  readonly #decoder = new StringDecoder('utf8');
  #lines: string[] = [];
  /** The line that has no end yet; it must not grow for ever. */
  #open = '';

  /** The next bytes of stderr, redacted. */
  push(clean: Buffer): void {
    const lines = (this.#open + this.#decoder.write(clean))
      .split(/\r?\n/)
      .map((line) => line.slice(0, LINE_LENGTH));
    this.#open = lines.pop() ?? '';
    this.#lines = [...this.#lines, ...lines.filter((line) => line.trim() !== '')].slice(-LINES);
  }

  /** How the process ended, and what it said last. */
  report(code: number | null, signal: string | null): string {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const lines = [...this.#lines, this.#open].filter((line) => line.trim() !== '').slice(-LINES);
    if (lines.length === 0) return `The server ended ${how} and wrote nothing to stderr.`;
    return `The server ended ${how}. The last lines of its stderr:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }
}
