// How a command ends when it is told to: its work first, and without it when that takes too long.
// Not for: what is printed then (integration/commands-login.test.ts).
import { expect, test } from 'vitest';
import { cancellable } from '../../../src/cli/cancel.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

/** Calls the listeners, as the signal would; nothing is sent. */
const tell = (signal: NodeJS.Signals): boolean => process.emit(signal);

const forEver = (): Promise<never> => new Promise(() => {});

test('work that ends by itself is left alone, and no listener stays', async () => {
  const before = process.listenerCount('SIGHUP');
  expect(await cancellable(createFakeClock(), () => Promise.resolve('done'))).toBe('done');
  await expect(cancellable(createFakeClock(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(process.listenerCount('SIGHUP')).toBe(before);
});

test.each([
  ['SIGINT', 'cancelled', 2],
  ['SIGTERM', 'ended by SIGTERM', 143],
  ['SIGHUP', 'ended by SIGHUP', 129],
] as const)('%s aborts the work with "%s", exit code %i', async (signal, message, exitCode) => {
  const work = cancellable(
    createFakeClock(),
    (aborted) =>
      new Promise<never>((_, reject) => {
        aborted.addEventListener('abort', () => reject(aborted.reason as Error));
      }),
  );
  tell(signal);
  await expect(work).rejects.toThrow(expect.objectContaining({ message, exitCode }));
});

test('what it brings back within a second of that counts', async () => {
  const clock = createFakeClock();
  const finishing = new AbortController();
  const work = cancellable(
    clock,
    () =>
      new Promise<string>((resolve) => {
        finishing.signal.addEventListener('abort', () => resolve('stored in time'));
      }),
  );
  tell('SIGINT');
  clock.advance(999);
  finishing.abort();
  expect(await work).toBe('stored in time');
});

test('what hangs is waited for no longer than a second', async () => {
  const clock = createFakeClock();
  const work = cancellable(clock, forEver);
  tell('SIGINT');
  clock.advance(1000);
  await expect(work).rejects.toThrow('cancelled');
});
