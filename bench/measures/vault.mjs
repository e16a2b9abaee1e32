// What the order among processes costs a refresh: lock, read again, save, unlock, on this machine's disk.
// Not for: the request between the read and the save (rotation.mjs), or many at once (storm.mjs).
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { open, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { failedRow, ownRow } from '../lib/rows.mjs';

/** @typedef {typeof import('../../src/vault/open.ts')} Open */
/** @typedef {typeof import('../../src/base/secret.ts')} SecretModule */
/** @typedef {typeof import('../../src/base/clock.ts')} ClockModule */
/** @typedef {Open & SecretModule & ClockModule} Modules */
/** @typedef {import('../../src/vault/vault.ts').RecordIdentity} RecordIdentity */
/** @typedef {import('../../src/vault/vault.ts').Sharing} Sharing */

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const WARM_UP = 20;

/** @type {RecordIdentity} */
const IDENTITY = {
  mode: 'device',
  issuer: 'https://github.com',
  clientId: 'Iv1.0123456789abcdef',
  profile: 'default',
  scopes: [],
};
const quiet = { error() {}, warn() {}, info() {}, debug() {} };

/** @param {import('../run.mjs').Context} context */
export async function vault({ contenders, quick, temporary }) {
  if (!contenders.some(({ name }) => name === 'ours')) return [];
  try {
    return await measured(quick ? 100 : 500, path.join(temporary, 'vault'));
  } catch (error) {
    return [failedRow('vault', error)];
  }
}

/**
 * @param {number} rounds
 * @param {string} directory
 */
async function measured(rounds, directory) {
  const modules = await bundled(directory);
  const opened = await modules.openVault({
    store: 'file',
    stateDir: path.join(directory, 'state'),
    passphrase: undefined,
    log: quiet,
    clock: modules.systemClock,
  });
  const { sharing } = opened;
  if (sharing === undefined) throw new Error('a vault in files is not shared');

  /** @type {Record<'lock' | 'read' | 'save' | 'unlock' | 'whole' | 'disk', number[]>} */
  const times = { lock: [], read: [], save: [], unlock: [], whole: [], disk: [] };
  for (let round = -WARM_UP; round < rounds; round++) {
    const from = performance.now();
    const held = await taken(sharing);
    const locked = performance.now();
    await opened.read(IDENTITY);
    const read = performance.now();
    await opened.write(IDENTITY, recordOf(modules, round));
    const saved = performance.now();
    await held.release();
    const end = performance.now();
    const disk = await diskAlone(path.join(directory, 'probe'));
    if (round < 0) continue;
    times.lock.push(locked - from);
    times.read.push(read - locked);
    times.save.push(saved - read);
    times.unlock.push(end - saved);
    times.whole.push(end - from);
    times.disk.push(disk);
  }
  return [
    ownRow('vault: lock, read again, save, unlock', 'ms', times.whole),
    ownRow('vault: of this the lock', 'ms', times.lock),
    ownRow('vault: of this reading again', 'ms', times.read),
    ownRow('vault: of this the save', 'ms', times.save),
    ownRow('vault: of this the unlock', 'ms', times.unlock),
    ownRow('vault: the disk alone: write, fsync, rename, fsync', 'ms', times.disk),
    ownRow('vault: the lock of one who was killed', 'ms', await takeovers(rounds / 10, modules, sharing)),
  ];
}

/** @param {Sharing} sharing */
async function taken(sharing) {
  const held = await sharing.lock(IDENTITY, 'refresh').tryTake();
  if (held === undefined) throw new Error('the lock is held by somebody else');
  return held;
}

/**
 * Each from a process that has ended.
 * @param {number} rounds
 * @param {Modules} modules
 * @param {Sharing} sharing
 */
async function takeovers(rounds, modules, sharing) {
  const gone = spawnSync(process.execPath, ['-e', '']).pid;
  const times = [];
  for (let round = 0; round < rounds; round++) {
    await (await taken(sharing)).passTo(gone);
    const from = modules.systemClock.steady();
    const held = await taken(sharing);
    times.push(modules.systemClock.steady() - from);
    await held.release();
  }
  return times;
}

/**
 * What a save cannot do without, for comparison. In ms.
 * @param {string} file
 */
async function diskAlone(file) {
  const from = performance.now();
  const handle = await open(`${file}.tmp`, 'w', 0o600);
  await handle.writeFile('x'.repeat(600));
  await handle.sync();
  await handle.close();
  await rename(`${file}.tmp`, file);
  const directory = await open(path.dirname(file), 'r');
  await directory.sync();
  await directory.close();
  const time = performance.now() - from;
  await unlink(file);
  return time;
}

/**
 * @param {Modules} modules
 * @param {number} round
 * @returns {import('../../src/vault/vault.ts').VaultRecord}
 */
function recordOf({ Secret }, round) {
  const now = Date.now();
  return {
    accessToken: new Secret(`ghu_${String(round).padStart(36, '0')}`),
    refreshToken: new Secret(`ghr_${String(round).padStart(76, '0')}`),
    issuedAt: now,
    expiresAt: now + 28_800_000,
    refreshTokenExpiresAt: now + 15_897_600_000,
    scopes: [],
    login: 'monalisa',
    rotation: 'exclusive',
  };
}

/**
 * The vault as the command has it; Node 20 does not run TypeScript.
 * @param {string} directory
 * @returns {Promise<Modules>}
 */
async function bundled(directory) {
  mkdirSync(directory, { recursive: true });
  const outfile = path.join(directory, 'vault.mjs');
  await build({
    absWorkingDir: root,
    stdin: {
      contents:
        "export * from './src/vault/open.ts'; export * from './src/base/secret.ts'; export * from './src/base/clock.ts';",
      resolveDir: root,
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['@napi-rs/keyring'],
    logLevel: 'error',
  });
  return import(outfile);
}
