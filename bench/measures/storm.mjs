// Twenty proxies that share one credential, through several expiries under load: how often GitHub is asked, and how soon
// all of them have the new token. Not for: proxies that are killed meanwhile (test/integration/sharing-storm.test.ts).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Callers } from '../lib/callers.mjs';
import { refreshesAt } from '../lib/rotating.mjs';
import { failedRow, ownRow, valueAtMost } from '../lib/rows.mjs';
import { sharing } from '../lib/sharing.mjs';

/** @typedef {import('../../fixtures/github/emulator.mjs').GithubEmulator} GithubEmulator */
/** @typedef {import('../lib/rows.mjs').Budget} Budget */

const PROXIES = 20;
/** In seconds; a renewal begins after a quarter of it, by when twenty servers have to have started. */
const LIFETIME = 12;
/** Longest time between an answer and the next call of a proxy: it is a part of what is measured as its delay. */
const THINK_MS = 50;

/** DESIGN 4 and 2.8. */
/** @type {Budget} */
const EXACTLY_ONE = { text: '= 1', met: (value) => value === 1 };
const ADOPTION_BUDGET_MS = 1000;

/** @param {import('../run.mjs').Context} context */
export async function storm({ contenders, quick, temporary }) {
  if (!contenders.some(({ name }) => name === 'ours')) return [];
  try {
    const stateDir = path.join(temporary, 'storm');
    return await sharing(PROXIES, stateDir, LIFETIME, (clients, github) =>
      through(quick ? 2 : 5, clients, github, path.join(stateDir, 'audit.jsonl')),
    );
  } catch (error) {
    return [failedRow('storm', error)];
  }
}

/**
 * @param {number} expiries
 * @param {import('../lib/client.mjs').Client[]} clients
 * @param {GithubEmulator} github
 * @param {string} trail the audit trail of all of them
 */
async function through(expiries, clients, github, trail) {
  const from = Date.now();
  const all = clients.map((client) => new Callers(client, { callers: 1, tool: 'ask', thinkMs: THINK_MS }));
  for (const callers of all) callers.begin();
  await Promise.all(all.map((callers) => callers.reach(1 + expiries)));
  await Promise.all(all.map((callers) => callers.end()));
  for (const reason of all.flatMap(({ reasons }) => reasons))
    process.stderr.write(`bench: storm: ${reason}\n`);

  const answers = refreshesAt(github).map(({ answeredAt }) => answeredAt);
  const delays = answers
    .slice(0, expiries)
    .flatMap((answeredAt) => all.map((callers) => delayOf(callers, answeredAt)));
  const adoptions = adoptionsSince(from, trail).map(
    (at) => at - (answers.findLast((answeredAt) => answeredAt <= at) ?? NaN),
  );
  /** @param {'made' | 'lost' | 'failed' | 'twice'} key */
  const sum = (key) => [all.reduce((total, { counts }) => total + counts[key], 0)];
  const what = `storm: ${PROXIES} proxies, one credential`;
  const none = valueAtMost(0, 'calls');
  return [
    ownRow(`${what}: expiries`, 'count', [answers.length]),
    ownRow(
      `${what}: refresh tokens presented in one expiry, most`,
      'count',
      [worst(perExpiry(github))],
      EXACTLY_ONE,
    ),
    ownRow(
      `${what}: refresh tokens presented twice, or refused`,
      'count',
      [github.refreshes.filter(({ outcome, again }) => outcome === 'bad' || again).length],
      valueAtMost(0, 'tokens'),
    ),
    ownRow(`${what}: calls, each of which asks GitHub`, 'count', sum('made')),
    ownRow(`${what}: calls lost or failed`, 'calls', [(sum('lost')[0] ?? 0) + (sum('failed')[0] ?? 0)], none),
    ownRow(`${what}: adoptions by siblings`, 'count', [adoptions.length]),
    ownRow(`${what}: from GitHub's answer to an adoption`, 'ms', adoptions),
    ownRow(`${what}: the same, worst`, 'ms', [worst(adoptions)], valueAtMost(ADOPTION_BUDGET_MS, 'ms')),
    ownRow(`${what}: from GitHub's answer to a call served with the new token`, 'ms', delays),
    ownRow(`${what}: the same, worst`, 'ms', [worst(delays)]),
  ];
}

/**
 * When the proxies say that they have taken a token from the vault which another one has got.
 * @param {number} from milliseconds since the epoch
 * @param {string} trail
 */
function adoptionsSince(from, trail) {
  const lines = readFileSync(trail, 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => /** @type {{ time: string, event: string }} */ (JSON.parse(line)))
    .filter(({ event }) => event === 'adoption')
    .map(({ time }) => Date.parse(time))
    .filter((at) => at >= from);
}

/**
 * How long after GitHub's answer the first server of these callers that came after it has answered.
 * @param {Callers} callers
 * @param {number} answeredAt
 */
function delayOf({ servers }, answeredAt) {
  const next = servers.find(({ firstAt }) => firstAt >= answeredAt);
  return (next?.firstAt ?? NaN) - answeredAt;
}

/**
 * How many refresh tokens were presented in each expiry: up to the one for which new tokens were issued, and with those
 * that came too late for it.
 * @param {GithubEmulator} github
 */
function perExpiry({ refreshes }) {
  /** @type {number[]} */
  const counts = [];
  for (const { outcome, again } of refreshes) {
    if (outcome === 'ok' || counts.length === 0) counts.push(1);
    else if (again) counts[counts.length - 1] = (counts.at(-1) ?? 0) + 1;
  }
  return counts;
}

/** @param {readonly number[]} values */
const worst = (values) => Math.max(...values);
