// What `--store file` keeps, whom it keeps it from, and what becomes of files that are no good (DESIGN 2.8).
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { StorageError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createFileVault, recordName } from '../../../src/vault/file.ts';
import type { RecordIdentity, VaultRecord } from '../../../src/vault/vault.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertNoSecrets, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { ACCESS, identity, plain, record, recordIn, REFRESH } from '../../support/vault.ts';

const NONE = { kind: 'none' };

function setUp(stateDir = path.join(tempDir(), 'state')) {
  const log = createTestLog();
  const credentials = path.join(stateDir, 'credentials');
  return {
    stateDir,
    log,
    vault: createFileVault({ stateDir, log }),
    key: path.join(stateDir, 'credentials.key'),
    file: path.join(credentials, `${recordName(identity)}.json`),
    names: () => readdirSync(credentials).sort(),
  };
}

const mode = (file: string): number => statSync(file).mode & 0o777;

describe('a stored record', () => {
  test('is read back whole by another process', async () => {
    const { vault, stateDir, log } = setUp();
    await vault.write(identity, record);
    const found = await createFileVault({ stateDir, log }).read(identity);
    expect(plain(found)).toEqual(plain({ kind: 'record', record }));
    expect(log.lines).toEqual([]);
  });

  test('without optional fields comes back without them', async () => {
    const { vault } = setUp();
    const bare: VaultRecord = {
      accessToken: new Secret(ACCESS),
      issuedAt: 1,
      scopes: ['repo'],
      rotation: 'overlapping',
    };
    await vault.write(identity, bare);
    expect(Object.keys(recordIn(await vault.read(identity)) ?? {}).sort()).toEqual(Object.keys(bare).sort());
  });

  test('lies in private directories and files, and shows no secret', async () => {
    const { vault, stateDir, file, key } = setUp();
    await vault.write(identity, record);
    expect([stateDir, path.dirname(file)].map(mode)).toEqual([0o700, 0o700]);
    expect([file, key].map(mode)).toEqual([0o600, 0o600]);
    expect(statSync(key).size).toBe(32);
    assertNoSecrets({ dirs: [stateDir], secrets: [ACCESS, REFRESH] });
  });

  test('is a versioned envelope with a fresh nonce at each write', async () => {
    const { vault, file } = setUp();
    await vault.write(identity, record);
    const first = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    await vault.write(identity, record);
    const second = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
    expect(first).toMatchObject({ v: 1, alg: 'A256GCM', for: identity, key: 'file' });
    expect(Buffer.from(first.nonce ?? '', 'base64url')).toHaveLength(12);
    expect(second.nonce).not.toBe(first.nonce);
    expect(second.kid).toBe(first.kid);
  });

  test('is found whatever the order of the scopes, and by no other identity', async () => {
    const { vault } = setUp();
    await vault.write(identity, record);
    expect(await vault.read({ ...identity, scopes: ['gist', 'repo', 'gist'] })).toMatchObject({
      kind: 'record',
    });
    const others: Partial<RecordIdentity>[] = [
      { mode: 'browser' },
      { issuer: 'https://octo.ghe.com' },
      { clientId: 'Iv23liOTHER' },
      { profile: 'work' },
      { scopes: ['repo'] },
    ];
    for (const other of others) expect(await vault.read({ ...identity, ...other })).toEqual(NONE);
  });

  test('is forgotten on removal, and leaves the mark of a logout in its place', async () => {
    const { vault, file, log, stateDir } = setUp();
    const clock = createFakeClock(1_750_000_000_000);
    await vault.write(identity, record);
    await createFileVault({ stateDir, log, clock }).remove(identity);
    const gone = { kind: 'logged-out', at: 1_750_000_000_000 };
    expect(await vault.read(identity)).toEqual(gone);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ v: 1, loggedOut: gone.at });
    expect(mode(file)).toBe(0o600);
    clock.advance(1000);
    await createFileVault({ stateDir, log, clock }).remove(identity);
    expect(await vault.read(identity)).toEqual(gone);
    await vault.write(identity, record);
    expect(await vault.read(identity)).toMatchObject({ kind: 'record' });
  });

  test('that is not there is removed without an error and without a trace', async () => {
    const { vault, stateDir } = setUp();
    await vault.remove(identity);
    expect(existsSync(stateDir)).toBe(false);
    expect(await vault.read(identity)).toEqual(NONE);
  });

  test('of the version before, which did not say whose it is nor with what it is sealed, opens', async () => {
    const { vault, file } = setUp();
    await vault.write(identity, record);
    const { for: _, key: __, ...before } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify(before));
    expect(await vault.read(identity)).toMatchObject({ kind: 'record' });
    expect(await vault.describe(identity)).toBe('file (key file)');
  });

  test('leaves no temporary files behind', async () => {
    const { vault, file, stateDir, names } = setUp();
    await vault.write(identity, record);
    await vault.write(identity, record);
    expect(names()).toEqual([path.basename(file)]);
    expect(readdirSync(stateDir).sort()).toEqual(['credentials', 'credentials.key']);
  });
});

test('reading where nothing is stored creates nothing', async () => {
  const { vault, stateDir } = setUp();
  expect(await vault.read(identity)).toEqual(NONE);
  expect(existsSync(stateDir)).toBe(false);
});

test('processes that start at once agree on one key', async () => {
  const { stateDir, log } = setUp();
  const profiles = Array.from({ length: 8 }, (_, number) => ({ ...identity, profile: `p${number}` }));
  await Promise.all(profiles.map((one) => createFileVault({ stateDir, log }).write(one, record)));
  const found = await Promise.all(profiles.map((one) => createFileVault({ stateDir, log }).read(one)));
  expect(found.map(({ kind }) => kind)).toEqual(profiles.map(() => 'record'));
  expect(log.lines).toEqual([]);
});

test('whoever reads while others write sees the old record or the new one, never a part', async () => {
  const { vault, stateDir, log, file } = setUp();
  await vault.write(identity, record);
  const state = { isWriting: true };
  const writing = Promise.all(
    Array.from({ length: 3 }, async (_, writer) => {
      const own = createFileVault({ stateDir, log });
      for (let number = 0; number < 20; number += 1) {
        await own.write(identity, { ...record, accessToken: new Secret(`ghu_${writer}_${number}`) });
      }
    }),
  ).finally(() => (state.isWriting = false));
  while (state.isWriting) {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ v: 1 });
    expect(await vault.read(identity)).toMatchObject({ kind: 'record' });
  }
  await writing;
  expect(log.lines).toEqual([]);
});

describe('a file that is no good', () => {
  test.each([
    ['empty', () => ''],
    ['cut short', (text: string) => text.slice(0, text.length / 2)],
    ['not an envelope', () => '[1, 2, 3]'],
    ['of another algorithm', (text: string) => text.replace('A256GCM', 'A128GCM')],
    ['with a nonce that is too short', (text: string) => text.replace(/"nonce":"[^"]*"/, '"nonce":"AAAA"')],
    ['with a tag that is too short', (text: string) => text.replace(/("tag":"[^"]{4})[^"]*"/, '$1"')],
    ['with another tag', (text: string) => text.replace(/"tag":"[^"]*"/, '"tag":"AAAAAAAAAAAAAAAAAAAAAA"')],
    ['with other data', (text: string) => text.replace(/"data":"[^"]{8}/, '"data":"AAAAAAAA')],
  ])(
    'a record that is %s is kept aside, reported with its path, and counts as none',
    async (_name, damage) => {
      const { vault, file, log, names } = setUp();
      await vault.write(identity, record);
      const damaged = damage(readFileSync(file, 'utf8'));
      writeFileSync(file, damaged);
      expect(await vault.read(identity)).toEqual(NONE);
      expect(names()).toEqual([`${path.basename(file)}.damaged-1`]);
      expect(readFileSync(`${file}.damaged-1`, 'utf8')).toBe(damaged);
      expect(log.lines).toEqual([expect.stringContaining(`${file} is damaged; kept as ${file}.damaged-1`)]);
      assertNoSecrets({ buffers: { log: log.lines.join('\n') }, secrets: [ACCESS, REFRESH] });
      await vault.write(identity, record);
      expect(await vault.read(identity)).toMatchObject({ kind: 'record' });
    },
  );

  test('asides are never written over', async () => {
    const { vault, file } = setUp();
    await vault.write(identity, record);
    for (const text of ['first', 'second']) {
      writeFileSync(file, text);
      await vault.read(identity);
    }
    expect(readFileSync(`${file}.damaged-1`, 'utf8')).toBe('first');
    expect(readFileSync(`${file}.damaged-2`, 'utf8')).toBe('second');
  });

  test('a record moved to the name of another profile does not open', async () => {
    const { vault, file, log } = setUp();
    await vault.write(identity, record);
    const work = { ...identity, profile: 'work' };
    const moved = path.join(path.dirname(file), `${recordName(work)}.json`);
    renameSync(file, moved);
    expect(await vault.read(work)).toEqual(NONE);
    expect(existsSync(`${moved}.damaged-1`)).toBe(true);
    expect(log.lines).toHaveLength(1);
  });

  test('a record sealed with another key is kept aside and says so', async () => {
    const { vault, file, key, log } = setUp();
    await vault.write(identity, record);
    writeFileSync(key, Buffer.alloc(32, 7));
    expect(await vault.read(identity)).toEqual(NONE);
    expect(existsSync(`${file}.damaged-1`)).toBe(true);
    expect(log.lines[0]).toContain(`was sealed with another key than ${key}`);
  });

  test('a key file of the wrong size is kept aside, and the message says what that means', async () => {
    const { vault, file, key, log } = setUp();
    await vault.write(identity, record);
    writeFileSync(key, 'short');
    expect(await vault.read(identity)).toEqual(NONE);
    expect(readFileSync(`${key}.damaged-1`, 'utf8')).toBe('short');
    expect(existsSync(`${file}.damaged-1`)).toBe(true);
    expect(log.lines[0]).toContain(`the key file ${key} is damaged (5 bytes instead of 32)`);
    expect(log.lines[0]).toContain('cannot be opened');
    await vault.write(identity, record);
    expect(plain(await vault.read(identity))).toEqual(plain({ kind: 'record', record }));
  });

  test('what a newer version wrote stays in place, is reported as such, and is not written over', async () => {
    const { vault, file, log } = setUp();
    await vault.write(identity, record);
    const newer = readFileSync(file, 'utf8').replace('"v":1', '"v":2');
    writeFileSync(file, newer);
    expect(await vault.read(identity)).toEqual(NONE);
    expect(log.lines).toEqual([expect.stringContaining('was written by a newer version')]);
    await vault.read(identity);
    expect(log.lines).toHaveLength(1);
    await expect(vault.write(identity, record)).rejects.toThrow(/newer version/);
    await expect(vault.remove(identity)).rejects.toThrow(/newer version/);
    expect(readFileSync(file, 'utf8')).toBe(newer);
  });

  test('permissions for others are taken away with a warning', async () => {
    const { vault, file, key, log } = setUp();
    await vault.write(identity, record);
    chmodSync(file, 0o644);
    chmodSync(key, 0o640);
    expect(await vault.read(identity)).toMatchObject({ kind: 'record' });
    expect([mode(file), mode(key)]).toEqual([0o600, 0o600]);
    expect(log.lines).toEqual([
      expect.stringContaining(`${file} could be read by others (mode 644)`),
      expect.stringContaining(`${key} could be read by others (mode 640)`),
    ]);
    chmodSync(path.dirname(file), 0o755);
    await vault.write(identity, record);
    expect(mode(path.dirname(file))).toBe(0o700);
  });
});

test('a state directory that cannot be: the path, the cause and the next step', async () => {
  const occupied = path.join(tempDir(), 'a-file');
  writeFileSync(occupied, 'mine');
  const { vault } = setUp(path.join(occupied, 'state'));
  const error: unknown = await vault.write(identity, record).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({
    message: expect.stringMatching(new RegExp(`${occupied}.*ENOTDIR`)) as string,
    next: expect.stringContaining('--state-dir') as string,
  });
  expect(readFileSync(occupied, 'utf8')).toBe('mine');
});
