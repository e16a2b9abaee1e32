// The machine's own clock, except that short pauses are shorter still: for tests with real files, sockets or processes,
// in which a fake clock would have to be moved at the right moments. Not for: deadlines; long timers run as they are.
import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';

export interface HurriedClock extends Clock {
  /** Time has passed: what expires has expired. Fires no timer. */
  skip(ms: number): void;
}

/** Pauses of up to this many ms take a twentieth of their time. */
const SHORT = 2000;

export function createHurriedClock(): HurriedClock {
  let skipped = 0;
  return {
    now: () => systemClock.now() + skipped,
    steady: () => systemClock.steady() + skipped,
    random: () => systemClock.random(),
    after: (ms, run) => systemClock.after(ms <= SHORT ? ms / 20 : ms, run),
    skip(ms) {
      skipped += ms;
    },
  };
}
