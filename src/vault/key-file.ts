// Where the key that seals records comes from, and the plainest source: a file beside them, for its owner only.
// Not for: sealing (seal.ts). A key file protects against a copied record, not against whoever reads the account.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import { StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createPrivate, makePrivateDirectory, readPrivate, setAside } from './private-file.ts';
import type { VaultKey } from './seal.ts';
import { KEY_BYTES, keyFromBytes } from './seal.ts';

/** One way to the 256-bit key. Each call asks anew: another process may have replaced the key. */
export interface KeySource {
  /** Where the key is, as told to a person. */
  readonly place: string;
  /** The key there is, or `undefined`; a damaged one is kept aside and reported. @throws {StorageError} */
  load(): Promise<VaultKey | undefined>;
  /** The key there is, else a new one; all processes that ask at once get the same. @throws {StorageError} */
  obtain(): Promise<VaultKey>;
}

/** A key file that is shorter than a key may be in the middle of its making: looked at again this often. */
const SHORT_READS = 5;
const SHORT_READ_PAUSE_MS = 20;
const ATTEMPTS = 5;

/** The key as 32 raw bytes in `file`, mode 0600. */
export function createKeyFile(file: string, log: Log, clock: Clock): KeySource {
  const readWhole = async (): Promise<Buffer | undefined> => {
    for (let reads = 1; ; reads += 1) {
      const bytes = await readPrivate(file, log);
      if (!bytes || bytes.length >= KEY_BYTES || reads === SHORT_READS) return bytes;
      await delay(clock, SHORT_READ_PAUSE_MS);
    }
  };

  const load = async (): Promise<VaultKey | undefined> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const bytes = await readWhole();
      if (!bytes) return undefined;
      if (bytes.length === KEY_BYTES) return keyFromBytes(bytes);
      const aside = await setAside(file, bytes);
      if (aside === undefined) continue;
      log.warn(
        `the key file ${file} is damaged (${bytes.length} bytes instead of ${KEY_BYTES}); kept as ${aside}. ` +
          'What was stored with it cannot be opened: log in again, or put the right key back',
      );
      return undefined;
    }
    throw unstable(file);
  };

  return {
    place: file,
    load,
    async obtain() {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const key = await load();
        if (key) return key;
        await makePrivateDirectory(path.dirname(file), log);
        const bytes = randomBytes(KEY_BYTES);
        if (await createPrivate(file, bytes)) return keyFromBytes(bytes);
      }
      throw unstable(file);
    },
  };
}

function unstable(file: string): StorageError {
  return new StorageError(`the key file ${file} keeps changing`, {
    next: 'Stop other programs that write to it, and try again.',
  });
}
