// Any order of client messages, answers, crashes, renewals, logins, sleeps and revocations: whatever happens, nothing is
// lost, nothing is answered twice, no write runs twice, nothing grows without bound, no timer spins (DESIGN 2.4, 2.5).
// A failure prints the shortest sequence that leads to it and all that was said; model-runs.ts tells how to have it
// again, or how to search for longer. Not for: what exactly an order leads to (the other files here).
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { live } from './model.ts';
import { ANYTHING, BURSTS, commands, HEALTHY, REFUSING, scenario } from './model-commands.ts';
import { checkGoodbye, checkRest } from './model-end.ts';
import { LONG_RUN, parameters, sureRuns } from './model-runs.ts';
import type { World } from './world.ts';

/** Sum of what `measure` finds in each world that a property makes. */
function counter(measure: (world: World) => number): { total: number; readonly add: (world: World) => void } {
  const sum = { total: 0, add: (world: World): void => void (sum.total += measure(world)) };
  return sum;
}

const answered = (world: World): number =>
  world.client.requests.filter(({ state, failed }) => state === 'answered' && !failed).length;

test('every request is answered once, every write runs once at most, and all comes to rest', LONG_RUN, () => {
  const runs = parameters(1500);
  const good = counter(answered);
  const property = fc.property(scenario, commands(ANYTHING, 120), (given, what) => {
    good.add(live(given, what, checkRest));
  });
  fc.assert(property, runs);
  // That something happened at all; and so below.
  expect(good.total).toBeGreaterThanOrEqual(sureRuns(runs));
});

test('in whatever state the client leaves, the session ends in time and sets no timer', LONG_RUN, () => {
  const runs = parameters(800);
  const ends = counter((world) => (world.exitCode === undefined ? 0 : 1));
  const some = commands(ANYTHING, 80);
  const property = fc.property(scenario, some, commands(ANYTHING, 12), (given, before, after) => {
    ends.add(live(given, [...before, { do: 'leave' }, ...after], checkGoodbye));
  });
  fc.assert(property, runs);
  expect(ends.total).toBeGreaterThanOrEqual(sureRuns(runs));
});

test('of thousands of requests, small or large, no more are kept than the bounds say', LONG_RUN, () => {
  const runs = parameters(40);
  const turnedAway = counter(({ client }) => client.turnedAway);
  const property = fc.property(scenario, commands(BURSTS, 30), (given, what) => {
    turnedAway.add(live(given, what, checkRest));
  });
  fc.assert(property, runs);
  expect(turnedAway.total).toBeGreaterThanOrEqual(sureRuns(runs));
});

test(
  'where no token is ever accepted, no call is made again for ever, and renewals are few',
  LONG_RUN,
  () => {
    const runs = parameters(300);
    const renewals = counter(({ tokens }) => tokens.newest);
    const refusing = scenario.map((given) => ({ ...given, renewable: true, hopeless: true }));
    const property = fc.property(refusing, commands(REFUSING, 120), (given, what) => {
      renewals.add(live(given, what, checkRest));
    });
    fc.assert(property, runs);
    expect(renewals.total).toBeGreaterThanOrEqual(sureRuns(runs));
  },
);

test('where tokens overlap and servers are well, no request is ever held', LONG_RUN, () => {
  const runs = parameters(150);
  const rotations = counter(({ state }) => state.nextGeneration - 2);
  const well = scenario.map((given) => ({
    ...given,
    stored: 'good' as const,
    rotation: 'overlapping' as const,
    configured: undefined,
    renewable: true,
    hopeless: false,
    lifetime: 60 * 60_000,
    authTools: false,
    unhurried: true,
  }));
  const property = fc.property(well, commands(HEALTHY, 120), (given, what) => {
    const world = live(given, what, (one) => {
      expect(one.mostHeld).toBe(0);
      checkRest(one);
    });
    rotations.add(world);
  });
  fc.assert(property, runs);
  expect(rotations.total).toBeGreaterThanOrEqual(sureRuns(runs));
});
