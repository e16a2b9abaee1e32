// What several processes need to use one record: locks, news of changes, the login flow that waits for a person, and
// what the refresher is handed. Not for: when any of it is used (auth/).
import { unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { codeOf, explanationOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { decodeFlow, encodeFlow } from './flow.ts';
import { canonicalIdentity } from './identity.ts';
import type { Keys } from './keys.ts';
import { createLock, heldLock } from './lock.ts';
import { makePrivateDirectory, storageError } from './private-file.ts';
import type { Envelope } from './seal.ts';
import { seal } from './seal.ts';
import { keyAfter, openSealed } from './sealed-file.ts';
import type { LockPurpose, RecordIdentity, Sharing } from './vault.ts';
import { watchFile } from './watch.ts';

export interface SharingOptions {
  readonly stateDir: string;
  readonly fileOf: (identity: RecordIdentity) => string;
  readonly envelopeIn: (file: string) => Promise<Envelope | undefined>;
  readonly replace: (file: string, text: string) => Promise<void>;
  readonly keys: Keys;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * A refresh ends within 30 s whatever happens (auth/refresher.ts), and a login's holder shows itself at each poll, which
 * a server that is busy spaces out. Only a holder that is stopped, or on another machine, is waited for so long.
 */
const TTL_MS: Readonly<Record<LockPurpose, number>> = { refresh: 40_000, login: 60_000 };

export function createSharing(options: SharingOptions): Sharing {
  const { stateDir, fileOf, envelopeIn, replace, keys, log, clock } = options;
  const beside = (identity: RecordIdentity, suffix: string): string =>
    fileOf(identity).replace(/json$/, suffix);
  const lockOf = (identity: RecordIdentity, purpose: LockPurpose): string =>
    beside(identity, `${purpose}.lock`);
  const flowOf = (identity: RecordIdentity): string => beside(identity, 'login.json');

  return {
    lock: (identity, purpose) =>
      createLock(lockOf(identity, purpose), { ttlMs: TTL_MS[purpose], clock, log }),
    resumeLock: (identity, purpose, nonce) => heldLock(lockOf(identity, purpose), nonce, { clock, log }),
    watch: (identity, onChange) => watchFile(fileOf(identity), onChange, { clock, log }),

    async readFlow(identity) {
      try {
        const envelope = await envelopeIn(flowOf(identity));
        if (envelope?.kind !== 'sealed') return undefined;
        const opened = await openSealed(keys, envelope, boundFor(identity));
        return opened.kind === 'text' ? decodeFlow(opened.text) : undefined;
      } catch (error) {
        // Without it there is a new code, which is all that is lost.
        if (!(error instanceof StorageError)) throw error;
        log.info(`the login that waits for a person cannot be looked up: ${explanationOf(error)}`);
        return undefined;
      }
    },

    async writeFlow(identity, flow) {
      const file = flowOf(identity);
      await makePrivateDirectory(path.dirname(file), log);
      // As the record that it will bring, and no less safely than the one that it will replace.
      const key = await keyAfter(keys, await envelopeIn(fileOf(identity)));
      await replace(file, seal(key, identity, boundFor(identity), encodeFlow(flow)));
    },

    async removeFlow(identity) {
      const file = flowOf(identity);
      try {
        await unlink(file);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw storageError('remove', file, error);
      }
    },

    async delegate(identity) {
      const { kind, key } = await keyAfter(keys, await envelopeIn(fileOf(identity)));
      return { stateDir, key: key.secret, keyKind: kind };
    },
  };
}

/** A flow put in a record's place does not open, nor the reverse. */
function boundFor(identity: RecordIdentity): string {
  return `login ${canonicalIdentity(identity)}`;
}
