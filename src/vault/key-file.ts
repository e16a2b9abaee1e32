// The plainest source of a key: a file beside the records, for its owner only.
// Not for: sealing (seal.ts). A key file protects against a copied record, not against whoever reads the account.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { KeySource } from './key-source.ts';
import { createPrivate, makePrivateDirectory, readPrivate } from './private-file.ts';
import type { VaultKey } from './seal.ts';
import { KEY_BYTES, keyFromBytes } from './seal.ts';
import { readOrCreate, readSound } from './sound-file.ts';

/** A key file that is shorter than a key may be in the middle of its making: looked at again this often. */
const SHORT_READS = 5;
const SHORT_READ_PAUSE_MS = 20;

/** The key as 32 raw bytes in `file`, mode 0600. It is read at each call: that costs nothing. */
export function createKeyFile(file: string, log: Log, clock: Clock): KeySource {
  const readWhole = async (): Promise<Buffer | undefined> => {
    for (let reads = 1; ; reads += 1) {
      const bytes = await readPrivate(file, log);
      if (!bytes || bytes.length >= KEY_BYTES || reads === SHORT_READS) return bytes;
      await delay(clock, SHORT_READ_PAUSE_MS);
    }
  };

  const load = (): Promise<VaultKey | undefined> =>
    readSound({
      file,
      read: readWhole,
      parse: (bytes) => (bytes.length === KEY_BYTES ? keyFromBytes(bytes) : undefined),
      complaint: ({ length }) => `the key file ${file} is damaged (${length} bytes instead of ${KEY_BYTES})`,
      consequence: 'What was stored with it cannot be opened: log in again, or put the right key back',
      log,
    });

  return {
    place: file,
    load,
    async obtain() {
      return readOrCreate(file, load, async () => {
        await makePrivateDirectory(path.dirname(file), log);
        const bytes = randomBytes(KEY_BYTES);
        return (await createPrivate(file, bytes)) ? keyFromBytes(bytes) : undefined;
      });
    },
  };
}
