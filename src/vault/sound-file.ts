// Small files of ours that have to make sense: one that does not is kept aside and told, once, and made anew when needed.
// Not for: how they are written (private-file.ts), or records, whose sense depends on a key (file.ts).
import { StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { readPrivate, setAside } from './private-file.ts';

export interface SoundFile<T> {
  readonly file: string;
  /** `undefined` where the bytes are no good. */
  readonly parse: (bytes: Buffer) => T | undefined;
  /** What is wrong then, as in `the key file /x/y is damaged (3 bytes instead of 32)`. */
  readonly complaint: (bytes: Buffer) => string;
  /** What that means, a sentence or two. */
  readonly consequence: string;
  readonly log: Log;
  /** Default: {@link readPrivate}. */
  readonly read?: () => Promise<Buffer | undefined>;
}

/** How often a file that changes under our eyes is looked at again. */
const LOOKS = 5;

/**
 * What a file says, or `undefined` where there is none. One that is no good is kept aside, reported, and counts as none.
 * @throws {StorageError}
 */
export async function readSound<T>(sound: SoundFile<T>): Promise<T | undefined> {
  const { file, log } = sound;
  for (let look = 0; look < LOOKS; look += 1) {
    const bytes = await (sound.read?.() ?? readPrivate(file, log));
    if (!bytes) return undefined;
    const found = sound.parse(bytes);
    if (found !== undefined) return found;
    const aside = await setAside(file, bytes);
    if (aside === undefined) continue;
    log.warn(`${sound.complaint(bytes)}; kept as ${aside}. ${sound.consequence}`);
    return undefined;
  }
  throw unstable(file);
}

/**
 * What a file says, else what a new one says: of all processes that ask at once, one makes it.
 * @param create makes it, as {@link createPrivate}, and gives what it says; `undefined` where somebody was faster
 * @throws {StorageError}
 */
export async function readOrCreate<T>(
  file: string,
  read: () => Promise<T | undefined>,
  create: () => Promise<T | undefined>,
): Promise<T> {
  for (let look = 0; look < LOOKS; look += 1) {
    const found = (await read()) ?? (await create());
    if (found !== undefined) return found;
  }
  throw unstable(file);
}

function unstable(file: string): StorageError {
  return new StorageError(`${file} keeps changing`, {
    next: 'Stop other programs that write to it, and try again.',
  });
}
