// What hundreds of rotations leave behind in the proxy: memory, descriptors, processes, and slower calls.
// Not for: how long one rotation takes (rotation.mjs).
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Callers } from '../lib/callers.mjs';
import { HEAP_PROBE } from '../lib/contenders.mjs';
import { now } from '../lib/ledger.mjs';
import { childrenOf, descriptors, hasProc, memory } from '../lib/proc.mjs';
import { KINDS, refreshesAt, rotating, rotationsOf } from '../lib/rotating.mjs';
import { failedRow, ownRow, valueAtMost } from '../lib/rows.mjs';
import { median } from '../lib/stats.mjs';

/** @typedef {import('../lib/rotating.mjs').Kind} Kind */
/** @typedef {import('../lib/rotating.mjs').Rotating} Rotating */

/** @typedef {{ resident: number, heap: number, descriptors: number, children: number }} Sample memory in MB */

/**
 * @typedef {object} Account
 * @property {Sample[]} before
 * @property {Sample[]} after
 * @property {{ before: number, after: number }} roundTrip medians in ms
 * @property {number} rotations between the first sample and the last
 * @property {number} refreshes
 * @property {Callers['counts']} counts
 */

/** A light load: most of what remains is what the rotations themselves left. */
const CALLERS = 2;
const THINK_MS = 20;

/** Rotations before the first sample, by when every code path has run and the heap has its working size. */
const WARM_UP = 30;
/** Samples at either end, one a rotation; their median counts. */
const SAMPLES = 5;

/** A server that was replaced is gone well within this; what is still there then is left over. */
const LEAVING_MS = 1000;
const LOOK_AGAIN_MS = 5;
const PROBE_MS = 5000;

/** @param {import('../run.mjs').Context} context */
export async function soak({ contenders, minutes, temporary }) {
  if (!hasProc || !contenders.some(({ name }) => name === 'ours')) return [];
  const rows = [];
  for (const kind of KINDS) {
    const lasts = (minutes * 60_000) / KINDS.length;
    rows.push(...(await soaked(kind, path.join(temporary, `soak-${kind}`), lasts)));
  }
  return rows;
}

/**
 * @param {Kind} kind
 * @param {string} stateDir
 * @param {number} lasts ms, the warm-up apart
 */
async function soaked(kind, stateDir, lasts) {
  const what = `soak, ${kind}`;
  try {
    return table(what, await rotating(kind, stateDir, (session) => account(session, lasts), HEAP_PROBE));
  } catch (error) {
    return [failedRow(what, error)];
  }
}

/**
 * @param {Rotating} session
 * @param {number} lasts ms
 * @returns {Promise<Account>}
 */
async function account({ client, github, running }, lasts) {
  const callers = new Callers(client, { callers: CALLERS, tool: 'who', thinkMs: THINK_MS });
  callers.begin();
  await callers.reach(WARM_UP);
  const begun = { at: now(), servers: callers.servers.length };
  const before = await samples(callers, running);
  while (now() < begun.at + lasts) await callers.reach(callers.servers.length + 1);
  const after = await samples(callers, running);
  const ended = now();
  await callers.end();
  for (const reason of callers.reasons) process.stderr.write(`bench: soak: ${reason}\n`);

  const refreshes = refreshesAt(github);
  const margin = (ended - begun.at) / 10;
  const { ledger, servers, counts } = callers;
  return {
    before,
    after,
    roundTrip: {
      before: median(ledger.roundTrips((sent) => sent >= begun.at && sent < begun.at + margin)),
      after: median(ledger.roundTrips((sent) => sent >= ended - margin)),
    },
    rotations: rotationsOf(servers, refreshes).filter(({ from }) => from >= begun.at).length,
    refreshes: refreshes.filter(({ at }) => at >= begun.at).length,
    counts,
  };
}

/**
 * @param {Callers} callers
 * @param {import('../lib/processes.mjs').Running} running
 */
async function samples(callers, running) {
  const taken = [];
  while (taken.length < SAMPLES) {
    await callers.reach(callers.servers.length + 1);
    taken.push(await sample(running));
  }
  return taken;
}

/**
 * One sample after a rotation, once the server before is gone and all garbage is collected.
 * @param {import('../lib/processes.mjs').Running} running
 * @returns {Promise<Sample>}
 */
async function sample({ child, pid }) {
  const patience = now() + LEAVING_MS;
  while (childrenOf(pid).length > 1 && now() < patience) await pause(LOOK_AGAIN_MS);
  const children = childrenOf(pid).length;
  const told = once(child.stderr, 'data', { signal: AbortSignal.timeout(PROBE_MS) });
  child.kill('SIGUSR2');
  const bytes = Number(/^heap-probe: (\d+)$/m.exec(String(await told))?.[1]);
  return { resident: memory(pid).now, heap: bytes / 1e6, descriptors: descriptors(pid), children };
}

/**
 * @param {string} what
 * @param {Account} account
 */
function table(what, { before, after, roundTrip, rotations, refreshes, counts }) {
  const none = valueAtMost(0, 'calls');
  /** @param {string} name @param {string} unit @param {(sample: Sample) => number} pick */
  const both = (name, unit, pick) => [
    ownRow(`${what}: ${name} at the start`, unit, before.map(pick)),
    ownRow(`${what}: ${name} at the end`, unit, after.map(pick)),
  ];
  return [
    ownRow(`${what}: rotations between start and end`, 'count', [rotations]),
    ownRow(`${what}: refreshes`, 'count', [refreshes]),
    ownRow(`${what}: calls of ${CALLERS} callers`, 'count', [counts.made]),
    ownRow(
      `${what}: lost, failed or answered twice`,
      'calls',
      [counts.lost + counts.failed + counts.twice],
      none,
    ),
    ...both('resident memory', 'MB', (taken) => taken.resident),
    ...both('heap after a collection', 'MB', (taken) => taken.heap),
    ...both('open descriptors', 'count', (taken) => taken.descriptors),
    ...both('child processes', 'count', (taken) => taken.children),
    ownRow(`${what}: round trip at the start`, 'ms', [roundTrip.before]),
    ownRow(`${what}: round trip at the end`, 'ms', [roundTrip.after]),
  ];
}
