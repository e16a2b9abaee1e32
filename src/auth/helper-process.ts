// A program of the person's that is asked for a secret: run to its end, within a time and a size, with all that it
// starts. Not for: what its end means to a person (helper-command.ts, gh.ts).
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Options } from 'execa';
import { systemClock } from '../base/clock.ts';
import type { Timer } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import { maskCredentials } from '../base/mask.ts';
import { REDACTED } from '../base/secret.ts';
import { findSessionBus } from '../vault/session-bus.ts';

export interface HelperProcess {
  /** A whole command line for the system's shell; or a program with its arguments, which no shell sees. */
  readonly command: string | readonly [file: string, ...args: readonly string[]];
  /** All of its environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds, by a real clock for a real process. */
  readonly timeoutMs: number;
  /** Ends it at once. */
  readonly signal: AbortSignal;
}

export type HelperEnd =
  | { readonly kind: 'done'; readonly stdout: string }
  /** `stderr`: the end of it, without what looks like a secret. */
  | { readonly kind: 'failed'; readonly exit: number | NodeJS.Signals; readonly stderr: string }
  /** `code`: the system's, such as `ENOENT`. */
  | { readonly kind: 'not-started'; readonly code: string | undefined; readonly why: string }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'too-much' };

/** Characters of stdout. No token or key is as long. */
const MOST_OUTPUT = 65_536;
/** Characters of stderr that are kept: more than a private key has, so that one is known as such before any is cut off. */
const MOST_STDERR = 16_384;
/** And that are told: the last ones, which say why it failed. */
const MOST_COMPLAINT = 2_048;
/** What it printed is read this long after it ended, in ms: what it left in the background may hold its pipes for ever. */
const LAST_WORDS = 250;

const HAS_GROUPS = process.platform !== 'win32';

/**
 * Runs it with nothing on stdin. At its time-out, and when `signal` aborts or this process ends, all of its process group
 * is killed: without SIGTERM, since whoever waits has waited long enough, and the group may ignore it. What it leaves
 * running when it ends by itself (an agent that keeps a key) is let be.
 * @throws the signal's reason
 */
export async function runToEnd({ command, env, timeoutMs, signal }: HelperProcess): Promise<HelperEnd> {
  const { execa } = await import('execa');
  const bus = await sessionBus(env);
  signal.throwIfAborted();
  const options = {
    env: { ...env, ...(bus !== undefined && { DBUS_SESSION_BUS_ADDRESS: bus }) },
    extendEnv: false,
    detached: HAS_GROUPS,
    stdin: 'ignore',
    buffer: false,
    reject: false,
    // Not even for NODE_DEBUG=execa, which prints all that a command does: that is the secret.
    verbose: 'none',
  } as const satisfies Options;
  const child =
    typeof command === 'string'
      ? execa(command, { ...options, shell: true })
      : execa(command[0], command.slice(1), options);
  const said = { stdout: '', stderr: '' };
  let stopped: HelperEnd | undefined;
  const stop = (end?: HelperEnd): void => {
    stopped ??= end;
    killAll(child);
  };
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    said.stdout += piece;
    if (said.stdout.length > MOST_OUTPUT) stop({ kind: 'too-much' });
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said.stderr = (said.stderr + piece).slice(-MOST_STDERR);
  });
  const limits = boundBy(child, { timeoutMs, signal }, stop);
  try {
    const result = await child;
    signal.throwIfAborted();
    if (stopped) return stopped;
    if (!result.failed) return { kind: 'done', stdout: said.stdout };
    const exit = result.signal ?? result.exitCode;
    if (exit !== undefined) return { kind: 'failed', exit, stderr: complaint(said) };
    return { kind: 'not-started', code: codeOf(result.cause), why: messageOf(result.cause) };
  } finally {
    limits.cancel();
  }
}

/** Stops a child at its time-out, for its caller, and with this process; and no longer reads what nobody writes. */
function boundBy(
  child: ChildProcess,
  { timeoutMs, signal }: Pick<HelperProcess, 'timeoutMs' | 'signal'>,
  stop: (end?: HelperEnd) => void,
): Timer {
  const end = (): void => stop();
  signal.addEventListener('abort', end, { once: true });
  process.once('exit', end);
  const limit = systemClock.after(timeoutMs, () => stop({ kind: 'too-long' }));
  let lastWords: Timer | undefined;
  child.once('exit', () => {
    limit.cancel();
    lastWords = systemClock.after(LAST_WORDS, () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    });
  });
  return {
    cancel() {
      limit.cancel();
      lastWords?.cancel();
      signal.removeEventListener('abort', end);
      process.removeListener('exit', end);
    },
  };
}

/** Keychains are asked by way of the bus, whose address most clients keep from us (vault/session-bus.ts). */
async function sessionBus(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  return findSessionBus({ env, uid: process.getuid?.() ?? -1 });
}

/** Once its leader has ended a group's number may become somebody else's: nobody is killed by it any more. */
function killAll({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  if (!HAS_GROUPS) {
    const taskkill = path.win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'taskkill.exe');
    const options = { stdio: 'ignore', windowsHide: true, detached: true } as const;
    const killing = spawn(taskkill, ['/pid', String(pid), '/T', '/F'], options);
    killing.on('error', () => {}).unref();
    return;
  }
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended just now, which is what was wanted.
  }
}

/** What stands at the cut: half of a word, or of a key as PEM, would not be known as a secret. */
const HALF = /^(?:(?:[^-]|-(?!----))*-----END [A-Z ]*KEY-----|\S*)/;

/** The end of stderr. A command that traces itself writes there what it prints: that is cut out. */
function complaint({ stdout, stderr }: { stdout: string; stderr: string }): string {
  const whole = stderr.length < MOST_STDERR ? stderr : stderr.replace(HALF, '');
  let text = stripVTControlCharacters(whole);
  for (const word of new Set(stdout.split(/\s+/)))
    if (word.length >= 8) text = text.replaceAll(word, REDACTED);
  return maskCredentials(text).slice(-MOST_COMPLAINT);
}
