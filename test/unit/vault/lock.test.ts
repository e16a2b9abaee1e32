// The lock on a real file system: who gets it, who loses it, what is left. Not for: races (lock-model.test.ts), or
// processes that are really killed (lock-kills.test.ts).
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StorageError } from '../../../src/base/errors.ts';
import type { LockSystem } from '../../../src/vault/lock.ts';
import { createLock, heldLock } from '../../../src/vault/lock.ts';
import type { LockFiles } from '../../../src/vault/lock-files.ts';
import { systemFiles } from '../../../src/vault/lock-files.ts';
import { nameOf, systemProcesses } from '../../../src/vault/lock-holder.ts';
import type { HeldLock } from '../../../src/vault/vault.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';

const TTL_MS = 30_000;
const onLinux = process.platform === 'linux';
/** What others may do; Windows has no such bits. */
const OTHERS = process.platform === 'win32' ? 0 : 0o077;
const NONCE = '0123456789abcdef';

function setUp() {
  const directory = tempDir();
  const file = path.join(directory, 'record.refresh.lock');
  const clock = createFakeClock(Date.now());
  const log = createTestLog();
  return {
    directory,
    file,
    clock,
    log,
    /** One more process that wants it, as far as a lock can tell. */
    lock: () => createLock(file, { ttlMs: TTL_MS, clock, log }),
    held: (nonce: string) => heldLock(file, nonce, { clock, log }),
    /** Puts a lock there as its holder would have. */
    put: (name: string) => {
      mkdirSync(file, { mode: 0o700 });
      writeFileSync(path.join(file, name), '');
    },
  };
}

async function taken(lock: { tryTake(): Promise<HeldLock | undefined> }): Promise<HeldLock> {
  const held = await lock.tryTake();
  if (!held) throw new Error('the lock is not free');
  return held;
}

/** The number of a process that has ended, as its parent knows. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

/** A process that does nothing until the test ends. */
function livingPid(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid ?? 0;
}

describe('taking and giving back', () => {
  test('one gets it, and the next when it was given back; nothing is left then', async () => {
    const { lock, directory } = setUp();
    const first = await taken(lock());
    expect(await lock().tryTake()).toBeUndefined();
    expect(await first.isHeld()).toBe(true);
    await first.release();
    expect(await first.isHeld()).toBe(false);
    expect(readdirSync(directory)).toEqual([]);
    await (await taken(lock())).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('of many at once exactly one gets it', async () => {
    const { lock } = setUp();
    const all = await Promise.all(Array.from({ length: 20 }, () => lock().tryTake()));
    expect(all.filter((held) => held !== undefined)).toHaveLength(1);
  });

  test('giving back twice, or what somebody else has taken, does nothing', async () => {
    const { lock } = setUp();
    const first = await taken(lock());
    await first.release();
    const second = await taken(lock());
    await first.release();
    expect(await second.isHeld()).toBe(true);
  });

  test.runIf(process.platform !== 'win32')('others can neither see nor touch it', async () => {
    const { lock, file, directory } = setUp();
    await taken(lock());
    expect(statSync(file).mode & 0o777).toBe(0o700);
    const [name = ''] = readdirSync(file);
    expect(statSync(path.join(file, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual([path.basename(file)]);
  });

  test('the directory above is made', async () => {
    const { directory, clock, log } = setUp();
    const file = path.join(directory, 'deep', 'state', 'a.lock');
    const held = await taken(createLock(file, { ttlMs: TTL_MS, clock, log }));
    expect(await held.isHeld()).toBe(true);
    expect(statSync(path.dirname(file)).mode & OTHERS).toBe(0);
  });

  test('a place where nothing can be written is an error that says what to do', async () => {
    const { directory, clock, log } = setUp();
    writeFileSync(path.join(directory, 'file'), '');
    const file = path.join(directory, 'file', 'a.lock');
    const failure = await createLock(file, { ttlMs: TTL_MS, clock, log })
      .tryTake()
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StorageError);
    expect((failure as StorageError).message).toContain(`cannot lock ${file}: `);
    expect((failure as StorageError).next).toContain('--state-dir');
  });

  test('a file in the place of the lock is an error and stays', async () => {
    const { file, lock } = setUp();
    writeFileSync(file, 'precious');
    await expect(lock().tryTake()).rejects.toThrow(`cannot lock ${file}`);
    expect(statSync(file).size).toBe(8);
  });

  test.each<[string, keyof LockFiles, string, string]>([
    ['has no room', 'makeFile', 'ENOSPC', 'Free some disk space'],
    ['will not move a directory', 'move', 'EXDEV', 'Give yourself permission'],
  ])('of a file system that %s it is told, and no draft stays', async (_, operation, code, next) => {
    const { directory, file, clock, log } = setUp();
    const refused = (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
    const system: LockSystem = {
      files: { ...systemFiles, [operation]: refused },
      processes: systemProcesses,
      nonce: () => NONCE,
    };
    const lock = createLock(file, { ttlMs: TTL_MS, clock, log, system });
    await expect(lock.tryTake()).rejects.toMatchObject({
      message: `cannot lock ${file}: ${code}`,
      next: expect.stringContaining(next) as string,
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('a holder that has ended', () => {
  test('loses it at once', async () => {
    const { lock, put, log } = setUp();
    put(nameOf({ ...systemProcesses.describe(process.pid), startTime: '0', pid: deadPid(), nonce: NONCE }));
    const held = await taken(lock());
    expect([await held.isHeld(), held.wasLeft]).toEqual([true, true]);
    expect(log.lines.join('\n')).toMatch(/taken over: process \d+ has ended/);
    await held.release();
    // One that is given back tells nothing of that.
    expect((await taken(lock())).wasLeft).toBeUndefined();
  });

  test.runIf(onLinux)('and whose number belongs to another process by now', async () => {
    const { lock, put } = setUp();
    put(nameOf({ ...systemProcesses.describe(livingPid()), startTime: '1', nonce: NONCE }));
    expect(await lock().tryTake()).toBeDefined();
  });

  test.runIf(onLinux)('and whose parent has not asked for it yet', async () => {
    const { lock, put } = setUp();
    // The shell becomes a process that never looks after the child that it was left.
    const script = 'sleep 0.01 & echo $!; exec sleep 1000';
    const parent = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    const holder = { ...systemProcesses.describe(zombie), nonce: NONCE };
    put(nameOf(holder));
    await expect.poll(() => systemProcesses.isGone(holder)).toBe(true);
    // It still has its number.
    expect(() => process.kill(zombie, 0)).not.toThrow();
    expect(await lock().tryTake()).toBeDefined();
  });

  test('leaves drafts, which whoever gives the lock back sweeps; those of the living and of other machines stay', async () => {
    const { lock, directory, file } = setUp();
    const self = systemProcesses.describe(process.pid);
    const draft = (holder: Partial<typeof self>): string => {
      const name = nameOf({ ...self, startTime: '0', ...holder, nonce: NONCE });
      mkdirSync(`${file}.${name}`);
      writeFileSync(path.join(`${file}.${name}`, name), '');
      return path.basename(`${file}.${name}`);
    };
    draft({ pid: deadPid() });
    const living = draft({});
    const foreign = draft({ machine: 'abcdefabcdef' });
    const old = draft({ machine: 'fedcbafedcba' });
    utimesSync(path.join(directory, foreign), 0, Date.now() / 1000 - 3500);
    utimesSync(path.join(directory, old), 0, Date.now() / 1000 - 3700);
    writeFileSync(`${file}.notes`, '');
    await (await taken(lock())).release();
    expect(readdirSync(directory)).toEqual([foreign, living, `${path.basename(file)}.notes`].sort());
  });
});

describe('a holder of which nothing is certain', () => {
  /** Of another machine, or with a name that a later version may have given it. */
  const names = [
    ['on another machine', `${NONCE}-1-1-abcdefabcdef`],
    ['with a name that is not understood', 'v9 something else'],
  ] as const;

  test.each(names)('%s keeps it until it has done nothing for the TTL', async (_, name) => {
    const { lock, put, clock } = setUp();
    put(name);
    const waiting = lock();
    expect(await waiting.tryTake()).toBeUndefined();
    clock.advance(TTL_MS - 1);
    expect(await waiting.tryTake()).toBeUndefined();
    clock.advance(1);
    expect(await waiting.tryTake()).toBeDefined();
  });

  test.each(names)('%s: one who has just come does not know for how long', async (_, name) => {
    const { lock, put, clock } = setUp();
    put(name);
    await lock().tryTake();
    clock.advance(TTL_MS);
    expect(await lock().tryTake()).toBeUndefined();
  });

  test('a machine that slept, or a clock that was set, takes it from nobody', async () => {
    const { lock, put, clock } = setUp();
    put(names[0][1]);
    const waiting = lock();
    await waiting.tryTake();
    clock.sleep(10 * TTL_MS);
    expect(await waiting.tryTake()).toBeUndefined();
  });

  test('one that lives and touches it keeps it; one that stops touching it loses it', async () => {
    const { lock, clock } = setUp();
    const holder = await taken(lock());
    const waiting = lock();
    for (let round = 0; round < 3; round += 1) {
      expect(await waiting.tryTake()).toBeUndefined();
      clock.advance(TTL_MS - 1);
      await holder.touch();
    }
    expect(await waiting.tryTake()).toBeUndefined();
    clock.advance(TTL_MS);
    const next = await taken(waiting);

    // It wakes up, and can do no harm.
    expect(await holder.isHeld()).toBe(false);
    await holder.touch();
    await holder.passTo(process.pid);
    await holder.release();
    expect(await next.isHeld()).toBe(true);
  });

  test('a successor is a new holder with a TTL of its own, however coarse the times of files are', async () => {
    const { lock, file, clock } = setUp();
    const sameTime = (): void => {
      for (const name of readdirSync(file)) utimesSync(path.join(file, name), 1, 1);
    };
    const first = await taken(lock());
    sameTime();
    const waiting = lock();
    await waiting.tryTake();
    clock.advance(TTL_MS - 1);
    await first.release();
    await taken(lock());
    sameTime();
    clock.advance(TTL_MS - 1);
    expect(await waiting.tryTake()).toBeUndefined();
  });
});

describe('passing it on', () => {
  test('the other process keeps it, and gives it back by its name', async () => {
    const { lock, held } = setUp();
    const mine = await taken(lock());
    await mine.passTo(livingPid());
    expect(await lock().tryTake()).toBeUndefined();
    const theirs = held(mine.nonce);
    expect(await theirs.isHeld()).toBe(true);
    await theirs.touch();
    await theirs.release();
    expect(await mine.isHeld()).toBe(false);
    expect(await lock().tryTake()).toBeDefined();
  });

  test('to one that has ended frees it', async () => {
    const { lock } = setUp();
    await (await taken(lock())).passTo(deadPid());
    expect(await lock().tryTake()).toBeDefined();
  });

  test('who passed it on may still give it back, where the other one was of no use', async () => {
    const { lock, directory } = setUp();
    const mine = await taken(lock());
    await mine.passTo(livingPid());
    await mine.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a name that nobody holds it by is not held', async () => {
    const { lock, held } = setUp();
    expect(await held(NONCE).isHeld()).toBe(false);
    await taken(lock());
    expect(await held(NONCE).isHeld()).toBe(false);
  });
});
