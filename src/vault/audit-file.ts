// The audit trail on the disk (DESIGN 2.10): a JSON line an entry, from any number of processes at once, in files that do
// not grow without end. Not for: reading it (audit-reader.ts), or what is worth noting (base/audit.ts).
import { open, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Audit, AuditEntry, AuditLine } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import { codeOf, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';

export interface AuditFileOptions {
  /** Absolute; made with mode 0700 where it is missing, at the first entry. */
  readonly stateDir: string;
  readonly profile: string;
  /** As a person knows it, such as `github.com`. */
  readonly host: string;
  readonly clock: Clock;
  readonly log: Log;
  /** A file that has grown to so many bytes is kept aside and a new one is begun. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 5_000_000;
/** Files that are kept aside: `audit.1.jsonl` is the youngest. */
const KEPT_FILES = 3;
/** Renames take no time: whoever holds the lock for longer is not coming back. In ms. */
const LOCK_TTL_MS = 10_000;
const FILE_MODE = 0o600;
const OTHERS = 0o077;
/** Longer details would be somebody's mistake, and a line is to be written in one go. In characters. */
const LONGEST_DETAIL = 1000;

/** The current file first, then those kept aside, youngest first. */
export function auditFiles(stateDir: string): [string, ...string[]] {
  const aside = Array.from({ length: KEPT_FILES }, (_, at) => path.join(stateDir, `audit.${at + 1}.jsonl`));
  return [path.join(stateDir, 'audit.jsonl'), ...aside];
}

interface Noted {
  readonly at: number;
  readonly entry: AuditEntry;
}

/** Writes entries in their order, each with one write; a directory that cannot be written costs them and one warning. */
export function createAuditFile(options: AuditFileOptions): Audit {
  const { stateDir, clock, log, maxBytes = MAX_BYTES } = options;
  const [file] = auditFiles(stateDir);
  let queue: Noted[] = [];
  let writing: Promise<void> | undefined;
  let hasWarned = false;

  const warn = (error: unknown): void => {
    if (!hasWarned) log.warn(`the audit trail ${file} cannot be written: ${messageOf(error)}`);
    hasWarned = true;
  };

  const writeAll = async (): Promise<void> => {
    // What is noted in this turn of the event loop is written together, and nothing of it holds up a start.
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    while (queue.length > 0) {
      const noted = queue;
      queue = [];
      try {
        const lines = await Promise.all(noted.map((one) => lineOf(one, options)));
        const size = await append(file, lines, log);
        if (size >= maxBytes) await rotate(stateDir, maxBytes, clock, log);
      } catch (error) {
        warn(error);
      }
    }
    writing = undefined;
  };

  return {
    note(entry) {
      queue.push({ at: clock.now(), entry });
      writing ??= writeAll();
    },
    async flush() {
      await writing;
    },
  };
}

async function lineOf({ at, entry }: Noted, { profile, host }: AuditFileOptions): Promise<Buffer> {
  const { event, login, token, generation, detail } = entry;
  const line: AuditLine = {
    time: new Date(at).toISOString(),
    event,
    profile,
    host,
    ...(login !== undefined && { login }),
    ...(token !== undefined && { token: await fingerprintOf(token) }),
    ...(generation !== undefined && { generation }),
    pid: process.pid,
    ...(detail !== undefined && { detail: detail.slice(0, LONGEST_DETAIL) }),
  };
  return Buffer.from(`${JSON.stringify(line)}\n`);
}

/** The first 8 hex digits of its SHA-256: enough to tell tokens apart, and nothing to guess them by. */
export async function fingerprintOf(token: Secret): Promise<string> {
  // Milliseconds to load: here, and not at the start.
  const { createHash } = await import('node:crypto');
  return createHash('sha256').update(token.reveal()).digest('hex').slice(0, 8);
}

/**
 * The system appends each write as a whole (O_APPEND, POSIX), so lines of several processes do not mix.
 * @returns how many bytes the file has then
 */
async function append(file: string, lines: readonly Buffer[], log: Log): Promise<number> {
  for (;;) {
    const handle = await openToAppend(file, log);
    try {
      for (const line of lines) await appendLine(handle, line);
      const { size, nlink, mode } = await handle.stat();
      if (process.platform !== 'win32' && (mode & OTHERS) !== 0) await handle.chmod(FILE_MODE);
      // So many rotations came between that the file is gone already: these lines were the last in it.
      if (nlink > 0) return size;
    } finally {
      await handle.close();
    }
  }
}

type Handle = Awaited<ReturnType<typeof open>>;

async function openToAppend(file: string, log: Log): Promise<Handle> {
  try {
    return await open(file, 'a', FILE_MODE);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    const { makePrivateDirectory } = await import('./disk.ts');
    await makePrivateDirectory(path.dirname(file), log);
    return open(file, 'a', FILE_MODE);
  }
}

/** @throws the disk is full: a part of the line may be there, which a reader passes over */
async function appendLine(handle: Handle, line: Buffer): Promise<void> {
  const { bytesWritten } = await handle.write(line);
  if (bytesWritten === line.length) return;
  // The rest would land behind the line of somebody else; on a line of its own it is whole.
  const again = Buffer.concat([Buffer.from('\n'), line]);
  const { bytesWritten: second } = await handle.write(again);
  if (second < again.length) throw new Error('the disk took only a part of it');
}

/** Keeps the file aside and the ones before it one further, unless somebody else has just done so, or is at it. */
async function rotate(stateDir: string, maxBytes: number, clock: Clock, log: Log): Promise<void> {
  const { createLock } = await import('./disk.ts');
  const lock = createLock(path.join(stateDir, 'audit.lock'), { ttlMs: LOCK_TTL_MS, clock, log });
  const held = await lock.tryTake();
  if (held === undefined) return;
  try {
    const files = auditFiles(stateDir);
    if ((await sizeOf(files[0])) < maxBytes) return;
    // Only as far as the first gap: one that was killed in the middle of this has left one.
    let last = 1;
    while (last < KEPT_FILES && (await sizeOf(files[last] ?? '')) > 0) last += 1;
    for (let at = last; at > 0; at -= 1) await rename(files[at - 1] ?? '', files[at] ?? '');
  } finally {
    await held.release();
  }
}

/** In bytes; 0 where there is none. */
async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
