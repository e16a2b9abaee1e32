// A lock among processes that outlives none of its holders for long (DESIGN 2.8), without a server and without flock(2),
// which Node does not have. Not for: what is done under it, or waiting for it: callers ask again.
//
// The lock is a directory with one file in it, whose name says who holds it.
//
//     take      make a directory of one's own with that file in it, and move it to the lock's name: rename(2) fails
//               unless nothing or an empty directory is there
//     release   remove the file, then the directory if it is empty
//     evict     remove the file of a holder that has ended, or has done nothing for too long; then take
//     pass on   rename the file
//
// Each of these steps names the holder that it is about, and fails or does nothing when that one holds the lock no more.
// So a process that was stopped at any point, for however long, cannot harm who came after it: there is no moment
// between a look and an act that would have to be guarded. What is left by those who were killed has their name as well,
// and is swept by the next who releases. Nothing is synced: a lock need not survive a power cut.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import { codeOf, messageOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { LockFiles } from './lock-files.ts';
import { systemFiles } from './lock-files.ts';
import type { Processes } from './lock-holder.ts';
import { holderOf, nameOf, systemProcesses } from './lock-holder.ts';
import { makePrivateDirectory, storageError } from './private-file.ts';
import type { HeldLock, Lock } from './vault.ts';

/** What a lock stands on; tests put their own in its place. */
export interface LockSystem {
  readonly files: LockFiles;
  readonly processes: Processes;
  /** 16 hex digits that nobody else has. */
  readonly nonce: () => string;
}

export interface HeldLockOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly system?: LockSystem;
}

export interface LockOptions extends HeldLockOptions {
  /**
   * A holder that cannot be seen to have ended (it is stopped, hangs, or is on another machine) loses the lock when it
   * has not touched it for so long, in ms. Measured by the steady clock of the one who waits; clocks are not compared.
   */
  readonly ttlMs: number;
}

const system: LockSystem = {
  files: systemFiles,
  processes: systemProcesses,
  nonce: () => randomBytes(8).toString('hex'),
};

/** Drafts of another machine's processes count as left behind after so long. Removing one too early only fails a take. */
const ABANDONED_MS = 3_600_000;

/** How a step fails when somebody else was faster. */
const OUTRUN: ReadonlySet<unknown> = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT']);
/** What Windows says of files and directories that somebody else has open, or is removing, at this instant. */
const BUSY: ReadonlySet<unknown> = new Set(process.platform === 'win32' ? ['EPERM', 'EACCES', 'EBUSY'] : []);

/** @param directory the lock's name; the directory above is made where it is missing */
export function createLock(directory: string, options: LockOptions): Lock {
  const { clock, log, ttlMs } = options;
  const { files, processes, nonce } = options.system ?? system;
  /** What was there at the last look, and since when it has been so. */
  let seen: { readonly holders: string; readonly since: number } | undefined;

  /** Whether those who hold it have changed nothing for too long. */
  const haveGivenUp = async (names: readonly string[]): Promise<boolean> => {
    const times = await Promise.all(names.map((name) => files.touchedAt(path.join(directory, name))));
    const holders = JSON.stringify([names, times]);
    if (seen?.holders !== holders) seen = { holders, since: clock.steady() };
    return clock.steady() - seen.since >= ttlMs;
  };

  /** Whether nobody holds it, or did until now: who has ended or given up is put out. */
  const look = async (): Promise<'held' | 'free' | 'left'> => {
    const names = await files.list(directory);
    if (names === undefined) return 'free';
    // A name that is not understood may be a later version's: it counts as held, until nothing happens for too long.
    const present = names.filter((name) => {
      const holder = holderOf(name);
      return holder === undefined || !processes.isGone(holder);
    });
    if (present.length > 0 && !(await haveGivenUp(present))) return 'held';
    for (const name of names) {
      const why = present.includes(name) ? `has done nothing for ${ttlMs / 1000} s` : 'has ended';
      log.info(`the lock ${directory} is taken over: process ${holderOf(name)?.pid ?? name} ${why}`);
      await files.removeFile(path.join(directory, name));
    }
    // Not every file system moves a directory over an empty one.
    await files.removeDirectory(directory);
    return names.length > 0 ? 'left' : 'free';
  };

  /** The directory that will be the lock; made beside it. */
  const makeDraft = async (draft: string, name: string): Promise<void> => {
    try {
      await files.makeDirectory(draft);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await makePrivateDirectory(path.dirname(directory), log);
      await files.makeDirectory(draft);
    }
    await files.makeFile(path.join(draft, name));
  };

  const occupy = async (): Promise<HeldLock | undefined> => {
    const holder = { ...processes.describe(processes.pid), nonce: nonce() };
    const name = nameOf(holder);
    const draft = `${directory}.${name}`;
    try {
      await makeDraft(draft, name);
    } catch (error) {
      await removeDraft(files, draft, name).catch(() => {});
      throw storageError('lock', directory, error);
    }
    try {
      await files.move(draft, directory);
    } catch (error) {
      await removeDraft(files, draft, name);
      if (OUTRUN.has(codeOf(error))) return undefined;
      throw error;
    }
    const held = heldLock(directory, holder.nonce, options);
    // Somebody who took our draft for an abandoned one may have emptied it.
    return (await held.isHeld()) ? held : undefined;
  };

  return {
    async tryTake() {
      try {
        const found = await look();
        const held = found === 'held' ? undefined : await occupy();
        return held && found === 'left' ? { ...held, wasLeft: true } : held;
      } catch (error) {
        if (BUSY.has(codeOf(error))) return undefined;
        throw asStorageError(directory, error);
      }
    },
  };
}

/** Between two tries of {@link awaitLock}, in ms. */
const TRY_EVERY = 50;

/** Tries until the lock is ours; `undefined` where it is somebody else's for all of `patienceMs`. @throws {StorageError} */
export async function awaitLock(
  lock: Lock,
  clock: Clock,
  patienceMs = Infinity,
): Promise<HeldLock | undefined> {
  const from = clock.steady();
  for (;;) {
    const held = await lock.tryTake();
    if (held || clock.steady() - from > patienceMs) return held;
    await delay(clock, TRY_EVERY);
  }
}

/**
 * A lock that was taken under the name `nonce`, by this process or by the one that passed it to this one.
 * @param directory the lock's name
 */
export function heldLock(
  directory: string,
  nonce: string,
  { clock, log, ...rest }: HeldLockOptions,
): HeldLock {
  const { files, processes } = rest.system ?? system;

  /** The file that says it is ours: looked up each time, for passing it on renames it. */
  const find = async (): Promise<string | undefined> => {
    const names = await files.list(directory);
    const name = names?.find((one) => holderOf(one)?.nonce === nonce);
    return name === undefined ? undefined : path.join(directory, name);
  };

  return {
    nonce,

    async isHeld() {
      try {
        return (await find()) !== undefined;
      } catch (error) {
        throw asStorageError(directory, error);
      }
    },

    async touch() {
      try {
        const file = await find();
        if (file !== undefined) await files.touch(file, clock.now());
      } catch (error) {
        log.debug(`the lock ${directory} could not be touched: ${messageOf(error)}`);
      }
    },

    async passTo(pid) {
      try {
        const file = await find();
        const name = nameOf({ ...processes.describe(pid), nonce });
        if (file !== undefined) await files.move(file, path.join(directory, name));
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw asStorageError(directory, error);
      }
    },

    async release() {
      try {
        // Again where it was passed on between the look and the removal.
        for (let file = await find(); file !== undefined; file = await find()) await files.removeFile(file);
        await files.removeDirectory(directory);
        await sweep(directory, files, processes, clock);
      } catch (error) {
        // It ends with this process, or when it has not been touched for too long.
        log.debug(`the lock ${directory} could not be given back: ${messageOf(error)}`);
      }
    },
  };
}

/** Removes the drafts of those who were killed while they made one. */
async function sweep(directory: string, files: LockFiles, processes: Processes, clock: Clock): Promise<void> {
  const prefix = `${path.basename(directory)}.`;
  for (const entry of (await files.list(path.dirname(directory))) ?? []) {
    const name = entry.startsWith(prefix) ? entry.slice(prefix.length) : '';
    const holder = holderOf(name);
    if (holder === undefined) continue;
    const draft = path.join(path.dirname(directory), entry);
    const isLeft =
      processes.isGone(holder) || clock.now() - ((await files.touchedAt(draft)) ?? Infinity) > ABANDONED_MS;
    if (isLeft) await removeDraft(files, draft, name);
  }
}

async function removeDraft(files: LockFiles, draft: string, name: string): Promise<void> {
  await files.removeFile(path.join(draft, name));
  await files.removeDirectory(draft);
}

function asStorageError(directory: string, error: unknown): StorageError {
  return error instanceof StorageError ? error : storageError('lock', directory, error);
}
