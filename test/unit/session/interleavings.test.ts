// Thousands of random orders of requests, answers, crashes, rotations, logins, sleeps and revocations: whatever
// happens, nothing is lost, nothing is answered twice, no write runs twice, no timer spins (DESIGN 2.4, 2.5).
// Not for: what exactly an order leads to (the other files here).
import { describe, expect, test } from 'vitest';
import { World } from './world.ts';

const WORLDS = 300;
const STEPS = 150;

type BeforeLogin = 'placeholder' | 'auth-only';

/** Runs one world and then looks at it; an error names the seed and how it came about. */
function live(seed: number, beforeLogin: BeforeLogin, steps: number, look: (world: World) => void): World {
  const world = new World(seed, { beforeLogin });
  try {
    for (let step = 0; step < steps; step += 1) world.step();
    look(world);
  } catch (error) {
    throw new Error(`seed ${seed} (${beforeLogin}):\n${world.log.slice(-60).join('\n')}`, { cause: error });
  }
  return world;
}

function isAtRest(world: World): void {
  world.calmDown();
  expect(world.unanswered).toEqual([]);
  expect(world.state.pending.size).toBe(0);
  expect(world.state.pendingBytes).toBe(0);
  expect(world.state.held).toEqual([]);
  expect(world.state.heldBytes).toBe(0);
  expect(world.state.retired.size).toBe(0);
  for (const [id, times] of world.servers.ran) expect(`${id} ran ${times} times`).toBe(`${id} ran 1 times`);
}

describe.each<BeforeLogin>(['placeholder', 'auth-only'])('with --before-login %s', (beforeLogin) => {
  test('every request is answered once, every write runs once at most, and no timer spins', () => {
    let answered = 0;
    for (let seed = 1; seed <= WORLDS; seed += 1)
      answered += live(seed, beforeLogin, STEPS, isAtRest).answered.size;
    // That something happened at all.
    expect(answered).toBeGreaterThan(WORLDS * 15);
  });

  test('in whatever state the client closes, the session ends within 800 ms and then sets no timer', () => {
    for (let seed = 1; seed <= WORLDS; seed += 1)
      live(seed, beforeLogin, seed % STEPS, (world) => expect(world.close()).toBeLessThanOrEqual(800));
  });
});
