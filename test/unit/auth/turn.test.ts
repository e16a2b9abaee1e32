// How a lock is kept while something takes long under it. Not for: taking it (renewal.test.ts, on-disk.test.ts).
import { expect, test } from 'vitest';
import { keptAlive, NO_LOCK } from '../../../src/auth/turn.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { promised } from '../../support/promised.ts';

function countingLock() {
  let touched = 0;
  const touch = (): Promise<void> => {
    touched += 1;
    return Promise.resolve();
  };
  return { held: { ...NO_LOCK, touch }, touched: () => touched };
}

test('a lock is touched for as long as the work under it takes, and not after that', async () => {
  const clock = createFakeClock();
  const { held, touched } = countingLock();
  const [question, answer] = promised<string>();
  const kept = keptAlive(held, clock, question);
  clock.advance(60_000);
  expect(touched()).toBe(12);
  answer('agreed');
  expect(await kept).toBe('agreed');
  clock.advance(60_000);
  expect(touched()).toBe(12);
});

test('nor after work that has failed', async () => {
  const clock = createFakeClock();
  const { held, touched } = countingLock();
  await expect(keptAlive(held, clock, Promise.reject(new Error('denied')))).rejects.toThrow('denied');
  clock.advance(60_000);
  expect(touched()).toBe(0);
});
