// A clock that stands still until a test moves it, and that says when somebody waits for it.
// Not for: real timers; servers in the same test can share it through their `now` option.
import type { Clock } from '../../src/base/clock.ts';

export interface FakeClock extends Clock {
  /** Moves time on and fires what falls due, in order of time. */
  advance(ms: number): void;
  /** Moves the time of day on without firing anything: a machine that slept. Back, where `ms` is negative. */
  sleep(ms: number): void;
  /** Resolves as soon as a timer of about `ms` (to the millisecond) is set, or at once where one is. */
  waitForTimer(ms: number): Promise<void>;
  /** {@link waitForTimer}, then {@link advance} by as much. */
  pass(ms: number): Promise<void>;
  /** The timers that are set, as milliseconds from now. */
  pending(): number[];
}

interface Entry {
  readonly at: number;
  readonly run: () => void;
}

/** @param start milliseconds since the epoch */
export function createFakeClock(start = 1_750_000_000_000): FakeClock {
  let now = start;
  let steady = 0;
  const timers = new Set<Entry>();
  let waiters: { ms: number; resolve: () => void }[] = [];

  const isSet = (ms: number): boolean => [...timers].some(({ at }) => Math.abs(at - steady - ms) < 1);
  const tell = (): void => {
    const ready = waiters.filter(({ ms }) => isSet(ms));
    waiters = waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  };

  const clock: FakeClock = {
    now: () => now,
    steady: () => steady,
    random: () => 0.5,
    after(ms, run) {
      const entry = { at: steady + ms, run };
      timers.add(entry);
      tell();
      return { cancel: () => void timers.delete(entry) };
    },
    advance(ms) {
      const end = steady + ms;
      const moveTo = (at: number): void => {
        now += at - steady;
        steady = at;
      };
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        timers.delete(due);
        moveTo(Math.max(steady, due.at));
        due.run();
      }
      moveTo(end);
    },
    sleep(ms) {
      now += ms;
    },
    waitForTimer: (ms) =>
      new Promise((resolve) => {
        waiters.push({ ms, resolve });
        tell();
      }),
    async pass(ms) {
      await clock.waitForTimer(ms);
      clock.advance(ms);
    },
    pending: () => [...timers].map(({ at }) => at - steady),
  };
  return clock;
}
