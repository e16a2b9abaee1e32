// What a proxy costs that nobody uses at the moment, all contenders side by side. Not for: anything under load.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../lib/client.mjs';
import { activity, hasProc, memory } from '../lib/proc.mjs';
import { end, launch } from '../lib/processes.mjs';
import { pluck } from '../lib/rounds.mjs';
import { row, valueAtMost } from '../lib/rows.mjs';
import { median } from '../lib/stats.mjs';

/** @typedef {import('../lib/contenders.mjs').Name | 'node'} Name */
/** @typedef {import('../lib/rounds.mjs').Outcome<Idle>} Outcome */
/** @typedef {{ resident: number, cpuMs: number, wakeups: number }} Idle */

/** Node with nothing to do and no reason to end. */
const BARE_NODE = [process.execPath, '-e', 'setInterval(() => {}, 1e9)'];

/**
 * Past the one collection that V8 makes of a heap some 8 s after it was last used (its memory reducer), or later on a
 * busy machine: it happens once in each period of rest, and would be all that this measure sees.
 */
const SETTLE_MS = 16_000;
const WATCH_MS = 5000;
/** Windows that share one stored login, beside the one that is compared. */
const SIBLINGS = 4;

/** @param {import('../run.mjs').Context} context */
export async function idle({ contenders, quick }) {
  if (!hasProc) return [];
  /** @type {Map<Name, Outcome>} */
  const outcomes = new Map([['node', { values: [] }]]);
  for (const { name } of contenders) outcomes.set(name, { values: [] });
  const ours = contenders.find(({ name }) => name === 'ours');
  /** @type {Outcome} */
  const shared = { values: [] };
  for (let round = 0; round < (quick ? 1 : 2); round++) {
    const sides = [watch(BARE_NODE, async () => {})];
    for (const { argv } of contenders) sides.push(watch(argv, greet));
    const others = Array.from({ length: ours ? SIBLINGS : 0 }, () => watch(ours?.argv ?? [], greet));
    const seen = await Promise.allSettled(sides);
    for (const [index, outcome] of [...outcomes.values()].entries()) note(outcome, seen[index]);
    for (const sibling of await Promise.allSettled(others)) note(shared, sibling);
  }
  return [...table(outcomes), ...(ours ? siblings(shared) : [])];
}

/**
 * The windows beside ours, which share its stored login and watch it: the worst of them.
 * @param {Outcome} shared
 */
function siblings(shared) {
  const what = `idle: wake-ups in ${WATCH_MS / 1000} s of ${SIBLINGS} more windows on the same stored login, worst`;
  const worst = Math.max(...shared.values.map(({ wakeups }) => wakeups));
  const outcome = shared.failed === undefined ? { values: [worst] } : { values: [], failed: shared.failed };
  return [
    row(what, 'count', new Map([['ours', outcome]]), { ratio: false, budget: valueAtMost(0, 'wake-ups') }),
  ];
}

/**
 * @param {Outcome} outcome
 * @param {PromiseSettledResult<Idle> | undefined} seen
 */
function note(outcome, seen) {
  if (seen?.status === 'fulfilled') outcome.values.push(seen.value);
  else outcome.failed = seen?.reason instanceof Error ? seen.reason.message : String(seen?.reason);
}

/** @param {Client} client */
async function greet(client) {
  await client.initialize();
  await client.checkEcho();
}

/**
 * @param {readonly string[]} argv
 * @param {(client: Client) => Promise<void>} begin what comes before the rest
 * @returns {Promise<Idle>}
 */
async function watch(argv, begin) {
  const running = launch(argv);
  try {
    await begin(new Client(running));
    await pause(SETTLE_MS);
    const before = activity(running.pid);
    await pause(WATCH_MS);
    const after = activity(running.pid);
    return {
      resident: memory(running.pid).now,
      cpuMs: after.cpuMs - before.cpuMs,
      wakeups: after.wakeups - before.wakeups,
    };
  } finally {
    // Asked to end by both ways: bare node does not look at its stdin.
    running.child.stdin.end();
    running.child.kill();
    await end(running);
  }
}

/** @param {Map<Name, Outcome>} outcomes */
function table(outcomes) {
  const node = outcomes.get('node')?.values ?? [];
  const base = median(node.map(({ resident }) => resident));
  return [
    row(
      `idle: resident memory over bare node (${base.toFixed(1)} MB)`,
      'MB',
      pluck(outcomes, ({ resident }) => resident - base),
      { ratio: false, budget: valueAtMost(20, 'MB') },
    ),
    row(
      `idle: CPU time in ${WATCH_MS / 1000} s`,
      'ms',
      pluck(outcomes, ({ cpuMs }) => cpuMs),
      { ratio: false },
    ),
    row(
      `idle: wake-ups in ${WATCH_MS / 1000} s`,
      'count',
      pluck(outcomes, ({ wakeups }) => wakeups),
      { ratio: false, budget: valueAtMost(0, 'wake-ups') },
    ),
  ];
}
