// How long until a client gets its first answers, from spawn. Not for: speed afterwards.
import { once } from 'node:events';
import { end, launch } from '../lib/processes.mjs';
import { interleave, pluck, withClient } from '../lib/rounds.mjs';
import { row, valueAtMost } from '../lib/rows.mjs';
import { median } from '../lib/stats.mjs';

/** @typedef {import('../lib/rounds.mjs').Outcome<{ initialized: number, called: number }>} Starts */

/** The program that does nothing: what Node itself costs on this machine, in the same rounds. */
const NOTHING = /** @type {const} */ ({ name: 'node', argv: [process.execPath, '-e', '0'] });

/** What the proxy may add to the upstream's own start, beyond one start of Node. */
const ADDED_MS = 30;

/** @param {import('../run.mjs').Context} context */
export async function start({ contenders, quick }) {
  const all = [NOTHING, ...contenders];
  /** @type {Map<string, Starts>} */
  const outcomes = await interleave(all, quick ? 5 : 15, async (name) => {
    const argv = all.find((contender) => contender.name === name)?.argv ?? [];
    return name === NOTHING.name ? untilEnd(argv) : untilAnswers(argv);
  });
  const nothing = outcomes.get(NOTHING.name)?.values.map(({ called }) => called) ?? [];
  const node = nothing.length === 0 ? NaN : median(nothing);
  const called = pluck(outcomes, (times) => times.called);
  return [
    row(
      `start: initialize answered (node -e 0 ends after ${node.toFixed(1)} ms)`,
      'ms',
      pluck(outcomes, (times) => times.initialized),
    ),
    row('start: first tools/call answered', 'ms', called),
    row('start: initialize, over node -e 0', 'ms', added(outcomes, 'initialized', 'node'), { ratio: false }),
    row('start: first tools/call, over upstream alone', 'ms', added(outcomes, 'called', 'direct'), {
      ratio: false,
      budget: valueAtMost(node + ADDED_MS, 'ms'),
    }),
  ];
}

/** @param {readonly string[]} argv */
async function untilEnd(argv) {
  const from = performance.now();
  const running = launch(argv);
  await once(running.child, 'exit');
  const ms = performance.now() - from;
  await end(running);
  return { initialized: ms, called: ms };
}

/** @param {readonly string[]} argv */
function untilAnswers(argv) {
  const from = performance.now();
  return withClient(argv, async (client) => {
    await client.initialize();
    const initialized = performance.now() - from;
    await client.checkEcho();
    return { initialized, called: performance.now() - from };
  });
}

/**
 * What each contender took beyond another one, round by round.
 * @param {Map<string, Starts>} outcomes
 * @param {'initialized' | 'called'} key
 * @param {'node' | 'direct'} base
 */
function added(outcomes, key, base) {
  const bases = outcomes.get(base)?.values ?? [];
  return new Map(
    [...outcomes]
      .filter(([name]) => name !== base && bases.length > 0)
      .map(([name, { values, ...rest }]) => [
        name,
        { ...rest, values: values.map((value, round) => value[key] - (bases[round]?.[key] ?? NaN)) },
      ]),
  );
}
