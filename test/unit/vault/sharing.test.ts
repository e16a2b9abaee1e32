// What several processes need to use one record: flows, delegation, lists, news, and what killed writers leave behind.
// Not for: locks and watches by themselves (lock*.test.ts, watch.test.ts).
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { StorageError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createFileVault, recordName } from '../../../src/vault/file.ts';
import { openDelegated, openVault } from '../../../src/vault/open.ts';
import { decodeFlow, encodeFlow } from '../../../src/vault/flow.ts';
import type { CodeFlow, PageFlow, Vault } from '../../../src/vault/vault.ts';
import { assertNoSecrets, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { ACCESS, identity, record, tokenIn } from '../../support/vault.ts';

const DEVICE_CODE = 'deviceCodeOfThisTest0123456789';
const flow: CodeFlow = {
  kind: 'code',
  deviceCode: new Secret(DEVICE_CODE),
  userCode: 'WDJB-MJHT',
  verificationUri: 'https://github.com/login/device',
  expiresAt: 1_750_000_900_000,
  intervalMs: 5000,
  scopes: ['repo'],
};

function setUp() {
  const stateDir = path.join(tempDir(), 'state');
  const log = createTestLog();
  const directory = path.join(stateDir, 'credentials');
  const open = () => createFileVault({ stateDir, log });
  const name = recordName(identity);
  return {
    stateDir,
    log,
    open,
    vault: open(),
    directory,
    file: path.join(directory, `${name}.json`),
    flowFile: path.join(directory, `${name}.login.json`),
    lazy: () => openVault({ store: 'file', stateDir, passphrase: undefined, log, clock: systemClock }),
  };
}

describe('a login flow', () => {
  test('is read by another process, and lies sealed', async () => {
    const { vault, open, stateDir, flowFile } = setUp();
    await vault.sharing.writeFlow(identity, flow);
    const found = await open().sharing.readFlow(identity);
    expect(found).toEqual(flow);
    expect(found?.kind === 'code' && found.deviceCode.reveal()).toBe(DEVICE_CODE);
    expect(statSync(flowFile).mode & 0o777).toBe(0o600);
    assertNoSecrets({ dirs: [stateDir], secrets: [DEVICE_CODE, 'WDJB-MJHT'] });
  });

  test('is no login: it is neither read nor listed as one', async () => {
    const { vault } = setUp();
    await vault.sharing.writeFlow(identity, flow);
    expect(await vault.read(identity)).toEqual({ kind: 'none' });
    expect(await vault.list()).toEqual([]);
  });

  test('does not open in the place of a record, nor in that of another identity', async () => {
    const { vault, file, flowFile, directory } = setUp();
    await vault.sharing.writeFlow(identity, flow);
    copyFileSync(flowFile, file);
    expect(await vault.read(identity)).toEqual({ kind: 'none' });
    const work = { ...identity, profile: 'work' };
    copyFileSync(flowFile, path.join(directory, `${recordName(work)}.login.json`));
    expect(await vault.sharing.readFlow(work)).toBeUndefined();
  });

  test('that is damaged counts as none; removing one that is not there is no error', async () => {
    const { vault, flowFile } = setUp();
    expect(await vault.sharing.readFlow(identity)).toBeUndefined();
    await vault.sharing.removeFlow(identity);
    await vault.sharing.writeFlow(identity, flow);
    writeFileSync(flowFile, readFileSync(flowFile, 'utf8').slice(0, 60));
    expect(await vault.sharing.readFlow(identity)).toBeUndefined();
    await vault.sharing.removeFlow(identity);
    expect(existsSync(flowFile)).toBe(false);
  });

  test.each([
    ['deviceCode', ''],
    ['userCode', 7],
    ['verificationUri', null],
    ['expiresAt', 'soon'],
    ['intervalMs', undefined],
    ['scopes', 'repo'],
  ])('as text is refused with %s %j', (key, value) => {
    const fields = JSON.parse(encodeFlow(flow)) as Record<string, unknown>;
    expect(decodeFlow(JSON.stringify({ ...fields, [key]: value }))).toBeUndefined();
    expect(decodeFlow(JSON.stringify({ ...fields, later: 1 }))).toBeDefined();
  });

  test('of a version that knew codes only is a code', () => {
    const { kind, ...fields } = JSON.parse(encodeFlow(flow)) as Record<string, unknown>;
    expect([kind, decodeFlow(JSON.stringify(fields))]).toEqual(['code', flow]);
    expect(decodeFlow(JSON.stringify({ ...fields, kind: 'later' }))).toBeUndefined();
  });

  test.each<PageFlow>([
    { kind: 'page', verificationUri: 'https://login.example/authorize', expiresAt: 1, scopes: [] },
    {
      kind: 'page',
      verificationUri: 'https://a.example',
      purpose: 'It asks.',
      expiresAt: 1,
      scopes: ['api'],
    },
  ])('that is a page comes back as it was: %j', (page) => {
    expect(decodeFlow(encodeFlow(page))).toEqual(page);
  });
});

async function handOver({ vault, log }: ReturnType<typeof setUp>): Promise<Vault> {
  return openDelegated(await vault.sharing.delegate(identity), log, systemClock);
}

describe('a vault that was handed over', () => {
  test('opens and stores the record, and needs no key file for it', async () => {
    const all = setUp();
    await all.vault.write(identity, record);
    const handed = await handOver(all);
    expect(tokenIn(await handed.read(identity))).toBe(ACCESS);
    await handed.write(identity, { ...record, accessToken: new Secret('ghu_next') });
    expect(tokenIn(await all.vault.read(identity))).toBe('ghu_next');
    expect(await all.vault.describe(identity)).toBe('file (key file)');
  });

  test('leaves alone what was sealed with another key meanwhile', async () => {
    const all = setUp();
    await all.vault.write(identity, record);
    const handed = await handOver(all);
    writeFileSync(path.join(all.stateDir, 'credentials.key'), Buffer.alloc(32, 7));
    await all.open().read(identity);
    await all.open().write(identity, record);
    const before = readFileSync(all.file);
    await expect(handed.read(identity)).rejects.toThrow(StorageError);
    await expect(handed.write(identity, record)).rejects.toThrow(/another key/);
    expect(readFileSync(all.file)).toEqual(before);
  });

  test.each([
    ['no key', { key: new Secret('short'), keyKind: 'file' }],
    ['a kind that is not known', { key: new Secret('A'.repeat(43)), keyKind: 'tpm' }],
  ])('with %s opens nothing', async (_name, given) => {
    const all = setUp();
    await all.vault.write(identity, record);
    const handed = openDelegated({ stateDir: all.stateDir, ...given }, all.log, systemClock);
    await expect(handed.read(identity)).rejects.toThrow(StorageError);
  });
});

describe('the list', () => {
  test('names every identity of which there is a record, and none that is logged out', async () => {
    const { vault, log } = setUp();
    const work = { ...identity, profile: 'work' };
    for (const one of [identity, work, { ...identity, profile: 'gone' }]) await vault.write(one, record);
    await vault.remove({ ...identity, profile: 'gone' });
    const found = await vault.list();
    expect(found.toSorted((a, b) => a.profile.localeCompare(b.profile))).toEqual([identity, work]);
    expect(log.lines).toEqual([]);
  });

  test('passes over what does not say whose it is, or lies, with one warning each', async () => {
    const { vault, file, directory, log } = setUp();
    await vault.write(identity, record);
    const liar = path.join(directory, `${'a'.repeat(64)}.json`);
    copyFileSync(file, liar);
    const silent = path.join(directory, `${'b'.repeat(64)}.json`);
    writeFileSync(silent, '{}', { mode: 0o600 });
    writeFileSync(path.join(directory, 'notes.json'), 'mine');
    for (let looks = 0; looks < 2; looks += 1) expect(await vault.list()).toEqual([identity]);
    expect(log.lines).toEqual([expect.stringContaining(liar), expect.stringContaining(silent)]);
  });
});

describe('what a killed writer left', () => {
  /** The number of a process that has ended. */
  const { pid: dead } = spawnSync(process.execPath, ['-e', '0']);

  function leave(file: string, { pid = dead, age = 120, nonce = '0123abcd' } = {}): string {
    const left = `${file}.${pid}-${nonce}.tmp`;
    writeFileSync(left, 'half a rec');
    utimesSync(left, Date.now() / 1000 - age, Date.now() / 1000 - age);
    return left;
  }

  test('is swept at the first write of a process, and nothing else is', async () => {
    const { vault, open, file, directory } = setUp();
    await vault.write(identity, record);
    const swept = leave(file);
    const kept = [
      leave(file, { age: 5, nonce: '4567cdef' }),
      leave(file, { pid: process.pid }),
      leave(path.join(directory, `${'a'.repeat(64)}.json`)),
      leave(file.replace('.json', '.login.json')),
    ];
    await vault.write(identity, record);
    expect(existsSync(swept)).toBe(true);
    await open().write(identity, record);
    expect(existsSync(swept)).toBe(false);
    expect(kept.map((left) => existsSync(left))).toEqual([true, true, true, true]);
    expect(tokenIn(await vault.read(identity))).toBe(ACCESS);
  });
});

describe('opened as the command line opens it', () => {
  test('a start without a record writes nothing, and nothing is asked of a passphrase that is not there', async () => {
    const { stateDir, log } = setUp();
    const passphrase = { kind: 'file', path: '/nowhere' } as const;
    for (const store of ['auto', 'keychain', 'file'] as const) {
      const vault = await openVault({ store, stateDir, passphrase, log, clock: systemClock });
      expect(await vault.read(identity)).toEqual({ kind: 'none' });
    }
    expect(existsSync(stateDir)).toBe(false);
  });

  test('everything comes through', async () => {
    const { lazy, log } = setUp();
    const vault = await lazy();
    await vault.write(identity, record);
    expect(tokenIn(await (await lazy()).read(identity))).toBe(ACCESS);
    expect(await vault.list()).toEqual([identity]);
    expect(await vault.describe(identity)).toBe('file (key file)');
    await vault.sharing?.writeFlow(identity, flow);
    expect(await vault.sharing?.readFlow(identity)).toMatchObject({ userCode: 'WDJB-MJHT' });
    await vault.sharing?.removeFlow(identity);
    expect(await vault.sharing?.readFlow(identity)).toBeUndefined();
    expect((await vault.sharing?.delegate(identity))?.keyKind).toBe('file');
    await vault.remove(identity);
    expect(await vault.read(identity)).toMatchObject({ kind: 'logged-out' });
    expect(log.lines).toEqual([]);
  });

  test('a lock excludes a sibling, is gone on with by its name, and leaves nothing', async () => {
    const { lazy, directory } = setUp();
    const [one, two] = [(await lazy()).sharing, (await lazy()).sharing];
    const held = await one?.lock(identity, 'refresh').tryTake();
    expect(await two?.lock(identity, 'refresh').tryTake()).toBeUndefined();
    const other = await two?.lock(identity, 'login').tryTake();
    expect(other).toBeDefined();
    await other?.release();
    const resumed = two?.resumeLock(identity, 'refresh', held?.nonce ?? '');
    expect(resumed?.nonce).toBe(held?.nonce);
    expect(await resumed?.isHeld()).toBe(true);
    await resumed?.touch();
    await resumed?.passTo(process.pid);
    await resumed?.release();
    expect(await held?.isHeld()).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("a watch tells of a sibling's login, and of nothing once it was ended", async () => {
    const { lazy } = setUp();
    const vault = await lazy();
    let news = 0;
    const stored = new Promise<() => void>((resolve) => {
      const end = vault.sharing?.watch(identity, () => {
        news += 1;
        void vault.read(identity).then((kept) => kept.kind === 'record' && resolve(() => end?.()));
      });
      onTestFinished(() => end?.());
    });
    await (await lazy()).write(identity, record);
    (await stored)();
    const before = news;
    // A second watch of the same file is told of the same change: by then the first would have been.
    const told = new Promise<void>((resolve) => {
      const endSecond = vault.sharing?.watch(identity, () => {
        endSecond?.();
        resolve();
      });
    });
    await (await lazy()).remove(identity);
    await told;
    expect(news).toBe(before);
  });

  test('a watch that was ended before it began never begins', async () => {
    const { lazy, stateDir } = setUp();
    const vault = await lazy();
    vault.sharing?.watch(identity, () => expect.unreachable())();
    await vault.describe(identity);
    expect(existsSync(stateDir)).toBe(false);
  });
});
