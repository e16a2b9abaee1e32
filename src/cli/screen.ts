// What a command says and asks: results on stdout, everything else on stderr, colour where a person looks.
// Not for: what is said (the commands), or errors (main.ts).
import type { Readable, Writable } from 'node:stream';
import { codeOf, messageOf, UserError } from '../base/errors.ts';

/** SGR codes. util.styleText will not do: newer versions of Node ask stdout whether stderr may have colours. */
const FORMATS = {
  bold: '1',
  red: '31',
  green: '32',
  yellow: '33',
  gray: '90',
  /** White on black, whatever the terminal's own colours are. */
  light: '97;40',
} as const;

type Format = keyof typeof FORMATS;

/** One of the streams that a person or a program reads. */
export interface Output {
  /**
   * Writes `text` with a newline; resolves when the system has taken it, also where nobody reads any more.
   * @throws {UserError} it is a result, and the system has no room for it
   */
  line(text: string): Promise<void>;
  /** The same without the newline. */
  part(text: string): Promise<void>;
  /** `text` in colour where this is a terminal that may have colours. */
  styled(format: Format, text: string): string;
  /** In characters; `undefined` where this is no terminal, or one that shows letters only. */
  readonly columns: number | undefined;
}

export interface Screen {
  /** stdout: what was asked for, and nothing else. */
  readonly result: Output;
  /** stderr. */
  readonly say: Output;
  /** Whether somebody can be asked: stdin and stderr are a terminal. */
  readonly isInteractive: boolean;
  /**
   * The next line that is typed, without its end; empty at the end of input.
   * @throws the signal's reason as soon as it aborts
   */
  readonly readLine: (signal: AbortSignal) => Promise<string>;
}

/** A process's own streams, or a test's. `isTTY` and `columns` are a terminal's. */
export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
}

export function createScreen({ stdin, stdout, stderr }: Streams, env: NodeJS.ProcessEnv): Screen {
  return {
    result: createOutput(stdout, env, LOST),
    say: createOutput(stderr, env, NOTHING),
    isInteractive: stdin.isTTY === true && stderr.isTTY === true,
    readLine: (signal) => readLine(stdin, signal),
  };
}

/** What a script would take for a whole answer is none: the disk is full, or the like. */
const LOST: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO']);
/** What is only said ends no command half way. */
const NOTHING: ReadonlySet<string> = new Set();

function notWritten(error: unknown): UserError {
  return new UserError(`the output could not be written: ${messageOf(error)}`, { cause: error });
}

/** https://no-color.org: set to anything but nothing. */
function mayColour(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** @param lost codes of errors after which a command must not go on as if all had been written */
function createOutput(stream: Streams['stdout'], env: NodeJS.ProcessEnv, lost: ReadonlySet<string>): Output {
  const colours = mayColour(stream, env);
  // `audit | head` closes its end early, which is no failure of ours.
  stream.on('error', () => {});
  const part = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      stream.write(text, (error) => {
        if (lost.has(codeOf(error) ?? '')) reject(notWritten(error));
        else resolve();
      });
    });
  return {
    part,
    line: (text) => part(`${text}\n`),
    styled: (format, text) => (colours ? `\u001b[${FORMATS[format]}m${text}\u001b[0m` : text),
    // The console of Linux has 512 characters at most, and blocks are not among them for certain.
    columns:
      stream.isTTY === true && !/^(?:dumb|linux)$/.test(env['TERM'] ?? '') ? stream.columns : undefined,
  };
}

function readLine(stdin: Readable, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let typed = '';
    const settle = (then: () => void): void => {
      stdin.off('data', onData).off('end', onEnd).off('error', onEnd).pause();
      signal.removeEventListener('abort', onAbort);
      then();
    };
    const onData = (piece: Buffer | string): void => {
      typed += piece.toString();
      const end = typed.indexOf('\n');
      if (end !== -1) settle(() => resolve(typed.slice(0, end).replace(/\r$/, '')));
    };
    const onEnd = (): void => settle(() => resolve(typed));
    const onAbort = (): void => settle(() => reject(signal.reason as Error));
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    stdin.on('data', onData).once('end', onEnd).once('error', onEnd).resume();
  });
}

/** The signs that gh's users know. Letters where colour is off, too: they mean something by themselves. */
export function done(output: Output, text: string): string {
  return `${output.styled('green', '✓')} ${text}`;
}

export function notice(output: Output, text: string): string {
  return `${output.styled('yellow', '!')} ${text}`;
}

export function failure(output: Output, text: string): string {
  return `${output.styled('red', 'X')} ${text}`;
}

/** A question that only "y" or "yes" answers with yes. Only where {@link Screen.isInteractive}. */
export async function confirm(screen: Screen, question: string, signal: AbortSignal): Promise<boolean> {
  await screen.say.part(`${screen.say.styled('green', '?')} ${question} (y/N) `);
  return /^\s*y(?:es)?\s*$/i.test(await screen.readLine(signal));
}
