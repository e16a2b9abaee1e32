// `--store file` with a passphrase: how it is handed over, what is made of it, and each way in which it does not fit.
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, openSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { StorageError } from '../../../src/base/errors.ts';
import { createFileVault, recordName } from '../../../src/vault/file.ts';
import { createKeys } from '../../../src/vault/keys.ts';
import type { Passphrase } from '../../../src/vault/passphrase-input.ts';
import { readPassphrase } from '../../../src/vault/passphrase-input.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertNoSecrets, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { ACCESS, identity, record, REFRESH, tokenIn } from '../../support/vault.ts';

const WORDS = 'correct horse battery staple of this test';
const MKFIFO = 'mkfifo';
/** A hundredth of the real one. */
const CHEAP = { N: 2 ** 10, r: 8, p: 1 };

function passphraseFile(content = `${WORDS}\n`, mode = 0o600): Passphrase & { kind: 'file' } {
  const file = path.join(tempDir(), 'passphrase');
  writeFileSync(file, content, { mode });
  return { kind: 'file', path: file };
}

function setUp() {
  const stateDir = path.join(tempDir(), 'state');
  const log = createTestLog();
  const open = (passphrase: Passphrase | undefined, cost = CHEAP) =>
    createFileVault({
      stateDir,
      log,
      keys: createKeys({ store: 'file', stateDir, passphrase, log, clock: createFakeClock(), cost }),
    });
  return {
    stateDir,
    log,
    open,
    file: path.join(stateDir, 'credentials', `${recordName(identity)}.json`),
    wrapped: path.join(stateDir, 'credentials.passphrase.json'),
  };
}

async function errorOf(doing: Promise<unknown>): Promise<StorageError> {
  const error: unknown = await doing.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

describe('a record under a passphrase', () => {
  test('opens for another process that has it; the disk has neither passphrase nor key', async () => {
    const { open, stateDir, wrapped } = setUp();
    const vault = open(passphraseFile());
    await vault.write(identity, record);
    expect(tokenIn(await open(passphraseFile()).read(identity))).toBe(ACCESS);
    expect(await vault.describe(identity)).toBe('file (passphrase)');
    expect(existsSync(path.join(stateDir, 'credentials.key'))).toBe(false);
    expect(statSync(wrapped).mode & 0o777).toBe(0o600);
    assertNoSecrets({ dirs: [stateDir], secrets: [WORDS, ACCESS, REFRESH] });
  });

  test(
    'is wrapped as scrypt is meant to be used: 2^17, 8, 1 and a salt of its own',
    { timeout: 30_000 },
    async () => {
      const { stateDir, log, wrapped } = setUp();
      const keys = createKeys({
        store: 'file',
        stateDir,
        passphrase: passphraseFile(),
        log,
        clock: createFakeClock(),
      });
      const vault = createFileVault({ stateDir, log, keys });
      await vault.write(identity, record);
      const { v, kdf } = JSON.parse(readFileSync(wrapped, 'utf8')) as { v: number; kdf: { salt: string } };
      expect({ v, kdf }).toMatchObject({ v: 1, kdf: { name: 'scrypt', N: 131_072, r: 8, p: 1 } });
      expect(Buffer.from(kdf.salt, 'base64url')).toHaveLength(16);
      expect(tokenIn(await vault.read(identity))).toBe(ACCESS);
    },
  );

  test('a wrong one is called wrong, and nothing is touched', async () => {
    const { open, file, wrapped, log } = setUp();
    await open(passphraseFile()).write(identity, record);
    const before = [file, wrapped].map((one) => readFileSync(one));
    const wrong = open(passphraseFile('not that one'));
    const error = await errorOf(wrong.read(identity));
    expect(error.message).toBe(`the passphrase is wrong: it does not open ${wrapped}`);
    expect(`${error.message} ${error.next}`).not.toContain('not that one');
    await errorOf(wrong.write(identity, record));
    await errorOf(wrong.write({ ...identity, profile: 'work' }, record));
    expect([file, wrapped].map((one) => readFileSync(one))).toEqual(before);
    expect(log.lines).toEqual([]);
  });

  test('without one: what is missing, and how to give it', async () => {
    const { open, file } = setUp();
    await open(passphraseFile()).write(identity, record);
    const before = readFileSync(file);
    const error = await errorOf(open(undefined).read(identity));
    expect(error.message).toContain('a passphrase is needed');
    expect(error.next).toContain('--passphrase-file');
    await errorOf(open(undefined).write(identity, record));
    expect(readFileSync(file)).toEqual(before);
  });

  test('processes that log in first at the same time get the same key', async () => {
    const { open } = setUp();
    const profiles = ['a', 'b', 'c', 'd'].map((profile) => ({ ...identity, profile }));
    await Promise.all(profiles.map((one) => open(passphraseFile()).write(one, record)));
    for (const one of profiles) expect(tokenIn(await open(passphraseFile()).read(one))).toBe(ACCESS);
  });

  test('a record of a key file stays one, and who gives a passphrase is told', async () => {
    const { open, log, wrapped } = setUp();
    await open(undefined).write(identity, record);
    const vault = open(passphraseFile());
    expect(tokenIn(await vault.read(identity))).toBe(ACCESS);
    await vault.write(identity, record);
    expect(await vault.describe(identity)).toBe('file (key file)');
    expect(existsSync(wrapped)).toBe(false);
    expect(log.lines).toEqual([expect.stringContaining('not file (passphrase)')]);
  });

  test.each([
    ['cut short', (text: string) => text.slice(0, 40)],
    [
      'that asks for more memory than any of ours',
      (text: string) => text.replace('"N":1024', '"N":16777216'),
    ],
    ['whose N is no power of two', (text: string) => text.replace('"N":1024', '"N":1000')],
    ['without a salt', (text: string) => text.replace(/,"salt":"[^"]*"/, '')],
  ])('a wrapped key %s is kept aside and said', async (_name, damage) => {
    const { open, wrapped, log } = setUp();
    await open(passphraseFile()).write(identity, record);
    writeFileSync(wrapped, damage(readFileSync(wrapped, 'utf8')));
    expect(await open(passphraseFile()).read(identity)).toEqual({ kind: 'none' });
    expect(existsSync(`${wrapped}.damaged-1`)).toBe(true);
    expect(log.lines[0]).toContain(`the wrapped key ${wrapped} is damaged; kept as`);
  });

  test('a wrapped key whose derivation was made cheaper does not open', async () => {
    const { open, wrapped } = setUp();
    await open(passphraseFile()).write(identity, record);
    writeFileSync(wrapped, readFileSync(wrapped, 'utf8').replace('"N":1024', '"N":2'));
    await expect(open(passphraseFile()).read(identity)).rejects.toThrow(/passphrase is wrong/);
  });

  test('a wrapped key of a later version is left alone', async () => {
    const { open, wrapped } = setUp();
    await open(passphraseFile()).write(identity, record);
    const later = readFileSync(wrapped, 'utf8').replace('"v":1', '"v":2');
    writeFileSync(wrapped, later);
    await expect(open(passphraseFile()).read(identity)).rejects.toThrow(/newer version/);
    expect(readFileSync(wrapped, 'utf8')).toBe(later);
  });
});

describe('a passphrase that is handed over', () => {
  test.each([
    ['without its newline', `${WORDS}\n`, WORDS],
    ['without the newline of Windows', `${WORDS}\r\n`, WORDS],
    ['with blanks and all but the last newline', ` a\n\n`, ' a\n'],
    ['in whatever encoding', 'pässwörd', Buffer.from('pässwörd').toString('latin1')],
  ])('in a file is taken %s', async (_name, content, expected) => {
    expect((await readPassphrase(passphraseFile(content))).reveal()).toBe(expected);
  });

  test('through a descriptor is read to its end, which is then closed', async () => {
    const fd = openSync(passphraseFile().path, 'r');
    expect((await readPassphrase({ kind: 'fd', fd })).reveal()).toBe(WORDS);
    await expect.poll(() => isOpen(fd)).toBe(false);
  });

  test('through a pipe is waited for to its end', async () => {
    const pipe = path.join(tempDir(), 'pipe');
    spawnSync(MKFIFO, [pipe]);
    const reading = readPassphrase({ kind: 'file', path: pipe });
    const writer = await fs.open(pipe, 'w');
    await writer.write(WORDS.slice(0, 7));
    await writer.write(`${WORDS.slice(7)}\n`);
    await writer.close();
    expect((await reading).reveal()).toBe(WORDS);
  });

  test.each([0, 1, 2])("descriptor %d is the client's, and left alone", async (fd) => {
    expect((await errorOf(readPassphrase({ kind: 'fd', fd }))).next).toContain('--passphrase-fd 3');
  });

  test('in a file that others can read is refused, with the command that mends it', async () => {
    const from = passphraseFile();
    chmodSync(from.path, 0o640);
    const error = await errorOf(readPassphrase(from));
    expect(error.message).toContain('can be read by others (mode 640)');
    expect(error.next).toBe(`Run: chmod 600 ${from.path}`);
  });

  test.each(['', '\n'])('that is empty (%j) is refused', async (content) => {
    expect((await errorOf(readPassphrase(passphraseFile(content)))).message).toMatch(/is empty/);
  });

  test('that is a whole file of something else is refused', async () => {
    expect((await errorOf(readPassphrase(passphraseFile('x'.repeat(5000))))).message).toMatch(
      /no passphrase/,
    );
  });

  test('in a file that is not there: the path and why', async () => {
    const error = await errorOf(readPassphrase({ kind: 'file', path: '/nowhere/at/all' }));
    expect(error.message).toMatch(/\/nowhere\/at\/all: ENOENT/);
  });
});

function isOpen(fd: number): boolean {
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, 'r'));
    return true;
  } catch {
    return false;
  }
}
