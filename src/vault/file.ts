// The vault on a disk: sealed records in the state directory, one file each (DESIGN 2.8).
// Not for: the order in which processes use a shared record (sharing.ts), or where keys come from (keys.ts).
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { codeOf, messageOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { canonicalIdentity } from './identity.ts';
import type { Keys } from './keys.ts';
import { createKeys, labelOf } from './keys.ts';
import {
  makePrivateDirectory,
  readPrivate,
  replacePrivate,
  setAside,
  storageError,
  sweepTemporaries,
} from './private-file.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import type { Envelope, KeyKind } from './seal.ts';
import { loggedOutMark, parseEnvelope, seal } from './seal.ts';
import { keyAfter, openSealed, placeOf } from './sealed-file.ts';
import { createSharing } from './sharing.ts';
import type { RecordIdentity, SharedVault } from './vault.ts';

export interface FileVaultOptions {
  /** Absolute; made with mode 0700 where it is missing, at the first write. */
  readonly stateDir: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Default: a key file in the state directory. */
  readonly keys?: Keys;
}

/** How often a record that changes under our eyes is read again. */
const ATTEMPTS = 3;

export function createFileVault({
  stateDir,
  log,
  clock = systemClock,
  ...given
}: FileVaultOptions): SharedVault {
  const directory = path.join(stateDir, 'credentials');
  const keys = given.keys ?? createKeys({ store: 'file', stateDir, passphrase: undefined, log, clock });
  const fileOf = (identity: RecordIdentity): string => path.join(directory, `${recordName(identity)}.json`);
  const warned = new Set<string>();
  const warnOnce = (message: string): void => {
    if (!warned.has(message)) log.warn(message);
    warned.add(message);
  };

  const envelopeIn = async (file: string): Promise<Envelope | undefined> => {
    const bytes = await readPrivate(file, log);
    return bytes && parseEnvelope(bytes.toString('utf8'));
  };

  /** @throws {StorageError} where a newer version wrote it */
  const replaceable = async (file: string): Promise<Envelope | undefined> => {
    const old = await envelopeIn(file);
    if (old?.kind !== 'newer') return old;
    throw new StorageError(`${file} was written by a newer version of gh-mcp-proxy and is left as it is`, {
      next: 'Update gh-mcp-proxy, or use another --state-dir.',
    });
  };

  /** Each record that this process has written. */
  const swept = new Set<string>();
  const replace = async (file: string, text: string): Promise<void> => {
    if (!swept.has(file)) await sweepTemporaries(file, clock.now());
    swept.add(file);
    await replacePrivate(file, text);
  };

  return {
    async read(identity) {
      const file = fileOf(identity);
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const bytes = await readPrivate(file, log);
        if (!bytes) return { kind: 'none' };
        const envelope = parseEnvelope(bytes.toString('utf8'));
        if (envelope.kind === 'logged-out') return envelope;
        if (envelope.kind === 'newer') {
          warnOnce(
            `the stored login ${file} was written by a newer version of gh-mcp-proxy; it is left as it is`,
          );
          return { kind: 'none' };
        }
        let reason = 'is damaged';
        if (envelope.kind === 'sealed') {
          const opened = await openSealed(keys, envelope, canonicalIdentity(identity));
          const record = opened.kind === 'text' ? decodeRecord(opened.text) : undefined;
          if (record) {
            tellKind(keys, envelope.keyKind, file, warnOnce);
            return { kind: 'record', record };
          }
          if (opened.kind === 'lost') ({ reason } = opened);
        }
        if (await keepAside(file, bytes, reason, log)) return { kind: 'none' };
      }
      return { kind: 'none' };
    },

    async write(identity, record) {
      const file = fileOf(identity);
      await makePrivateDirectory(directory, log);
      const key = await keyAfter(keys, await replaceable(file));
      await replace(file, seal(key, identity, canonicalIdentity(identity), encodeRecord(record)));
    },

    async remove(identity) {
      const file = fileOf(identity);
      const old = await replaceable(file);
      if (old && old.kind !== 'logged-out') await replace(file, loggedOutMark(clock.now()));
    },

    async list() {
      const found: RecordIdentity[] = [];
      for (const name of await recordNames(directory)) {
        const file = path.join(directory, name);
        const envelope = await envelopeIn(file);
        if (!envelope || envelope.kind === 'logged-out') continue;
        const subject = envelope.kind === 'sealed' ? envelope.subject : undefined;
        if (subject && fileOf(subject) === file) found.push(subject);
        else warnOnce(`${file} does not say whose login it is, and is passed over`);
      }
      return found;
    },

    async describe(identity) {
      return placeOf(keys, await envelopeIn(fileOf(identity)));
    },

    sharing: createSharing({ stateDir, fileOf, envelopeIn, replace, keys, log, clock }),
  };
}

/** SHA-256 of the canonical identity, hex: says nothing about the account to someone who lists the directory. */
export function recordName(identity: RecordIdentity): string {
  return createHash('sha256').update(canonicalIdentity(identity)).digest('hex');
}

/** The names of all records in order; none where there is no such directory. @throws {StorageError} */
async function recordNames(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => /^[0-9a-f]{64}\.json$/.test(name)).toSorted();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw storageError('read', directory, error);
  }
}

/** A record that is kept in another way than the person asks for now: it stays so, and they are told. */
function tellKind(keys: Keys, kind: KeyKind, file: string, warn: (text: string) => void): void {
  if (keys.asked === undefined || keys.asked === kind) return;
  warn(
    `the stored login ${file} stays sealed as it was: ${labelOf(kind)}, not ${labelOf(keys.asked)}. ` +
      'To change that, run gh-mcp-proxy logout and log in again',
  );
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
