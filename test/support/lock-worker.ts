// A process that takes a lock and gives it back until its stdin ends, and tells of both on its stdout. Under the lock it
// counts in a file, as somebody would who relies on being alone. Not for: deciding who is killed (lock-kills.test.ts).
// Arguments: the lock, the counter's file, the TTL and for how long it is held at most, both in ms.
import { appendFileSync, openSync, readFileSync, writeSync } from 'node:fs';
import { delay, systemClock } from '../../src/base/clock.ts';
import { createLog } from '../../src/base/log.ts';
import { createLock } from '../../src/vault/lock.ts';

const [file = '', counter = '', ttl = '', most = ''] = process.argv.slice(2);
const counterFile = openSync(counter, 'r+');
const log = createLog(
  'warn',
  (line) => writeSync(2, line),
  (text) => text,
);
const over = new AbortController();
process.stdin.on('end', () => over.abort()).resume();

while (!over.signal.aborted) {
  const lock = createLock(file, { ttlMs: Number(ttl), clock: systemClock, log });
  let held = await lock.tryTake();
  while (held === undefined && !over.signal.aborted) {
    await delay(systemClock, 1 + 4 * systemClock.random());
    held = await lock.tryTake();
  }
  if (held === undefined) break;
  const count = Number(readFileSync(counter, 'utf8'));
  say(`enter ${count}`);
  // So that others have the time to get in, were the door open.
  await delay(systemClock, (Number(most) * (1 + systemClock.random())) / 2);
  // In one step: a truncated file would count as 0 for the next one.
  writeSync(counterFile, String(count + 1).padStart(8, '0'), 0);
  say(`leave ${count}`);
  await held.release();
}

/** The journal first: it is in the order in which things happened, whoever did them. */
function say(line: string): void {
  appendFileSync(`${counter}.journal`, `${process.pid} ${line}\n`);
  writeSync(1, `${line}\n`);
}
