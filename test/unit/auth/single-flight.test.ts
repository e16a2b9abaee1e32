// Callers share one piece of work, and leave it one by one.
import { expect, test } from 'vitest';
import { createSingleFlight } from '../../../src/auth/single-flight.ts';
import { rejection } from '../github/support.ts';

/** A promise that a test settles when it likes. */
function deferred() {
  const settle: { resolve?: (value: number) => void; reject?: (error: Error) => void } = {};
  const promise = new Promise<number>((resolve, reject) => Object.assign(settle, { resolve, reject }));
  return {
    promise,
    resolve: (value: number) => settle.resolve?.(value),
    reject: (error: Error) => settle.reject?.(error),
  };
}

const { signal } = new AbortController();

test('calls during the work share its result; a call after it starts anew', async () => {
  const flight = createSingleFlight<number>();
  const work = deferred();
  let runs = 0;
  const run = () => {
    runs += 1;
    return work.promise;
  };
  const both = [flight(run, signal), flight(run, signal)];
  work.resolve(7);
  expect(await Promise.all(both)).toEqual([7, 7]);
  expect(runs).toBe(1);
  await flight(run, signal);
  expect(runs).toBe(2);
});

test('a failure reaches every caller, and the next call tries again', async () => {
  const flight = createSingleFlight<number>();
  const work = deferred();
  const both = [flight(() => work.promise, signal), flight(() => work.promise, signal)];
  const error = new Error('down');
  work.reject(error);
  expect(await Promise.all(both.map(rejection))).toEqual([error, error]);
  expect(await flight(() => Promise.resolve(1), signal)).toBe(1);
});

test('an aborted caller leaves with its reason, and the others get the result', async () => {
  const flight = createSingleFlight<number>();
  const work = deferred();
  const controller = new AbortController();
  const leaving = flight(() => work.promise, controller.signal);
  const staying = flight(() => work.promise, signal);
  const reason = new Error('enough');
  controller.abort(reason);
  expect(await rejection(leaving)).toBe(reason);
  work.resolve(7);
  expect(await staying).toBe(7);
});

test('a caller that is aborted already starts nothing', async () => {
  const flight = createSingleFlight<number>();
  const reason = new Error('too late');
  let runs = 0;
  const run = () => {
    runs += 1;
    return Promise.resolve(1);
  };
  expect(await rejection(flight(run, AbortSignal.abort(reason)))).toBe(reason);
  expect(runs).toBe(0);
});

test('a failure after the last caller left troubles nobody', async () => {
  const flight = createSingleFlight<number>();
  const work = deferred();
  const controller = new AbortController();
  const leaving = flight(() => work.promise, controller.signal);
  controller.abort(new Error('enough'));
  await rejection(leaving);
  work.reject(new Error('later'));
  // An unhandled rejection would fail this test file.
  expect(await rejection(work.promise)).toBeInstanceOf(Error);
});
