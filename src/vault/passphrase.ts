// A key that a passphrase opens: a random one, wrapped in a file with what scrypt makes of the passphrase.
// Not for: where a passphrase comes from (passphrase-input.ts), or records: they are sealed with the random key.
import { randomBytes, scrypt } from 'node:crypto';
import path from 'node:path';
import { StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { KeySource } from './key-source.ts';
import type { Passphrase } from './passphrase-input.ts';
import { readPassphrase } from './passphrase-input.ts';
import { isText, objectOf, parseObject } from './plain.ts';
import { createPrivate, makePrivateDirectory } from './private-file.ts';
import type { Box, VaultKey } from './seal.ts';
import { boxOf, KEY_BYTES, keyFromBytes, keyFromText, openBox, sealBox } from './seal.ts';
import { readOrCreate, readSound } from './sound-file.ts';

export interface PassphraseKeyOptions {
  readonly stateDir: string;
  /** `undefined`: none was given, which is an error as soon as one is needed. */
  readonly passphrase: Passphrase | undefined;
  readonly log: Log;
  /** For tests: what scrypt costs. */
  readonly cost?: ScryptCost;
}

/** RFC 7914, section 2. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 128 MiB and some 0.4 s, once a process. */
const COST: ScryptCost = { N: 2 ** 17, r: 8, p: 1 };
/** What a file may ask of us: four times as much memory. */
const MOST: ScryptCost = { N: 2 ** 19, r: 8, p: 4 };
const VERSION = 1;
const SALT_BYTES = 16;

/** The file's content: `salt` base64url. */
interface Wrapped extends Box {
  readonly kdf: ScryptCost & { readonly name: 'scrypt'; readonly salt: string };
}

export function createPassphraseKey({
  stateDir,
  passphrase,
  log,
  cost = COST,
}: PassphraseKeyOptions): KeySource {
  const file = path.join(stateDir, 'credentials.passphrase.json');
  let words: Promise<Secret> | undefined;
  /** Scrypt is slow on purpose. */
  let known: VaultKey | undefined;
  let loading: Promise<VaultKey | undefined> | undefined;

  const given = (): Promise<Secret> => {
    if (!passphrase) {
      throw new StorageError(`a passphrase is needed to open ${file}, and none was given`, {
        next: 'Give it with --passphrase-file FILE, or run gh-mcp-proxy logout and log in again without one.',
      });
    }
    // A descriptor can be read once; a file that could not be may be mended.
    words ??= readPassphrase(passphrase).catch((error: unknown) => {
      if (passphrase.kind === 'file') words = undefined;
      throw error;
    });
    return words;
  };

  const readWrapped = (): Promise<Wrapped | undefined> =>
    readSound({
      file,
      parse: (bytes) => parseWrapped(bytes.toString('utf8'), file),
      complaint: () => `the wrapped key ${file} is damaged`,
      consequence: 'What was stored with it cannot be opened: log in again, or put the right file back',
      log,
    });

  const unwrap = async (): Promise<VaultKey | undefined> => {
    const wrapped = await readWrapped();
    if (!wrapped) return undefined;
    const text = openBox(await derive(await given(), wrapped.kdf), boundTo(wrapped.kdf), wrapped);
    known = text === undefined ? undefined : keyFromText(text);
    if (known) return known;
    throw new StorageError(`the passphrase is wrong: it does not open ${file}`, {
      next: 'Give the one that the login was stored with. Where it is lost, remove that file and log in again.',
    });
  };

  const load = async (wanted: string | undefined): Promise<VaultKey | undefined> => {
    if (known && known.id === wanted) return known;
    loading ??= unwrap().finally(() => (loading = undefined));
    return loading;
  };

  return {
    place: file,
    load,
    async obtain() {
      return readOrCreate(
        file,
        () => load(undefined),
        async () => {
          const key = keyFromBytes(randomBytes(KEY_BYTES));
          const kdf = {
            name: 'scrypt',
            ...cost,
            salt: randomBytes(SALT_BYTES).toString('base64url'),
          } as const;
          const box = sealBox(await derive(await given(), kdf), boundTo(kdf), key.secret.reveal());
          await makePrivateDirectory(stateDir, log);
          const text = `${JSON.stringify({ v: VERSION, kdf, ...box })}\n`;
          if (!(await createPrivate(file, Buffer.from(text)))) return undefined;
          known = key;
          return key;
        },
      );
    },
  };
}

/** @returns `undefined` where the text is damaged @throws {StorageError} where a newer version wrote it */
function parseWrapped(text: string, file: string): Wrapped | undefined {
  const fields = parseObject(text);
  if (fields && typeof fields.v === 'number' && fields.v > VERSION) {
    throw new StorageError(`${file} was written by a newer version of gh-mcp-proxy and is left as it is`, {
      next: 'Update gh-mcp-proxy, or use another --state-dir.',
    });
  }
  const box = fields && boxOf(fields);
  const { name, N, r, p, salt } = objectOf(fields?.kdf) ?? {};
  if (fields?.v !== VERSION || !box || name !== 'scrypt' || !isText(salt)) return undefined;
  if (!isCost(N, MOST.N) || !isCost(r, MOST.r) || !isCost(p, MOST.p) || Math.log2(N) % 1 !== 0)
    return undefined;
  return { ...box, kdf: { name, N, r, p, salt } };
}

function isCost(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most;
}

/** So that nobody makes the derivation cheaper without being noticed. */
function boundTo({ name, N, r, p, salt }: Wrapped['kdf']): string {
  return JSON.stringify(['gh-mcp-proxy/passphrase/1', name, N, r, p, salt]);
}

function derive(words: Secret, { N, r, p, salt }: Wrapped['kdf']): Promise<Buffer> {
  // What OpenSSL counts (128 r (N + p + 2)), and nothing to spare.
  const maxmem = 128 * r * (N + p + 2);
  return new Promise((resolve, reject) => {
    scrypt(
      Buffer.from(words.reveal(), 'latin1'),
      Buffer.from(salt, 'base64url'),
      KEY_BYTES,
      { N, r, p, maxmem },
      (error, key) => (error ? reject(error) : resolve(key)),
    );
  });
}
