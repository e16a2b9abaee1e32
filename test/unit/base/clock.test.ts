// Waiting by a clock that tests can turn.
import { describe, expect, test, vi } from 'vitest';
import { delay, systemClock, wakingClock } from '../../../src/base/clock.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

describe('delay', () => {
  test('resolves when its time has come, not before', async () => {
    const clock = createFakeClock();
    let done = false;
    const waiting = delay(clock, 1000).then(() => (done = true));
    clock.advance(999);
    await Promise.resolve();
    expect(done).toBe(false);
    clock.advance(1);
    await waiting;
    expect(clock.pending()).toEqual([]);
  });

  test('rejects with the reason of its signal at once, and leaves no timer', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const waiting = delay(clock, 1000, controller.signal);
    const reason = new Error('the client is gone');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    expect(clock.pending()).toEqual([]);
  });

  test('with a signal that was aborted before sets no timer at all', async () => {
    const clock = createFakeClock();
    const reason = new Error('too late');
    await expect(delay(clock, 1000, AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(clock.pending()).toEqual([]);
  });

  test('that is over lets go of its signal', async () => {
    const clock = createFakeClock();
    const { signal } = new AbortController();
    const removed = vi.spyOn(signal, 'removeEventListener');
    const waiting = delay(clock, 5, signal);
    clock.advance(5);
    await waiting;
    expect(removed).toHaveBeenCalledWith('abort', expect.any(Function));
  });
});

describe('the clock of the machine', () => {
  test('calls once, in order of time', async () => {
    const order: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.after(20, () => {
        order.push('late');
        resolve();
      });
      systemClock.after(-5, () => order.push('at once'));
    });
    expect(order).toEqual(['at once', 'late']);
  });

  test('does not call what was cancelled, twice or after all', async () => {
    const called = vi.fn<() => void>();
    const timer = systemClock.after(1, called);
    timer.cancel();
    timer.cancel();
    await new Promise<void>((resolve) => {
      const last = systemClock.after(10, () => {
        last.cancel();
        resolve();
      });
    });
    expect(called).not.toHaveBeenCalled();
  });

  test('does not take a wait of years for none: setTimeout counts in 32 bits', async () => {
    const called = vi.fn<() => void>();
    const timer = systemClock.after(1e15, called);
    await new Promise<void>((resolve) => {
      systemClock.after(10, resolve);
    });
    timer.cancel();
    expect(called).not.toHaveBeenCalled();
  });

  test('tells the time in milliseconds, and random numbers below one', () => {
    const before = Date.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    expect(systemClock.now()).toBeLessThan(before + 60_000);
    for (let index = 0; index < 100; index += 1) {
      const number = systemClock.random();
      expect(number >= 0 && number < 1).toBe(true);
    }
  });
});

/** One whose process is stopped for hours each time: whatever timer is set is due then. */
function stopping() {
  const due = new Set<() => void>();
  const after: Clock['after'] = (_ms, run) => {
    due.add(run);
    return { cancel: () => void due.delete(run) };
  };
  const stop = (): void => {
    const runs = [...due];
    due.clear();
    for (const run of runs) run();
  };
  return { clock: { ...createFakeClock(), after }, stop, due };
}

describe('a waking clock', () => {
  test('fires when its time has come, not before', () => {
    const clock = createFakeClock();
    const run = vi.fn<() => void>();
    wakingClock(clock).after(2500, run);
    clock.advance(2499);
    expect(run).not.toHaveBeenCalled();
    clock.advance(1);
    expect(run).toHaveBeenCalledOnce();
    expect(clock.pending()).toEqual([]);
  });

  test('takes a stop of hours for one second', () => {
    const { clock, stop, due } = stopping();
    const run = vi.fn<() => void>();
    wakingClock(clock).after(3000, run);
    stop();
    stop();
    expect(run).not.toHaveBeenCalled();
    stop();
    expect(run).toHaveBeenCalledOnce();
    expect(due.size).toBe(0);
  });

  test('that is cancelled in the middle fires nothing', () => {
    const { clock, stop, due } = stopping();
    const run = vi.fn<() => void>();
    const timer = wakingClock(clock).after(3000, run);
    stop();
    timer.cancel();
    expect(due.size).toBe(0);
  });
});
