// A shell command of the person's that prints a secret, and what its failures mean to them. Not for: how it is run
// (helper-process.ts), or what it has to print (secret-source.ts, command-output.ts).
import { RefusedError, UnreachableError } from '../base/errors.ts';
import { runToEnd } from './helper-process.ts';
import type { HelperEnd } from './helper-process.ts';

/** `--command-timeout`, in ms. */
export const COMMAND_TIMEOUT = 30_000;

export interface HelperCommand {
  /** For the system's shell: `sh`, or `cmd.exe`. */
  readonly command: string;
  /** All of its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds; default of the setting: {@link COMMAND_TIMEOUT}. */
  readonly timeoutMs: number;
  /** The setting that holds it, for errors, such as `--token-command`. */
  readonly what: string;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

/**
 * What a command prints on stdout.
 * @throws {RefusedError} `helper_failed`: it could not be started, failed or printed far too much; the message has its
 *   exit code and the end of its stderr, and never any of its stdout
 * @throws {UnreachableError} it did not end in time, and was killed with all that it had started
 * @throws the signal's reason
 */
export async function runHelper({ what, timeoutMs, ...helper }: HelperCommand): Promise<string> {
  const end = await runToEnd({ ...helper, timeoutMs });
  if (end.kind === 'done') return end.stdout;
  throw end.kind === 'too-long' ? tooLong(`the command of ${what}`, timeoutMs) : failureOf(end, what);
}

/** @param who as the subject of a sentence */
function tooLong(who: string, timeoutMs: number): UnreachableError {
  return new UnreachableError(`${who} did not end within ${timeoutMs / 1000} s and was stopped`, {
    next: 'It must not wait for a person. Run it in a terminal to see what it waits for; --command-timeout gives it more seconds.',
  });
}

const IN_TERMINAL = 'Run it in a terminal to see what it does.';

/** What a shell ends with where there is no such program: POSIX's 127, and that of cmd.exe. */
const NOT_FOUND: ReadonlySet<unknown> = new Set([127, 9009]);

function failureOf(end: Exclude<HelperEnd, { kind: 'done' | 'too-long' }>, what: string): RefusedError {
  if (end.kind === 'too-much')
    return failed(`the command of ${what} printed more than 64 KiB, which is no secret`, IN_TERMINAL);
  if (end.kind === 'not-started')
    return failed(`the shell for the command of ${what} could not be started (${end.why})`, '');
  const { exit } = end;
  const message = `the command of ${what} ${endOf(end)}`;
  return NOT_FOUND.has(exit)
    ? failed(
        message,
        'There is no such program in its PATH, which may be shorter in a client than in a terminal: give the full path.',
      )
    : failed(message, IN_TERMINAL);
}

/** How it failed, as the predicate of a sentence, with what it said last, as one line. */
export function endOf({ exit, stderr }: Extract<HelperEnd, { kind: 'failed' }>): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.replaceAll(/\p{Cc}+/gu, ' ').trim())
    .filter((line) => line !== '');
  const by = typeof exit === 'number' ? `failed with exit code ${exit}` : `was ended by ${exit}`;
  return lines.length === 0 ? by : `${by}: ${lines.slice(-MOST_LINES).join(' | ')}`;
}

/** Of stderr. */
const MOST_LINES = 8;

function failed(message: string, next: string): RefusedError {
  return new RefusedError('helper_failed', message, { next });
}
