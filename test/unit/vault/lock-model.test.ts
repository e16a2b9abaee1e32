// The lock's own code in every order of its steps on the file system, with processes killed before any of them.
// Not for: whether the file system does what the model says of it (lock.test.ts and lock-kills.test.ts use a real one).
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Fault } from './lock-tree.ts';
import type { Actor, Scenario } from './lock-world.ts';
import { explore } from './lock-search.ts';
import { LOCK } from './lock-tree.ts';
import { nameFor } from './lock-world.ts';

const NAME = path.basename(LOCK);
/** A number that none of the processes has: it has ended before they begin. */
const GONE = 99;

/** Takes it if it can, works under it, gives it back. */
async function takeAndRelease(actor: Actor): Promise<void> {
  const held = await actor.lock().tryTake();
  if (held === undefined) return;
  actor.enter();
  await actor.work();
  actor.leave();
  await held.release();
}

/** Ends as a process does that was killed while it held it. */
async function takeAndDie(actor: Actor): Promise<void> {
  if ((await actor.lock().tryTake()) === undefined) return;
  actor.enter();
  await actor.work();
  actor.leave();
}

async function twice(actor: Actor): Promise<void> {
  await takeAndRelease(actor);
  actor.forget();
  await takeAndRelease(actor);
}

/** The first takes it and passes it to the second. */
function passing(): Scenario {
  let nonce: string | undefined;
  let stage: 'taking' | 'passed' | 'done' = 'taking';
  return {
    scripts: [
      async (actor) => {
        const held = await actor.lock().tryTake();
        nonce = held?.nonce;
        await held?.passTo(2);
        if (held !== undefined) stage = 'passed';
      },
      // Goes on only when it was told to, and gives it back where nobody is left who would tell it.
      async (actor, world) => {
        await actor.until(() => stage === 'passed' || !world.isRunning(1));
        if (nonce === undefined) return;
        const held = actor.held(nonce);
        if (stage === 'passed' && (await held.isHeld())) {
          actor.enter();
          await actor.work();
          actor.leave();
        }
        stage = 'done';
        await held.release();
      },
      twice,
    ],
    kills: 2,
    said: () => [nonce, stage],
    check: (world) =>
      stage === 'passed' && world.isRunning(2) && world.holds(3) ? 'taken from a living one' : undefined,
  };
}

/** The first is stopped at any point for as long as it takes, and then goes on as if nothing had been. */
function givingUp(): Scenario {
  // The second gives up on anybody at once: without this it would on the third as well.
  let hasSecondLooked = false;
  return {
    scripts: [
      async (actor) => {
        const held = await actor.lock().tryTake();
        await held?.passTo(3);
        await held?.release();
      },
      async (actor) => {
        const held = await actor.lock(0).tryTake();
        hasSecondLooked = true;
        if (held === undefined) return;
        actor.enter();
        await actor.work();
        actor.leave();
        await held.release();
      },
      async (actor, world) => {
        await actor.until(() => hasSecondLooked || !world.isRunning(2));
        await takeAndDie(actor);
      },
    ],
    kills: 0,
    said: () => hasSecondLooked,
    check: (world) => {
      const names = [...(world.tree.get(NAME)?.keys() ?? [])];
      const isThere = names.length === 1 && names[0]?.includes('-2-1-') === true;
      return world.holds(2) && !isThere ? `its new holder has lost it to ${names.join(' ')}` : undefined;
    },
  };
}

/** What is wrong in any state, and whether the search has gone through `least` states: one that finds none proves nothing. */
async function search(
  scenario: () => Scenario,
  least: number,
): Promise<{ failures: readonly string[]; isLarge: boolean }> {
  const { failures, states } = await explore(scenario);
  return { failures, isLarge: states > least };
}

const SOUND = { failures: [], isLarge: true };

const failuresWith = async (fault: Fault): Promise<string> => {
  const scripts = [takeAndRelease, takeAndRelease];
  const found = await explore(() => ({ scripts, left: { [NAME]: [nameFor(GONE)] }, kills: 1, fault }));
  return found.failures.join();
};

describe('never two at once, free after any kill, and nothing left behind', { timeout: 120_000 }, () => {
  test('two take it twice each', async () => {
    expect(await search(() => ({ scripts: [twice, twice], kills: 2 }), 5000)).toEqual(SOUND);
  });

  test('three take it, two of which die with it', async () => {
    expect(
      await search(() => ({ scripts: [takeAndRelease, takeAndDie, takeAndDie], kills: 1 }), 5000),
    ).toEqual(SOUND);
  });

  test('two find the lock and the draft of dead processes', async () => {
    expect(
      await search(
        () => ({
          scripts: [twice, takeAndRelease],
          left: { [NAME]: [nameFor(GONE)], [`${NAME}.${nameFor(GONE - 1)}`]: [] },
          kills: 2,
        }),
        5000,
      ),
    ).toEqual(SOUND);
  });

  test('two find a lock that was given back all but for its directory', async () => {
    expect(
      await search(
        () => ({
          scripts: [takeAndRelease, takeAndRelease],
          left: { [NAME]: [] },
          kills: 2,
        }),
        1000,
      ),
    ).toEqual(SOUND);
  });
});

test('passed on: held until the other one gives it back or dies', { timeout: 120_000 }, async () => {
  expect(await search(passing, 1000)).toEqual(SOUND);
});

test('given up: its late acts do not harm who came after it', { timeout: 120_000 }, async () => {
  expect(await search(givingUp, 1000)).toEqual(SOUND);
});

describe('the search finds', { timeout: 120_000 }, () => {
  test('a file system that moves a directory over one that is not empty', async () => {
    const failures = await failuresWith((operation, target, tree) => {
      if (operation === 'move' && target === LOCK) tree.get(NAME)?.clear();
    });
    expect(failures).toContain('1 and 2 hold it at once');
  });

  test('an eviction that removes whoever is there', async () => {
    const failures = await failuresWith((operation, target, tree) => {
      if (operation === 'removeFile' && path.dirname(target) === LOCK) tree.get(NAME)?.clear();
    });
    expect(failures).toContain('1 and 2 hold it at once');
  });

  test('something that is never cleared away', async () => {
    const failures = await failuresWith((operation, target, tree) => {
      if (operation === 'removeDirectory' && target !== LOCK) tree.set('the.lock.draft', new Map());
    });
    expect(failures).toContain('left behind: the.lock.draft');
  });
});
