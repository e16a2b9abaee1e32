// Goes through every state that processes around a lock can come to. Not for: what a state is (lock-world.ts).
import type { Scenario } from './lock-world.ts';
import { World } from './lock-world.ts';

/** What a search has found: how many different states there are, and the ways that lead to a wrong one. */
export interface Found {
  readonly states: number;
  readonly failures: readonly string[];
}

async function worldAfter(scenario: Scenario, way: readonly number[]): Promise<World> {
  const world = new World(scenario);
  await world.begin(scenario.scripts);
  for (const choice of way) await world.take(choice);
  return world;
}

/**
 * Goes through all states that a scenario can come to, each once.
 * @param scenario called for each run, so that its variables begin anew
 */
export async function explore(scenario: () => Scenario): Promise<Found> {
  const seen = new Set<string>();
  const ways: number[][] = [[]];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    const world = await worldAfter(scenario(), way);
    while (world.failures.length === 0 && !seen.has(world.key())) {
      seen.add(world.key());
      const [next, ...others] = world.choices();
      if (next === undefined) {
        await world.end();
        break;
      }
      for (const other of others) ways.push([...way, other]);
      way = [...way, next];
      await world.take(next);
    }
    if (world.failures.length > 0)
      return { states: seen.size, failures: [`after ${way.join(' ')}: ${world.failures.join('; ')}`] };
  }
  return { states: seen.size, failures: [] };
}
