// Whether the benchmark tells a caller's pause from a slow call that no rotation is to blame for.
// Not for: the figures of a run.
import { expect, test } from 'vitest';
import { Ledger } from '../../../bench/lib/ledger.mjs';
import { pausesOf } from '../../../bench/lib/pauses.mjs';
import { rotationsOf } from '../../../bench/lib/rotating.mjs';

/** A ledger of calls, each given as when it was sent and how long it took. */
function ledgerOf(calls: readonly (readonly [sent: number, took: number])[]): Ledger {
  const ledger = new Ledger();
  const inOrder = calls.map(([sent, took]) => [sent, sent + took] as const).sort(([, a], [, b]) => a - b);
  for (const [sent, answered] of inOrder) ledger.add(sent, answered);
  return ledger;
}

const steady = Array.from({ length: 100 }, (_, call) => [call * 10, 2] as const);

test('a call that is held counts whole, from before the rotation until after it, and over the usual time', () => {
  const ledger = ledgerOf([...steady, [495, 60]]);
  const { usual, pauses } = pausesOf(ledger, [{ from: 500, to: 550 }]);
  expect(usual).toBe(2);
  expect(pauses).toEqual([58]);
});

test('slow calls beside a rotation are none of its pause, but show in the quiet stretch before it', () => {
  const ledger = ledgerOf([...steady, [455, 30], [555, 90]]);
  const { pauses, quiet } = pausesOf(ledger, [{ from: 500, to: 550 }]);
  expect(pauses).toEqual([0]);
  expect(quiet).toEqual([28]);
});

test('a quiet stretch that would reach into the rotation before is left out', () => {
  const rotations = [
    { from: 200, to: 300 },
    { from: 350, to: 450 },
  ];
  const { pauses, quiet } = pausesOf(ledgerOf(steady), rotations);
  expect(pauses).toHaveLength(2);
  expect(quiet).toEqual([0]);
});

test('a ledger keeps every call, however many there are', () => {
  const ledger = new Ledger();
  for (let call = 0; call < 200_000; call += 1) ledger.add(call, call + 1);
  expect(ledger.length).toBe(200_000);
  expect(ledger.roundTrips((sent) => sent >= 199_998)).toEqual([1, 1]);
});

test('a rotation begins with the refresh that its server was started for; the first server and a restart are none', () => {
  const servers = [
    { firstAt: 100, everyoneAt: 110 },
    { firstAt: 300, everyoneAt: 320 },
    { firstAt: 400, everyoneAt: 420 },
    { firstAt: 600, everyoneAt: 640 },
    { firstAt: 800, everyoneAt: undefined },
  ];
  const refreshes = [
    { at: 50, answeredAt: 60 },
    { at: 200, answeredAt: 250 },
    { at: 450, answeredAt: 460 },
    { at: 500, answeredAt: 520 },
    { at: 700, answeredAt: 710 },
  ];
  expect(rotationsOf(servers, refreshes)).toEqual([
    { from: 200, to: 320, refreshMs: 50 },
    { from: 500, to: 640, refreshMs: 20 },
  ]);
});
