// Where a secret comes from that a setting names instead of holding it: a file, a variable, a command.
// Not for: keys that stay in a key service (app/key-source.ts), or what the secret is for.
import { createReadStream } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { codeOf, messageOf, RefusedError, UsageError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { runHelper } from './helper-command.ts';

export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'command'; readonly command: string };

export interface SecretReading {
  readonly env: NodeJS.ProcessEnv;
  /** Of a command, in ms. */
  readonly timeoutMs: number;
  /** The setting that names the source, for errors, such as `--subject-token-file`. */
  readonly what: string;
  readonly signal: AbortSignal;
}

/**
 * @param text `file:PATH`, `env:NAME` or `command:COMMAND`
 * @param setting that holds it, such as `--app-private-key`
 * @throws {UsageError} anything else; it is not repeated, for it may be the secret itself
 */
export function parseSecretSource(text: string, setting: string): SecretSource {
  const [, kind, rest = ''] = /^(file|env|command):(.*)$/s.exec(text.trim()) ?? [];
  if (kind === undefined)
    throw new UsageError(`${setting} names where a secret is: file:PATH, env:NAME or command:COMMAND`, {
      next: 'If it holds the secret itself, take it out: anybody on this machine can read a command line.',
    });
  if (rest.trim() === '') throw new UsageError(`${setting} has nothing after ${kind}:`);
  if (kind === 'file') return { kind, path: rest };
  if (kind === 'command') return { kind, command: rest };
  if (!/^[A-Za-z_]\w*$/.test(rest))
    throw new UsageError(`${setting} has something after env: that is not the name of a variable`);
  return { kind: 'env', name: rest };
}

/** Of a file, in bytes: no secret is longer, and a wrong path may be that of a log, or of a device without an end. */
const LARGEST = 64 * 1024;

/**
 * The secret, less one newline at its end. It is read anew each time.
 * @throws {RefusedError} `no_secret`: missing, empty or unreadable; `helper_failed` (helper-command.ts)
 * @throws {UnreachableError} a command did not end in time
 * @throws the signal's reason
 */
export async function readSecret(source: SecretSource, reading: SecretReading): Promise<Secret> {
  const text = (await textOf(source, reading)).replace(/\r?\n$/, '');
  if (text.trim() !== '') return new Secret(text);
  throw noSecret(`${nameOf(source, reading.what)} is empty`, 'Put the secret there.');
}

async function textOf(
  source: SecretSource,
  { env, timeoutMs, what, signal }: SecretReading,
): Promise<string> {
  if (source.kind === 'file') return fileText(inHome(source.path, env), what, signal);
  if (source.kind === 'command') return runHelper({ command: source.command, env, timeoutMs, what, signal });
  return envText(source.name, env, what);
}

/** @throws {RefusedError} the variable is not set */
function envText(name: string, env: NodeJS.ProcessEnv, what: string): string {
  const text = env[name];
  if (text !== undefined) return text;
  throw noSecret(
    `the variable ${name}, which ${what} names, is not set`,
    'Set it where the client is started, or in the "env" of this server\'s entry in mcp.json.',
  );
}

async function fileText(file: string, what: string, signal: AbortSignal): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of createReadStream(file, { end: LARGEST, signal })) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (bytes.byteLength <= LARGEST) return bytes.toString('utf8');
  } catch (error) {
    signal.throwIfAborted();
    const why = WHY[codeOf(error) ?? ''] ?? `cannot be read (${messageOf(error)})`;
    throw noSecret(
      `the file of ${what}, ${file}, ${why}`,
      'Correct the path, or who may read it; a relative one begins where the client starts this command.',
      error,
    );
  }
  throw noSecret(
    `the file of ${what}, ${file}, is larger than any secret (more than ${LARGEST / 1024} KiB)`,
    'Name the file that holds the secret and nothing else.',
  );
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
  EISDIR: 'is a folder',
};

/** No shell has seen it: an mcp.json is no command line, and people write `~` there all the same. */
export function inHome(file: string, env: NodeJS.ProcessEnv): string {
  return /^~[/\\]/.test(file) ? path.join(env.HOME || homedir(), file.slice(2)) : file;
}

function nameOf(source: SecretSource, what: string): string {
  if (source.kind === 'file') return `the file of ${what}, ${source.path},`;
  if (source.kind === 'env') return `the variable ${source.name}, which ${what} names,`;
  return `what the command of ${what} printed`;
}

function noSecret(message: string, next: string, cause?: unknown): RefusedError {
  return new RefusedError('no_secret', message, { next, cause });
}
