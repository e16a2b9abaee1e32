// The steps on the file system that a lock is made of, each of them atomic, so that a test can take them one by one.
// Not for: their order and what they mean (lock.ts).
import { mkdir, open, readdir, rename, rmdir, stat, unlink, utimes } from 'node:fs/promises';
import { codeOf } from '../base/errors.ts';

/** All reject with Node's errors, except that what is to be removed or looked at need not be there. */
export interface LockFiles {
  /** The names in a directory; `undefined` where there is none. */
  list(directory: string): Promise<readonly string[] | undefined>;
  /** When a file was last touched, in milliseconds; `undefined` where there is none. */
  touchedAt(file: string): Promise<number | undefined>;
  /** @param at milliseconds since the epoch */
  touch(file: string, at: number): Promise<void>;
  makeDirectory(directory: string): Promise<void>;
  /** An empty file, which must not be there yet. */
  makeFile(file: string): Promise<void>;
  /** Renames; a directory that is moved over another one fails unless that one is empty (rename(2), POSIX). */
  move(from: string, to: string): Promise<void>;
  removeFile(file: string): Promise<void>;
  /** Only where it is empty; else nothing happens. */
  removeDirectory(directory: string): Promise<void>;
}

const NOT_THERE: readonly unknown[] = ['ENOENT'];
/** POSIX leaves it to the system which of the two means that a directory is not empty. */
const NOT_EMPTY: readonly unknown[] = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];

export const systemFiles: LockFiles = {
  list: (directory) => unless(NOT_THERE, readdir(directory)),
  touchedAt: async (file) => (await unless(NOT_THERE, stat(file)))?.mtimeMs,
  touch: (file, at) => unless(NOT_THERE, utimes(file, at / 1000, at / 1000)),
  async makeDirectory(directory) {
    await mkdir(directory, { mode: 0o700 });
  },
  async makeFile(file) {
    await (await open(file, 'wx', 0o600)).close();
  },
  move: rename,
  removeFile: (file) => unless(NOT_THERE, unlink(file)),
  removeDirectory: (directory) => unless(NOT_EMPTY, rmdir(directory)),
};

/** `undefined` where it fails in one of the ways that are no failure. */
async function unless<T>(harmless: readonly unknown[], work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (harmless.includes(codeOf(error))) return undefined;
    throw error;
  }
}
