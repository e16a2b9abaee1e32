// The file vault on file systems that fail in the middle, or that others write to at the same moment.
import * as fs from 'node:fs/promises';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { StorageError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createFileVault, recordName } from '../../../src/vault/file.ts';
import type { VaultRecord } from '../../../src/vault/vault.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { identity, tokenIn } from '../../support/vault.ts';

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof fs>();
  return {
    ...real,
    rename: vi.fn<typeof fs.rename>(real.rename),
    link: vi.fn<typeof fs.link>(real.link),
    mkdir: vi.fn<typeof fs.mkdir>(real.mkdir),
  };
});

afterEach(() => void vi.clearAllMocks());

const record = (token: string): VaultRecord => ({
  accessToken: new Secret(token),
  issuedAt: 1,
  scopes: [],
  rotation: 'overlapping',
});

function setUp() {
  const stateDir = tempDir();
  const log = createTestLog();
  const clock = createFakeClock();
  const directory = path.join(stateDir, 'credentials');
  return {
    log,
    clock,
    key: path.join(stateDir, 'credentials.key'),
    file: path.join(directory, `${recordName(identity)}.json`),
    vault: createFileVault({ stateDir, log, clock }),
    names: () => readdirSync(directory),
  };
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: the test says so`), { code });
}

test('a rename that fails leaves the old record whole, and nothing beside it', async () => {
  const { vault, file, names } = setUp();
  await vault.write(identity, record('gho_old'));
  vi.mocked(fs.rename).mockRejectedValueOnce(failure('EIO'));
  const error: unknown = await vault.write(identity, record('gho_new')).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StorageError);
  expect(error).toMatchObject({ message: expect.stringContaining(file) as string });
  expect(tokenIn(await vault.read(identity))).toBe('gho_old');
  expect(names()).toEqual([path.basename(file)]);
});

test.each(['EACCES', 'EROFS', 'ENOSPC'])(
  'a directory that cannot be made for %s: said with a way out',
  async (code) => {
    const { vault, file } = setUp();
    vi.mocked(fs.mkdir).mockRejectedValueOnce(failure(code));
    const error: unknown = await vault.write(identity, record('gho_new')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({
      message: expect.stringMatching(new RegExp(`${path.dirname(file)}: ${code}`)) as string,
      next: expect.stringContaining('--store memory') as string,
    });
  },
);

// Linux answers ENOENT in /proc, other systems EROFS or EACCES for /proc itself.
test('a directory in which nothing can be made, though it is there: an error, not a hang', async () => {
  const vault = createFileVault({ stateDir: '/proc/gh-mcp-proxy', log: createTestLog() });
  await expect(vault.write(identity, record('gho_new'))).rejects.toThrow(StorageError);
});

test('a file system without hard links still gets its key', async () => {
  const { vault } = setUp();
  vi.mocked(fs.link).mockRejectedValueOnce(failure('EPERM'));
  await vault.write(identity, record('gho_new'));
  expect(tokenIn(await vault.read(identity))).toBe('gho_new');
});

test('a key file that another process is about to fill is not taken for a damaged one', async () => {
  const { vault, key, clock, log } = setUp();
  await vault.write(identity, record('gho_one'));
  const bytes = readFileSync(key);
  writeFileSync(key, '');
  const reading = vault.read(identity);
  await clock.waitForTimer(20);
  writeFileSync(key, bytes);
  clock.advance(20);
  expect(tokenIn(await reading)).toBe('gho_one');
  expect(log.lines).toEqual([]);
});

test('a good record that a sibling stored while ours was being judged is put back and read', async () => {
  const { vault, file, names } = setUp();
  await vault.write(identity, record('gho_good'));
  const good = readFileSync(file);
  writeFileSync(file, 'damaged');
  const { rename } = await vi.importActual<typeof fs>('node:fs/promises');
  vi.mocked(fs.rename).mockImplementationOnce((from, to) => {
    writeFileSync(file, good);
    return rename(from, to);
  });
  expect(tokenIn(await vault.read(identity))).toBe('gho_good');
  expect(names()).toEqual([path.basename(file)]);
});

test('a damaged record that cannot be moved is reported and counts as none', async () => {
  const { vault, file, log } = setUp();
  await vault.write(identity, record('gho_good'));
  writeFileSync(file, 'damaged');
  vi.mocked(fs.rename).mockRejectedValueOnce(failure('EROFS'));
  expect(await vault.read(identity)).toEqual({ kind: 'none' });
  expect(readFileSync(file, 'utf8')).toBe('damaged');
  expect(log.lines).toEqual([expect.stringContaining('it is still there')]);
});
