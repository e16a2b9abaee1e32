// The vault of `--store file`: sealed records in the state directory, one file each (DESIGN 2.8).
// Not for: the order in which processes refresh a shared record (a lock is another module's), or making keys.
import { createHash } from 'node:crypto';
import { unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { codeOf, messageOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { canonicalIdentity } from './identity.ts';
import type { KeySource } from './key-file.ts';
import { createKeyFile } from './key-file.ts';
import {
  makePrivateDirectory,
  readPrivate,
  replacePrivate,
  setAside,
  storageError,
  syncDirectory,
} from './private-file.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { open, parseEnvelope, seal } from './seal.ts';
import type { RecordIdentity, Vault, VaultRecord } from './vault.ts';

export interface FileVaultOptions {
  /** Absolute; made with mode 0700 where it is missing, at the first write. */
  readonly stateDir: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Default: `<stateDir>/credentials.key`. */
  readonly keys?: KeySource;
}

/** A record that was looked at. `lost` says why it cannot be opened, for a person. */
type Look =
  | { readonly kind: 'record'; readonly record: VaultRecord }
  | { readonly kind: 'newer' }
  | { readonly kind: 'lost'; readonly reason: string };

/** How often a record that changes under our eyes is read again. */
const ATTEMPTS = 3;

export function createFileVault({ stateDir, log, clock = systemClock, keys }: FileVaultOptions): Vault {
  const directory = path.join(stateDir, 'credentials');
  const keySource = keys ?? createKeyFile(path.join(stateDir, 'credentials.key'), log, clock);
  const fileOf = (identity: RecordIdentity): string => path.join(directory, `${recordName(identity)}.json`);

  const look = async (identity: RecordIdentity, bytes: Buffer): Promise<Look> => {
    const envelope = parseEnvelope(bytes.toString('utf8'));
    if (envelope.kind === 'newer') return envelope;
    if (envelope.kind === 'damaged') return { kind: 'lost', reason: 'is damaged' };
    const key = await keySource.load();
    if (!key)
      return { kind: 'lost', reason: `cannot be opened, for its key is missing (${keySource.place})` };
    const text = open(key, canonicalIdentity(identity), envelope);
    const record = text === undefined ? undefined : decodeRecord(text);
    if (record) return { kind: 'record', record };
    const hasOtherKey = envelope.keyId !== undefined && envelope.keyId !== key.id;
    return {
      kind: 'lost',
      reason: hasOtherKey ? `was sealed with another key than ${keySource.place}` : 'is damaged',
    };
  };

  return {
    kind: 'file',

    async read(identity) {
      const file = fileOf(identity);
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const bytes = await readPrivate(file, log);
        if (!bytes) return undefined;
        const found = await look(identity, bytes);
        if (found.kind === 'record') return found.record;
        if (found.kind === 'newer') {
          log.warn(
            `the stored login ${file} was written by a newer version of gh-mcp-proxy; it is left as it is`,
          );
          return undefined;
        }
        if (await keepAside(file, bytes, found.reason, log)) return undefined;
      }
      return undefined;
    },

    async write(identity, record) {
      const file = fileOf(identity);
      await makePrivateDirectory(directory, log);
      const old = await readPrivate(file, log);
      if (old && parseEnvelope(old.toString('utf8')).kind === 'newer') {
        throw new StorageError(
          `${file} was written by a newer version of gh-mcp-proxy and is left as it is`,
          {
            next: 'Update gh-mcp-proxy, or use another --state-dir.',
          },
        );
      }
      const key = await keySource.obtain();
      await replacePrivate(file, seal(key, canonicalIdentity(identity), encodeRecord(record)));
    },

    async remove(identity) {
      const file = fileOf(identity);
      try {
        await unlink(file);
        await syncDirectory(directory);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw storageError('remove', file, error);
      }
    },
  };
}

/** SHA-256 of the canonical identity, hex: says nothing about the account to someone who lists the directory. */
export function recordName(identity: RecordIdentity): string {
  return createHash('sha256').update(canonicalIdentity(identity)).digest('hex');
}

/** @returns whether the file is judged for good; `false` where it was replaced meanwhile and is worth another look */
async function keepAside(file: string, bytes: Buffer, reason: string, log: Log): Promise<boolean> {
  try {
    const aside = await setAside(file, bytes);
    if (aside === undefined) return false;
    log.warn(`the stored login ${file} ${reason}; kept as ${aside}. Log in again`);
  } catch (error) {
    log.warn(`the stored login ${file} ${reason}, and it is still there: ${messageOf(error)}. Log in again`);
  }
  return true;
}
