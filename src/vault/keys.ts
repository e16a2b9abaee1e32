// Where the keys that seal records come from, and which of them a new record gets (DESIGN 2.8).
// Not for: each single way to a key (key-file.ts, keychain.ts, passphrase.ts), or sealing (seal.ts).
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { explanationOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { AskKeychain } from './keychain-call.ts';
import { createKeyFile } from './key-file.ts';
import type { KeySource } from './key-source.ts';
import type { ScryptCost } from './passphrase.ts';
import type { Passphrase } from './passphrase-input.ts';
import type { KeyKind, SealingKey } from './seal.ts';
import { KEY_KINDS, keyFromText } from './seal.ts';

/** All keys of a vault. */
export interface Keys {
  source(kind: KeyKind): Promise<KeySource>;
  /** For a record that is not there yet. @throws {StorageError} */
  choose(): Promise<SealingKey>;
  /** How a record that is not there yet will be kept, as told to a person. */
  readonly planned: string;
  /** The kind that a person asked for by name: a record that has another one is told. */
  readonly asked: KeyKind | undefined;
}

export interface KeysOptions {
  readonly store: 'auto' | 'keychain' | 'file';
  readonly stateDir: string;
  /** Instead of a key file. */
  readonly passphrase: Passphrase | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** Default: the operating system's. */
  readonly ask?: AskKeychain;
  /** Default: what a passphrase deserves. */
  readonly cost?: ScryptCost;
}

/** For this long a keychain that could not be used is not asked again for new records. */
const SECOND_CHANCE_MS = 60_000;

const LABELS: Readonly<Record<KeyKind, string>> = {
  file: 'file (key file)',
  keychain: 'keychain',
  passphrase: 'file (passphrase)',
};

/** How a kind of key is called to a person. */
export function labelOf(kind: KeyKind): string {
  return LABELS[kind];
}

export function createKeys(options: KeysOptions): Keys {
  const { store, stateDir, passphrase, log, clock, ask, cost } = options;
  const sources = new Map<KeyKind, Promise<KeySource>>();
  const inFile: KeyKind = passphrase ? 'passphrase' : 'file';
  /** When the keychain last failed, by the steady clock. */
  let failedAt: number | undefined;

  const makers: Readonly<Record<KeyKind, () => Promise<KeySource>>> = {
    file: () => Promise.resolve(createKeyFile(path.join(stateDir, 'credentials.key'), log, clock)),
    keychain: async () =>
      (await import('./keychain.ts')).createKeychain({ stateDir, log, clock, ...(ask && { ask }) }),
    passphrase: async () =>
      (await import('./passphrase.ts')).createPassphraseKey({
        stateDir,
        passphrase,
        log,
        ...(cost && { cost }),
      }),
  };
  const source = (kind: KeyKind): Promise<KeySource> => {
    const made = sources.get(kind) ?? makers[kind]();
    sources.set(kind, made);
    return made;
  };
  const obtain = async (kind: KeyKind): Promise<SealingKey> => ({
    kind,
    key: await (await source(kind)).obtain(),
  });

  return {
    source,
    asked: store === 'auto' ? undefined : store === 'file' ? inFile : store,
    planned:
      store === 'auto' ? `keychain, or ${labelOf(inFile)}` : labelOf(store === 'file' ? inFile : store),

    async choose() {
      if (store !== 'auto') return obtain(store === 'file' ? inFile : store);
      if (failedAt !== undefined && clock.steady() - failedAt < SECOND_CHANCE_MS) return obtain(inFile);
      try {
        return await obtain('keychain');
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (failedAt === undefined) {
          log.warn(`the login is kept in a ${labelOf(inFile)} instead: ${explanationOf(error)}`);
        }
        failedAt = clock.steady();
        return obtain(inFile);
      }
    },
  };
}

/**
 * The one key that another process of ours handed over: what was sealed with another one is not touched.
 * @param secret 32 bytes, base64url
 * @throws {StorageError} it is none, or of a kind that this version does not know
 */
export function handedKey(secret: Secret, keyKind: string): Keys {
  const kind = KEY_KINDS.find((known) => known === keyKind);
  const key = keyFromText(secret.reveal());
  if (!kind || !key) throw new StorageError('no key was handed over');
  const source: KeySource = {
    place: 'the key that was handed over',
    async load(wanted) {
      if (wanted === undefined || wanted === key.id) return key;
      throw sealedOtherwise();
    },
    obtain: () => Promise.resolve(key),
  };
  return {
    async source(wanted) {
      if (wanted === kind) return source;
      throw sealedOtherwise();
    },
    choose: () => Promise.resolve({ kind, key }),
    planned: labelOf(kind),
    asked: undefined,
  };
}

function sealedOtherwise(): StorageError {
  return new StorageError('the stored login was sealed with another key meanwhile, and is left as it is');
}
