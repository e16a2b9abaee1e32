// Real processes that want one lock while they are killed and stopped at any moment.
// Not for: each order of steps (test/unit/vault/lock-model.test.ts).
import { EventEmitter, once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { createLock } from '../../src/vault/lock.ts';
import { seeded } from '../support/random.ts';
import { tempDir } from '../support/temp.ts';
import { createTestLog } from '../support/test-log.ts';
import type { Worker } from '../support/worker.ts';
import { bundleWorker, startWorker } from '../support/worker.ts';

const PROCESSES = 8;
const KILLS = 40;
/** None of the killed is waited for so long: they must be found dead. */
const TTL_MS = 60_000;
/** Somebody has it again after a kill, in ms. */
const SOON_MS = 1000;

function setUp(ttlMs: number) {
  const file = bundleWorker(new URL('../support/lock-worker.ts', import.meta.url));
  const directory = path.join(tempDir(), 'locks');
  mkdirSync(directory, { mode: 0o700 });
  const lock = path.join(directory, 'a.lock');
  const counter = path.join(tempDir(), 'counter');
  writeFileSync(counter, '00000000');
  const entries = new EventEmitter();
  return {
    directory,
    counter,
    entries,
    start: (holdMs = 3) =>
      startWorker(file, [lock, counter, String(ttlMs), String(holdMs)], (line, pid) => {
        if (line.startsWith('enter')) entries.emit('enter', pid);
      }),
    take: () => createLock(lock, { ttlMs, clock: systemClock, log: createTestLog() }).tryTake(),
    journal: () => readFileSync(`${counter}.journal`, 'utf8').trimEnd().split('\n'),
  };
}

/**
 * What cannot be in the journal of processes of which one at a time is inside: after an entry comes its own end, or
 * nothing more of a process that was killed.
 */
function judge(
  journal: readonly string[],
  killed: ReadonlySet<number>,
): { entries: number; wrong: string[] } {
  const wrong: string[] = [];
  const gone = new Set<string>();
  let inside: string | undefined;
  let entries = 0;
  for (const line of journal) {
    const [pid = '', what, count = ''] = line.split(' ');
    const who = `${pid} ${count}`;
    if (gone.has(pid)) wrong.push(`${line}: it had lost the lock`);
    if (what === 'leave') {
      if (inside !== who) wrong.push(`${line}: inside is ${inside}`);
      inside = undefined;
      continue;
    }
    entries += 1;
    const before = inside?.split(' ')[0];
    if (before !== undefined && !killed.has(Number(before))) wrong.push(`${line}: ${inside} is inside`);
    if (before !== undefined) gone.add(before);
    inside = who;
  }
  return { entries, wrong };
}

test(`${PROCESSES} processes under ${KILLS} random kills: one at a time, the next one soon, nothing left`, async () => {
  const { start, entries, take, counter, directory, journal } = setUp(TTL_MS);
  const random = seeded(20);
  const killed = new Set<number>();
  let holder = 0;
  entries.on('enter', (pid: number) => (holder = pid));
  const workers = new Map<number, Worker>();
  const add = (): void => {
    const worker = start();
    workers.set(worker.pid, worker);
  };
  for (let count = 0; count < PROCESSES; count += 1) add();

  let longest = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    // At whatever moment it is: some entries later.
    for (let count = random.int(4); count >= 0; count -= 1) await once(entries, 'enter');
    const victim = (kill % 2 === 0 ? workers.get(holder) : undefined) ?? random.pick([...workers.values()]);
    killed.add(victim.pid);
    workers.delete(victim.pid);
    const next = new Promise<void>((resolve) => {
      const onEnter = (pid: number): void => {
        if (pid === victim.pid) return;
        entries.off('enter', onEnter);
        resolve();
      };
      entries.on('enter', onEnter);
    });
    victim.kill('SIGKILL');
    const from = performance.now();
    await next;
    longest = Math.max(longest, performance.now() - from);
    add();
  }
  expect(longest).toBeLessThan(SOON_MS);

  for (const worker of workers.values()) worker.finish();
  await Promise.all([...workers.values()].map(({ ended }) => ended));
  const { entries: entered, wrong } = judge(journal(), killed);
  expect(wrong).toEqual([]);
  // Every one counted, but for those who were killed before they did.
  const counted = Number(readFileSync(counter, 'utf8'));
  expect(counted).toBeLessThanOrEqual(entered);
  expect(counted).toBeGreaterThanOrEqual(entered - killed.size);
  expect(counted).toBeGreaterThan(KILLS);

  const last = await take();
  expect(last).toBeDefined();
  await last?.release();
  expect(readdirSync(directory)).toEqual([]);
}, 60_000);

test.runIf(process.platform !== 'win32')(
  'a holder that is stopped loses it after the TTL, and harms nobody when it goes on',
  async () => {
    const ttlMs = 500;
    const { start, entries, journal, directory, take } = setUp(ttlMs);
    const first = start(2000);
    await once(entries, 'enter');
    first.kill('SIGSTOP');
    const from = performance.now();
    const others = [start(), start()];
    await once(entries, 'enter');
    expect(performance.now() - from).toBeGreaterThanOrEqual(ttlMs);
    for (let count = 0; count < 20; count += 1) await once(entries, 'enter');
    // It leaves, and takes the lock of somebody else for its own.
    first.kill('SIGCONT');
    first.finish();
    while (!journal().some((line) => line.startsWith(`${first.pid} leave`))) await once(entries, 'enter');
    await first.ended;
    for (let count = 0; count < 20; count += 1) await once(entries, 'enter');
    for (const other of others) other.finish();
    await Promise.all(others.map(({ ended }) => ended));

    const ofOthers = journal().filter((line) => !line.startsWith(`${first.pid} `));
    const { entries: entered, wrong } = judge(ofOthers, new Set());
    expect(wrong).toEqual([]);
    expect(entered).toBeGreaterThan(40);
    await (await take())?.release();
    expect(readdirSync(directory)).toEqual([]);
  },
  30_000,
);
