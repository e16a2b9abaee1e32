// Rotations under load, of both kinds of token: whether a call is lost, and what the callers feel of the switch.
// Not for: what a rotation leaves behind after many of them (soak.mjs).
import path from 'node:path';
import { Callers } from '../lib/callers.mjs';
import { TOKEN_UPSTREAM } from '../lib/contenders.mjs';
import { pausesOf } from '../lib/pauses.mjs';
import { KINDS, refreshesAt, rotating, rotationsOf } from '../lib/rotating.mjs';
import { withClient } from '../lib/rounds.mjs';
import { failedRow, ownRow, row, valueAtMost } from '../lib/rows.mjs';
import { median } from '../lib/stats.mjs';

/** @typedef {import('../lib/rotating.mjs').Kind} Kind */
/** @typedef {import('../lib/rows.mjs').Row} Row */

/**
 * What came of one session of many rotations.
 * @typedef {object} Account
 * @property {number} rotations servers that every caller came to be answered by, but for the first
 * @property {number} refreshes
 * @property {number} refused calls of GitHub's API that were answered with 401: made with a token that was dead by then
 * @property {number[]} refreshMs of each rotation
 * @property {Callers['counts']} counts
 * @property {import('../lib/pauses.mjs').Pauses} pauses
 */

const CALLERS = 8;
/** Longest time between an answer and the next call. Short enough for a call to be on its way at any moment. */
const THINK_MS = 4;

/** DESIGN 4. */
const EXCLUSIVE_BUDGET_MS = 20;
const OVERLAPPING_BUDGET_MS = 5;

/** @param {import('../run.mjs').Context} context */
export async function rotation({ contenders, quick, temporary }) {
  if (!contenders.some(({ name }) => name === 'ours')) return [];
  const rows = [];
  for (const kind of KINDS) rows.push(...(await measured(kind, path.join(temporary, kind), quick)));
  return rows;
}

/**
 * @param {Kind} kind
 * @param {string} directory
 * @param {boolean} quick
 * @returns {Promise<Row[]>}
 */
async function measured(kind, directory, quick) {
  const what = `${kind} rotation`;
  try {
    const starts = await startTimes(quick ? 3 : 10);
    const short = await account(kind, path.join(directory, 'who'), 'who', quick ? 10 : 100);
    const long = await account(kind, path.join(directory, 'ask'), 'ask', quick ? 5 : 50);
    starts.push(...(await startTimes(quick ? 3 : 10)));
    return [...correctness(what, short, long), ...durations(what, kind, short, starts)];
  } catch (error) {
    return [failedRow(what, error)];
  }
}

/**
 * How long the upstream takes by itself from spawn to its first answer to a call.
 * @param {number} times
 */
async function startTimes(times) {
  /** @type {number[]} */
  const found = [];
  while (found.length < times) {
    const from = performance.now();
    await withClient(TOKEN_UPSTREAM, async (client) => {
      await client.initialize();
      await client.call('who', {});
      found.push(performance.now() - from);
    });
  }
  return found;
}

/**
 * @param {Kind} kind
 * @param {string} stateDir
 * @param {'who' | 'ask'} tool
 * @param {number} rotations how many have to be seen
 * @returns {Promise<Account>}
 */
function account(kind, stateDir, tool, rotations) {
  return rotating(kind, stateDir, async ({ client, github }) => {
    const callers = new Callers(client, { callers: CALLERS, tool, thinkMs: THINK_MS });
    callers.begin();
    await callers.reach(1 + rotations);
    await callers.end();
    for (const reason of callers.reasons)
      process.stderr.write(`bench: ${kind} rotation, '${tool}': ${reason}\n`);
    const refreshes = refreshesAt(github);
    const seen = rotationsOf(callers.servers, refreshes);
    return {
      rotations: callers.servers.filter(({ everyoneAt }) => everyoneAt !== undefined).length - 1,
      refreshes: refreshes.length,
      refused: github.requests.filter(({ status }) => status === 401).length,
      refreshMs: seen.map(({ refreshMs }) => refreshMs),
      counts: callers.counts,
      pauses: pausesOf(callers.ledger, seen),
    };
  });
}

/**
 * @param {string} what
 * @param {Account} short
 * @param {Account} long
 */
function correctness(what, short, long) {
  const none = valueAtMost(0, 'calls');
  /** @param {(account: Account) => number} pick */
  const sum = (pick) => [pick(short) + pick(long)];
  return [
    ownRow(
      `${what}: rotations, a third of them under calls that ask GitHub`,
      'count',
      sum(({ rotations }) => rotations),
    ),
    ownRow(
      `${what}: refreshes`,
      'count',
      sum(({ refreshes }) => refreshes),
    ),
    ownRow(
      `${what}: calls of ${CALLERS} callers`,
      'count',
      sum(({ counts }) => counts.made),
    ),
    ownRow(
      `${what}: lost, no answer`,
      'calls',
      sum(({ counts }) => counts.lost),
      none,
    ),
    ownRow(
      `${what}: failed, an error or a wrong answer`,
      'calls',
      sum(({ counts }) => counts.failed),
      none,
    ),
    ownRow(
      `${what}: answered twice`,
      'calls',
      sum(({ counts }) => counts.twice),
      none,
    ),
    ownRow(
      `${what}: refused by GitHub for a dead token`,
      'calls',
      sum(({ refused }) => refused),
      none,
    ),
  ];
}

/**
 * @param {string} what
 * @param {Kind} kind
 * @param {Account} account
 * @param {number[]} starts
 */
function durations(what, kind, { pauses: { usual, pauses, quiet }, refreshMs }, starts) {
  const start = median(starts);
  const overlapping = kind === 'overlapping';
  const within = valueAtMost(overlapping ? OVERLAPPING_BUDGET_MS : EXCLUSIVE_BUDGET_MS, 'ms');
  const beyond = pauses.map((pause, index) => pause - (refreshMs[index] ?? NaN) - start);
  const judged = overlapping ? pauses : beyond;
  const name = overlapping ? 'pause' : 'pause beyond refresh + upstream start';
  return [
    row(`${what}: upstream start, to its first answer`, 'ms', new Map([['direct', { values: starts }]]), {
      ratio: false,
    }),
    ownRow(`${what}: refresh, at the emulator`, 'ms', refreshMs),
    ownRow(`${what}: round trip between rotations`, 'ms', [usual]),
    ...(overlapping
      ? []
      : [ownRow(`${what}: pause`, 'ms', pauses), ownRow(`${what}: worst pause`, 'ms', [worst(pauses)])]),
    ownRow(`${what}: ${name}`, 'ms', judged, within),
    ownRow(`${what}: worst ${name}`, 'ms', [worst(judged)], within),
    ...(quiet.length === 0
      ? []
      : [
          ownRow(`${what}: pause in as long a stretch without one`, 'ms', quiet),
          ownRow(`${what}: worst pause in such a stretch`, 'ms', [worst(quiet)]),
        ]),
  ];
}

/** @param {readonly number[]} values */
const worst = (values) => Math.max(...values);
