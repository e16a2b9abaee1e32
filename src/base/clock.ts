// Time and randomness as they come into the rest of the program, so that tests wait for nothing.
// Not for: scheduling policy; when to refresh or retry is decided by those who hold a Clock.

/** A timer that was set; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Wall-clock milliseconds since the epoch: it jumps when a machine sleeps, which is what expiry needs. */
  now(): number;
  /** Milliseconds from a beginning of its own, never set back and never jumping: for how long something takes. */
  steady(): number;
  /**
   * Calls `run` once after `ms` milliseconds. The timer keeps the process alive: where a pause is all there is to wait
   * for (before stdin is read, say), Node would otherwise end in the middle of it, with exit code 13.
   */
  after(ms: number, run: () => void): Timer;
  /** A number in [0, 1), for jitter. Never for secrets: those come from node:crypto. */
  random(): number;
}

/** setTimeout takes a signed 32-bit number of milliseconds; beyond it fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
    return { cancel: () => clearTimeout(timer) };
  },
  random: () => Math.random(),
};

/**
 * Resolves after `ms`, or rejects with the signal's reason as soon as it aborts.
 * @param ms milliseconds
 */
export function delay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** No stop costs a timer of {@link wakingClock} more than this, in ms. */
const SLICE_MS = 1000;

/**
 * The same clock with timers that count, within a second, only while this process runs. For a deadline after which
 * something is lost: one that was stopped (SIGSTOP, a machine that sleeps) finds the timer due together with what it
 * waited for, and has to have the time to take that.
 */
export function wakingClock(clock: Clock): Clock {
  return {
    ...clock,
    after(ms, run) {
      let timer: Timer;
      const wait = (left: number): void => {
        timer = clock.after(Math.min(left, SLICE_MS), () =>
          left > SLICE_MS ? wait(left - SLICE_MS) : run(),
        );
      };
      wait(ms);
      return { cancel: () => timer.cancel() };
    },
  };
}
