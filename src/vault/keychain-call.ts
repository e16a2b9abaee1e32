// Asks the operating system's keychain through a process of its own (keychain-helper.cjs), for 3 s at the most.
// Not for: what is kept there (keychain.ts), or what its failures mean to a person (keychain-failure.ts).
//
// In this process a call would be 40 ms faster. But with a bus that does not answer the library blocks the thread that
// opens an entry, for ever, and a call that is under way keeps node from exiting.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { KeychainFailure } from './keychain-failure.ts';
import { failureOf } from './keychain-failure.ts';
import { isText, parseObject } from './plain.ts';
import { busSockets, findSessionBus } from './session-bus.ts';

export interface KeychainQuestion {
  readonly service: string;
  readonly account: string;
  /** Stored where there is nothing yet. */
  readonly value?: string;
}

export type KeychainAnswer =
  /** `undefined`: there is no such entry. */
  { readonly kind: 'value'; readonly value: string | undefined } | KeychainFailure;

/** Never rejects. */
export type AskKeychain = (question: KeychainQuestion) => Promise<KeychainAnswer>;

export interface KeychainCallOptions {
  /** DESIGN 2.8: 3 s, by a real clock, for a real process. */
  readonly limitMs?: number;
  readonly helper?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Beside this module in src/, and beside the chunk that this module is in in dist/. */
const HELPER = fileURLToPath(new URL('keychain-helper.cjs', import.meta.url));
const LIMIT_MS = 3_000;

/** Never rejects. What is asked is in the answer to nobody else: not in an argument, a variable or a file. */
export async function askKeychain(
  question: KeychainQuestion,
  { limitMs = LIMIT_MS, helper = HELPER, env = process.env }: KeychainCallOptions = {},
): Promise<KeychainAnswer> {
  const bus = await sessionBus(env);
  if (typeof bus === 'object') return bus;
  return new Promise((resolve) => {
    // What a person has node load for programs is not for this one.
    const { NODE_OPTIONS: _, ...rest } = env;
    const child = spawn(process.execPath, [helper], {
      env: { ...rest, ...(bus !== undefined && { DBUS_SESSION_BUS_ADDRESS: bus }) },
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    });
    const end = (answer: KeychainAnswer): void => {
      timer.cancel();
      kill();
      resolve(answer);
    };
    const kill = (): void => void child.kill('SIGKILL');
    const timer = systemClock.after(limitMs, () => end({ kind: 'silent', ms: limitMs }));
    // Whoever ends meanwhile does not wait for it.
    process.once('exit', kill);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', (error) => end({ kind: 'failed', why: messageOf(error) }));
    child.on('close', (code, signal) => {
      process.removeListener('exit', kill);
      end(answerOf(output) ?? { kind: 'failed', why: `its helper process ended with ${signal ?? code}` });
    });
    // It may have ended before it read: that shows at `close`.
    child.stdin.on('error', () => {}).end(JSON.stringify(question));
  });
}

/** The address that the Secret Service needs; `undefined` on systems whose keychain needs none. */
async function sessionBus(env: NodeJS.ProcessEnv): Promise<string | undefined | KeychainFailure> {
  if (process.platform === 'win32' || process.platform === 'darwin') return undefined;
  const where = { env, uid: process.getuid?.() ?? -1 };
  return (
    (await findSessionBus(where)) ?? { kind: 'no-bus', why: `no socket at ${busSockets(where).join(' or ')}` }
  );
}

function answerOf(output: string): KeychainAnswer | undefined {
  const fields = parseObject(output);
  if (!fields) return undefined;
  const { value, code, error } = fields;
  if (isText(error)) return failureOf(code, error);
  if (value !== null && !isText(value)) return undefined;
  return { kind: 'value', value: value ?? undefined };
}
