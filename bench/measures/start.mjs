// How long until a client gets its first answers, from spawn. Not for: speed afterwards.
import { once } from 'node:events';
import { end, launch } from '../lib/processes.mjs';
import { interleave, pluck, withClient } from '../lib/rounds.mjs';
import { ownRow, row, valueAtMost } from '../lib/rows.mjs';
import { median } from '../lib/stats.mjs';

/** @typedef {import('../lib/rounds.mjs').Outcome<{ initialized: number, called: number }>} Starts */

/** The program that does nothing: what Node itself costs on this machine, in the same rounds. */
const NOTHING = /** @type {const} */ ({ name: 'node', argv: [process.execPath, '-e', '0'] });

/** gh-mcp-proxy where nobody is logged in; no contender of the others. */
const LOCKED = 'locked';

/** What the proxy may add to the upstream's own start, beyond one start of Node. */
const ADDED_MS = 30;

/** @param {import('../run.mjs').Context} context */
export async function start({ contenders, quick }) {
  const locked = contenders.flatMap((contender) =>
    contender.locked ? [{ name: LOCKED, argv: contender.locked }] : [],
  );
  const all = [NOTHING, ...contenders, ...locked];
  /** @type {Map<string, Starts>} */
  const outcomes = await interleave(all, quick ? 5 : 15, async (name) => {
    const argv = all.find((contender) => contender.name === name)?.argv ?? [];
    if (name === NOTHING.name) return untilEnd(argv);
    return name === LOCKED ? untilHello(argv) : untilAnswers(argv);
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
    ...stored(outcomes),
  ];
}

/**
 * What a stored login costs a start: `initialize` with one, beyond the same where nobody is logged in.
 * @param {Map<string, Starts>} outcomes
 */
function stored(outcomes) {
  const values = added(outcomes, 'initialized', LOCKED).get('ours')?.values ?? [];
  const what = 'start: initialize with a stored login (file), over --store memory and nobody logged in';
  return values.length === 0 ? [] : [ownRow(what, 'ms', values)];
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

/** Where nobody is logged in no tool can be called. @param {readonly string[]} argv */
function untilHello(argv) {
  const from = performance.now();
  return withClient(argv, async (client) => {
    await client.initialize();
    return { initialized: performance.now() - from, called: NaN };
  });
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
 * @param {'node' | 'direct' | 'locked'} base
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
