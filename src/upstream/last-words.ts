// The last lines a server wrote to stderr, for the error that tells why it ended. Not for: passing stderr on.
import { StringDecoder } from 'node:string_decoder';
import type { Redactor } from '../wire/redact.ts';

const LINES = 10;
const LINE_LENGTH = 300;

export class LastWords {
  readonly #redactor: Redactor;
  readonly #decoder = new StringDecoder('utf8');
  #lines: string[] = [];
  #open = '';

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  push(chunk: Buffer): void {
    const lines = (this.#open + this.#decoder.write(chunk)).split(/\r?\n/);
    // A line without end must not grow for ever; what is shown of it is its beginning.
    this.#open = (lines.pop() ?? '').slice(0, 4 * LINE_LENGTH);
    this.#lines = [...this.#lines, ...lines.filter((line) => line.trim() !== '')].slice(-LINES);
  }

  /** How the process ended, and what it said last. */
  report(code: number | null, signal: string | null): string {
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const lines = [...this.#lines, this.#open].filter((line) => line.trim() !== '').slice(-LINES);
    if (lines.length === 0) return `The server ended ${how} and wrote nothing to stderr.`;
    const said = lines.map((line) => `  ${this.#redactor.text(line).slice(0, LINE_LENGTH)}`).join('\n');
    return `The server ended ${how}. The last lines of its stderr:\n${said}`;
  }
}
