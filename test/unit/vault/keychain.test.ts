// The key in a keychain, and which key a record gets: the choice of `auto`, and no downgrade in silence (DESIGN 2.8).
// Not for: a real keychain (test/integration/keychain.test.ts).
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../../../src/base/clock.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { StorageError } from '../../../src/base/errors.ts';
import { createFileVault, recordName } from '../../../src/vault/file.ts';
import type { KeychainAnswer, KeychainQuestion } from '../../../src/vault/keychain-call.ts';
import type { KeysOptions } from '../../../src/vault/keys.ts';
import { createKeys } from '../../../src/vault/keys.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertNoSecrets, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { ACCESS, identity, record, REFRESH, tokenIn } from '../../support/vault.ts';

/** A keychain of this process. `failure`: what it answers instead. */
function createTestKeychain() {
  const entries = new Map<string, string>();
  const asked: KeychainQuestion[] = [];
  const keychain = {
    entries,
    asked,
    failure: undefined as KeychainAnswer | undefined,
    ask: async (question: KeychainQuestion): Promise<KeychainAnswer> => {
      asked.push(question);
      if (keychain.failure) return keychain.failure;
      // As slow as a real one: what others do meanwhile happens in between.
      const stored = entries.get(question.account);
      await new Promise(setImmediate);
      if (stored === undefined && question.value !== undefined) entries.set(question.account, question.value);
      return { kind: 'value', value: entries.get(question.account) };
    },
  };
  return keychain;
}

function setUp(store: KeysOptions['store'] = 'auto', time?: Clock) {
  const stateDir = path.join(tempDir(), 'state');
  const keychain = createTestKeychain();
  const clock = createFakeClock();
  const log = createTestLog();
  const open = (as: KeysOptions['store'] = store) =>
    createFileVault({
      stateDir,
      log,
      keys: createKeys({
        store: as,
        stateDir,
        passphrase: undefined,
        log,
        clock: time ?? clock,
        ask: (question) => keychain.ask(question),
      }),
    });
  const file = path.join(stateDir, 'credentials', `${recordName(identity)}.json`);
  return {
    stateDir,
    keychain,
    clock,
    log,
    file,
    nameFile: path.join(stateDir, 'credentials.keychain'),
    keyFile: path.join(stateDir, 'credentials.key'),
    open,
    vault: open(),
    kind: () => (JSON.parse(readFileSync(file, 'utf8')) as { key: string }).key,
  };
}

const LOCKED: KeychainAnswer = { kind: 'locked' };

describe('with a keychain', () => {
  test('it holds 32 bytes as text and nothing else; the disk holds the name of the entry', async () => {
    const { vault, keychain, stateDir, nameFile, kind, open } = setUp();
    await vault.write(identity, record);
    expect(kind()).toBe('keychain');
    const [name, value] = [...keychain.entries].flat();
    expect(value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(readFileSync(nameFile, 'utf8')).toBe(`${name}\n`);
    expect(statSync(nameFile).mode & 0o777).toBe(0o600);
    expect(readdirSync(stateDir).sort()).toEqual(['credentials', 'credentials.keychain']);
    assertNoSecrets({ dirs: [stateDir], secrets: [ACCESS, REFRESH, String(value)] });
    expect(tokenIn(await open().read(identity))).toBe(ACCESS);
    expect(await vault.describe(identity)).toBe('keychain');
  });

  test('a start without a record asks it for nothing', async () => {
    const { vault, keychain } = setUp();
    expect(await vault.read(identity)).toEqual({ kind: 'none' });
    expect(await vault.describe(identity)).toBe('keychain, or file (key file)');
    expect(await vault.list()).toEqual([]);
    expect(keychain.asked).toEqual([]);
  });

  test('a process asks it once, however often it reads and writes', async () => {
    const { keychain, vault, open } = setUp();
    await vault.write(identity, record);
    keychain.asked.length = 0;
    const other = open();
    await Promise.all([other.read(identity), other.read(identity)]);
    await other.write(identity, record);
    await other.read(identity);
    expect(keychain.asked).toHaveLength(1);
  });

  test('processes that log in first at the same time get the same key', async () => {
    // Whoever waits for the lock does so for a moment of real time, for what they wait for takes some.
    const { keychain, open } = setUp('auto', systemClock);
    const profiles = ['a', 'b', 'c', 'd'].map((profile) => ({ ...identity, profile }));
    await Promise.all(profiles.map((one) => open().write(one, record)));
    expect(keychain.entries.size).toBe(1);
    for (const one of profiles) expect(tokenIn(await open().read(one))).toBe(ACCESS);
  });

  test('one that is locked later does not end a session that has the key', async () => {
    const { keychain, vault } = setUp();
    await vault.write(identity, record);
    keychain.failure = LOCKED;
    await vault.write(identity, record);
    expect(tokenIn(await vault.read(identity))).toBe(ACCESS);
  });

  test('a record whose entry was deleted is kept aside, and a login makes a new key', async () => {
    const { keychain, vault, open, file, log } = setUp();
    await vault.write(identity, record);
    keychain.entries.clear();
    const other = open();
    expect(await other.read(identity)).toEqual({ kind: 'none' });
    expect(existsSync(`${file}.damaged-1`)).toBe(true);
    expect(log.lines).toEqual([expect.stringContaining('its key is missing (the keychain')]);
    await other.write(identity, record);
    expect(tokenIn(await open().read(identity))).toBe(ACCESS);
  });

  test('an entry that holds something else is left alone, and named', async () => {
    const { keychain, vault, open, nameFile } = setUp();
    await vault.write(identity, record);
    for (const name of keychain.entries.keys()) keychain.entries.set(name, 'hunter2hunter2');
    const error: unknown = await open()
      .read(identity)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ next: expect.stringContaining(nameFile) as string });
    expect((error as Error).message).not.toContain('hunter2');
  });

  test('a damaged name of the entry is kept aside and said', async () => {
    const { vault, open, nameFile, log } = setUp();
    await vault.write(identity, record);
    writeFileSync(nameFile, '../../etc');
    expect(await open().read(identity)).toEqual({ kind: 'none' });
    expect(readFileSync(`${nameFile}.damaged-1`, 'utf8')).toBe('../../etc');
    expect(log.lines[0]).toContain(`${nameFile} does not name an entry of the keychain; kept as`);
  });
});

describe('a keychain that cannot be used', () => {
  test('auto: a new login is kept in a file, with one notice that says why', async () => {
    const { vault, keychain, log, kind, open } = setUp();
    keychain.failure = { kind: 'no-bus', why: 'none' };
    await vault.write(identity, record);
    await vault.write({ ...identity, profile: 'work' }, record);
    expect(kind()).toBe('file');
    expect(log.lines).toEqual([
      expect.stringMatching(
        /^warn: the login is kept in a file \(key file\) instead: the keychain cannot be used: /,
      ),
    ]);
    expect(tokenIn(await open().read(identity))).toBe(ACCESS);
    expect(await vault.describe(identity)).toBe('file (key file)');
    expect(keychain.asked).toHaveLength(1);
  });

  test('auto: it gets another chance at a login a minute later', async () => {
    const { vault, keychain, kind, clock } = setUp();
    keychain.failure = LOCKED;
    await vault.write({ ...identity, profile: 'work' }, record);
    keychain.failure = undefined;
    clock.advance(60_000);
    await vault.write(identity, record);
    expect(kind()).toBe('keychain');
  });

  test('--store keychain: nothing is kept elsewhere, and the error says what to do', async () => {
    const { vault, keychain, file, keyFile } = setUp('keychain');
    keychain.failure = LOCKED;
    await expect(vault.write(identity, record)).rejects.toMatchObject({
      name: 'StorageError',
      message: 'the keychain cannot be used: it is locked',
      next: expect.stringMatching(/^Unlock it/) as string,
    });
    expect([file, keyFile].map((one) => existsSync(one))).toEqual([false, false]);
  });

  test.each(['auto', 'file', 'keychain'] as const)(
    '--store %s: a record that it seals is neither opened nor replaced nor moved',
    async (store) => {
      const { vault, keychain, file, open } = setUp();
      await vault.write(identity, record);
      const before = readFileSync(file);
      keychain.failure = LOCKED;
      const other = open(store);
      await expect(other.read(identity)).rejects.toThrow(StorageError);
      await expect(other.write(identity, record)).rejects.toThrow(StorageError);
      expect(readFileSync(file)).toEqual(before);
      expect(readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
      keychain.failure = undefined;
      expect(tokenIn(await other.read(identity))).toBe(ACCESS);
    },
  );

  test('it can be logged out of all the same, and a login after that is kept as it is asked for', async () => {
    const { vault, keychain, open, kind } = setUp();
    await vault.write(identity, record);
    keychain.failure = LOCKED;
    const other = open('file');
    await other.remove(identity);
    expect(await other.read(identity)).toMatchObject({ kind: 'logged-out' });
    await other.write(identity, record);
    expect(kind()).toBe('file');
  });
});

test('a record keeps the kind of key that it has, and who asks for another one is told once', async () => {
  const { open, kind, keychain, log } = setUp();
  await open('file').write(identity, record);
  const other = open('keychain');
  await other.read(identity);
  await other.write(identity, record);
  await other.read(identity);
  expect(kind()).toBe('file');
  expect(keychain.asked).toEqual([]);
  expect(log.lines).toEqual([
    expect.stringMatching(/stays sealed as it was: file \(key file\), not keychain\. .*logout/),
  ]);
  const auto = open('auto');
  await auto.write(identity, record);
  expect(kind()).toBe('file');
  expect(log.lines).toHaveLength(1);
});

test('a kind of key that a later version has is left alone', async () => {
  const { vault, file, log } = setUp('file');
  await vault.write(identity, record);
  const later = readFileSync(file, 'utf8').replace('"key":"file"', '"key":"tpm"');
  writeFileSync(file, later);
  expect(await vault.read(identity)).toEqual({ kind: 'none' });
  await expect(vault.write(identity, record)).rejects.toThrow(/newer version/);
  expect(readFileSync(file, 'utf8')).toBe(later);
  expect(log.lines).toHaveLength(1);
});

test('a process that makes the key and does not finish is not waited for without end', async () => {
  const { keychain, clock, open } = setUp('keychain');
  const { ask } = keychain;
  const finish: ((answer: KeychainAnswer) => void)[] = [];
  const begun = new Promise<void>((begin) => {
    keychain.ask = () => {
      begin();
      return new Promise((resolve) => finish.push(resolve));
    };
  });
  const holder = open().write(identity, record);
  await begun;
  keychain.ask = ask;
  // The lock is given up after 8 s; whoever waits does so for 10 s at the most.
  const waiting = open().write({ ...identity, profile: 'work' }, record);
  for (let waited = 0; waited < 8000; waited += 50) await clock.pass(50);
  await waiting;
  finish[0]?.({ kind: 'value', value: [...keychain.entries.values()][0] });
  await holder;
  expect(tokenIn(await open().read(identity))).toBe(ACCESS);
});
