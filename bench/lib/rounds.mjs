// Rounds in which every contender has its turn, so that a machine that slows down slows all of them.
// Not for: what is measured in a turn.
import { Client } from './client.mjs';
import { end, launch } from './processes.mjs';

/** @typedef {import('./contenders.mjs').Contender} Contender */
/** @typedef {import('./processes.mjs').Running} Running */

/**
 * What came of one contender: one value a round, or why it could not go on.
 * @template T
 * @typedef {{ values: T[], failed?: string }} Outcome
 */

/**
 * Runs A B C D A B C D … A contender that fails has no further turn.
 * @template {string} N
 * @template T
 * @param {readonly { name: N }[]} contenders
 * @param {number} rounds
 * @param {(name: N) => Promise<T>} turn
 * @returns {Promise<Map<N, Outcome<T>>>}
 */
export async function interleave(contenders, rounds, turn) {
  /** @type {Map<N, Outcome<T>>} */
  const outcomes = new Map(contenders.map(({ name }) => [name, { values: [] }]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, outcome] of outcomes) {
      if (outcome.failed !== undefined) continue;
      try {
        outcome.values.push(await turn(name));
      } catch (error) {
        outcome.failed = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return outcomes;
}

/**
 * Interleaved turns in each of which a contender is started afresh, has answered one call, and is ended.
 * @template T
 * @param {readonly Contender[]} contenders
 * @param {number} rounds
 * @param {(client: Client, running: Running) => Promise<T>} turn
 */
export function freshTurns(contenders, rounds, turn) {
  return interleave(contenders, rounds, (name) => {
    const argv = contenders.find((contender) => contender.name === name)?.argv ?? [];
    return withClient(argv, async (client, running) => {
      await client.initialize();
      await client.checkEcho();
      return turn(client, running);
    });
  });
}

/**
 * @template T
 * @param {readonly string[]} argv
 * @param {(client: Client, running: Running) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withClient(argv, use) {
  const running = launch(argv);
  try {
    return await use(new Client(running), running);
  } finally {
    await end(running);
  }
}

/**
 * One number out of each value.
 * @template {string} N
 * @template T
 * @param {Map<N, Outcome<T>>} outcomes
 * @param {(value: T) => number} pick
 * @returns {Map<N, Outcome<number>>}
 */
export function pluck(outcomes, pick) {
  return new Map(
    [...outcomes].map(([name, outcome]) => [
      name,
      { ...outcome, values: outcome.values.map((v) => pick(v)) },
    ]),
  );
}
