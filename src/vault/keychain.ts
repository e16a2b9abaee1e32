// The key in the operating system's keychain: 32 bytes as text under a name of ours, and nothing else (DESIGN 2.8).
// Not for: talking to the keychain (keychain-call.ts), or what is done where there is none (keys.ts).
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { AskKeychain, KeychainQuestion } from './keychain-call.ts';
import { askKeychain } from './keychain-call.ts';
import { keychainError } from './keychain-failure.ts';
import type { KeySource } from './key-source.ts';
import { awaitLock, createLock } from './lock.ts';
import { createPrivate, makePrivateDirectory } from './private-file.ts';
import type { VaultKey } from './seal.ts';
import { KEY_BYTES, keyFromText } from './seal.ts';
import { readOrCreate, readSound } from './sound-file.ts';
import type { HeldLock } from './vault.ts';

export interface KeychainOptions {
  readonly stateDir: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly ask?: AskKeychain;
}

const SERVICE = 'gh-mcp-proxy';
/** The name of an entry, and so what a file that names it holds. */
const ACCOUNT = /^([0-9a-f]{32})\n?$/;

/** Who makes the key asks the keychain once, for 3 s at the most; the others wait for that, and a little longer. */
const LOCK_TTL_MS = 8_000;
const LOCK_WAIT_MS = 10_000;

export function createKeychain({ stateDir, log, clock, ask = askKeychain }: KeychainOptions): KeySource {
  const nameFile = path.join(stateDir, 'credentials.keychain');
  /** Asked for once a process: records are read often, and a keychain that is locked later need not end a session. */
  let known: VaultKey | undefined;
  let loading: Promise<VaultKey | undefined> | undefined;

  /** The name of our entry, or `undefined` where there is none yet. */
  const readName = (): Promise<string | undefined> =>
    readSound({
      file: nameFile,
      parse: (bytes) => ACCOUNT.exec(bytes.toString('latin1'))?.[1],
      complaint: () => `${nameFile} does not name an entry of the keychain`,
      consequence:
        'What was stored with that entry cannot be opened: log in again, or put the right name back',
      log,
    });

  const askFor = async (question: Omit<KeychainQuestion, 'service'>): Promise<VaultKey | undefined> => {
    const answer = await ask({ service: SERVICE, ...question });
    if (answer.kind !== 'value') throw keychainError(answer);
    if (answer.value === undefined) return undefined;
    known = keyFromText(answer.value);
    if (known) return known;
    throw new StorageError(
      `the keychain's entry ${SERVICE}/${question.account} holds something else than a key`,
      { next: `Remove that entry or ${nameFile}, and log in again.` },
    );
  };

  const fetch = async (): Promise<VaultKey | undefined> => {
    const account = await readName();
    return account === undefined ? undefined : askFor({ account });
  };

  /** Under the lock: what is there counts, and only where there is nothing a new key is made. */
  const establish = async (): Promise<VaultKey> => {
    const account = await readOrCreate(nameFile, readName, async () => {
      const name = randomBytes(16).toString('hex');
      return (await createPrivate(nameFile, Buffer.from(`${name}\n`))) ? name : undefined;
    });
    const value = randomBytes(KEY_BYTES).toString('base64url');
    const key = await askFor({ account, value });
    if (key) return key;
    throw keychainError({ kind: 'failed', why: 'what was stored in it is not there' });
  };

  const takeLock = async (): Promise<HeldLock> => {
    const lock = createLock(`${nameFile}.lock`, { ttlMs: LOCK_TTL_MS, clock, log });
    const held = await awaitLock(lock, clock, LOCK_WAIT_MS);
    if (held) return held;
    throw keychainError({ kind: 'failed', why: 'another process is making its key and does not finish' });
  };

  return {
    place: `the keychain, under the name in ${nameFile}`,

    async load(wanted) {
      if (known && known.id === wanted) return known;
      loading ??= fetch().finally(() => (loading = undefined));
      return loading;
    },

    async obtain() {
      await makePrivateDirectory(stateDir, log);
      const held = await takeLock();
      try {
        return await establish();
      } finally {
        await held.release();
      }
    },
  };
}
