// Files that only their owner may read, written so that a crash leaves the old or the new one, whole.
// Not for: what is in them. Windows has no permission bits: there the profile directory's ACL protects them.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { codeOf, messageOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
/** The permission bits of everybody but the owner. */
const OTHERS = 0o077;
const hasModes = process.platform !== 'win32';

/**
 * The bytes of a file, or `undefined` where there is none. Permissions for others are taken away, with a warning.
 * @throws {StorageError} it is there and cannot be read
 */
export async function readPrivate(file: string, log: Log): Promise<Buffer | undefined> {
  try {
    const handle = await open(file, 'r');
    try {
      const { mode } = await handle.stat();
      if (hasModes && (mode & OTHERS) !== 0) {
        log.warn(`${file} could be read by others (mode ${(mode & 0o777).toString(8)}): set to 600`);
        await handle.chmod(FILE_MODE);
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storageError('read', file, error);
  }
}

/** @throws {StorageError} it cannot be made */
export async function makePrivateDirectory(directory: string, log: Log): Promise<void> {
  try {
    await makeDirectories(directory);
    if (!hasModes) return;
    const handle = await open(directory, 'r');
    try {
      const { mode } = await handle.stat();
      if ((mode & OTHERS) === 0) return;
      log.warn(`${directory} was open to others (mode ${(mode & 0o777).toString(8)}): set to 700`);
      await handle.chmod(DIRECTORY_MODE);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storageError('create', directory, error);
  }
}

/**
 * Makes a directory and those above it. Node's own `recursive` tries for ever, on a thread that cannot be stopped,
 * where a directory is there and answers ENOENT to whatever is made in it: an automounter's, or /proc.
 */
async function makeDirectories(directory: string): Promise<void> {
  const error = await makeDirectory(directory);
  if (error === undefined) return;
  const parent = path.dirname(directory);
  if (codeOf(error) !== 'ENOENT' || parent === directory) throw error;
  if (!(await isDirectory(parent))) await makeDirectories(parent);
  // Once more, also where the parent was there: a sibling may have made it since.
  const again = await makeDirectory(directory);
  if (again !== undefined) throw again;
}

/** @returns what went wrong, where there is no such directory now */
async function makeDirectory(directory: string): Promise<Error | undefined> {
  try {
    await mkdir(directory, { mode: DIRECTORY_MODE });
    return undefined;
  } catch (error) {
    return (await isDirectory(directory)) ? undefined : (error as Error);
  }
}

async function isDirectory(at: string): Promise<boolean> {
  return stat(at).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * Replaces a file at once: readers see the old bytes or the new ones.
 * @throws {StorageError} the old file is then still whole
 */
export async function replacePrivate(file: string, bytes: string | Uint8Array): Promise<void> {
  await viaTemporary(file, bytes, (temporary) => rename(temporary, file));
}

/**
 * Makes a file that must not be there yet; of two processes at once exactly one succeeds.
 * @returns whether this call made it
 * @throws {StorageError}
 */
export async function createPrivate(file: string, bytes: Uint8Array): Promise<boolean> {
  let isMade = true;
  await viaTemporary(file, bytes, async (temporary) => {
    // As exclusive as opening with `wx`, and nobody ever sees the file while it is still empty.
    const error = await link(temporary, file).catch((reason: unknown) => reason);
    if (error !== undefined && codeOf(error) !== 'EEXIST') isMade = await createInPlace(file, bytes);
    else isMade = error === undefined;
    await unlink(temporary);
  });
  return isMade;
}

/** For file systems without hard links. A reader may see it short for an instant: see the retry in key-file.ts. */
async function createInPlace(file: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const handle = await open(file, 'wx', FILE_MODE);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Moves a file that is no good to `<file>.damaged-<n>`, never over an older one.
 * @param judged the bytes that were found to be no good
 * @returns where it is now, or `undefined` where somebody replaced the file meanwhile: then read it again
 * @throws {StorageError}
 */
export async function setAside(file: string, judged: Uint8Array): Promise<string | undefined> {
  try {
    const aside = await reserve(`${file}.damaged-`);
    try {
      await rename(file, aside);
    } catch (error) {
      await unlink(aside);
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    if ((await readFile(aside)).equals(judged)) return aside;
    // A sibling stored a good one between our look and the rename: it goes back, unless there is a newer one yet.
    await link(aside, file);
    await unlink(aside);
    return undefined;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw storageError('move aside', file, error);
  }
}

/** An empty file under the first free number, so that the rename onto it can overwrite nothing else. */
async function reserve(prefix: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const name = `${prefix}${number}`;
    try {
      await (await open(name, 'wx', FILE_MODE)).close();
      return name;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/** Writes a temporary file beside `file`, lets `place` put it there, and makes both last through a power cut. */
async function viaTemporary(
  file: string,
  bytes: string | Uint8Array,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    const handle = await open(temporary, 'wx', FILE_MODE);
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(temporary);
    await syncDirectory(path.dirname(file));
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw storageError('write', file, error);
  }
}

/** A writer that is at work has its temporary file for less than that, wherever its process is counted. */
const ABANDONED_MS = 60_000;

/**
 * Removes what writers of `file` left who were killed before the rename. Nobody reads these, so nothing here fails.
 * @param now milliseconds since the epoch
 */
export async function sweepTemporaries(file: string, now: number): Promise<void> {
  const directory = path.dirname(file);
  const names = await readdir(directory).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${path.basename(file)}.`)) continue;
    const writer = /\.(\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (writer === undefined || isAlive(Number(writer))) continue;
    const temporary = path.join(directory, name);
    const found = await stat(temporary).catch(() => undefined);
    if (found && now - found.mtimeMs > ABANDONED_MS) await unlink(temporary).catch(() => {});
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return codeOf(error) !== 'ESRCH';
  }
}

/** Without this a rename may not survive a power cut. Windows cannot open a directory, and needs no such thing. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What happened, to which path, why (the system's own words), and what to do. */
export function storageError(action: string, file: string, error: unknown): StorageError {
  const elsewhere =
    'choose another place with --state-dir (GH_MCP_PROXY_STATE_DIR), or keep nothing with --store memory';
  const code = codeOf(error);
  const mend =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'Free some disk space'
      : code === 'ENOTDIR' || code === 'EEXIST' || code === 'EISDIR'
        ? 'See what is at that path'
        : 'Give yourself permission to read and write there';
  return new StorageError(`cannot ${action} ${file}: ${messageOf(error)}`, {
    next: `${mend}, ${elsewhere}.`,
    cause: error,
  });
}
