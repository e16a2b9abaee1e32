// A row of the result: numbers of each contender, their ratio, and what the budget says of it.
// Not for: printing (table.mjs) or exit codes; a benchmark reports and never asserts.
import { summarise } from './stats.mjs';

/** @typedef {import('./contenders.mjs').Name} Name */
/** @typedef {import('./stats.mjs').Summary} Summary */
/** @typedef {Summary | { failed: string }} Cell */
/** @typedef {import('./rounds.mjs').Outcome<number>} Outcome */

/**
 * @typedef {object} Budget
 * @property {string} text as it is printed
 * @property {(median: number, ratio: number) => boolean} met
 */

/**
 * @typedef {object} Row
 * @property {string} what
 * @property {string} unit
 * @property {{ [name in Name]?: Cell }} cells
 * @property {Summary | undefined} ratio ours over bare, round by round: neighbours in time, so that load hits both
 * @property {string | undefined} budget
 * @property {'ok' | 'miss' | undefined} verdict undefined: no budget, or ours took no part
 */

/**
 * @param {number} limit
 * @returns {Budget}
 */
export const ratioAtMost = (limit) => ({
  text: `<= ${limit.toFixed(2)} x`,
  met: (_, ratio) => ratio <= limit,
});

/**
 * @param {number} limit
 * @returns {Budget}
 */
export const ratioAtLeast = (limit) => ({
  text: `>= ${limit.toFixed(2)} x`,
  met: (_, ratio) => ratio >= limit,
});

/**
 * @param {number} limit
 * @param {string} unit
 * @returns {Budget}
 */
export const valueAtMost = (limit, unit) => ({
  text: `<= ${Number(limit.toFixed(1))} ${unit}`,
  met: (value) => value <= limit,
});

/**
 * @param {string} what
 * @param {string} unit
 * @param {Map<string, Outcome>} outcomes of contenders; other names are left out
 * @param {{ budget?: Budget, ratio?: boolean }} [options] `ratio: false` where a quotient says nothing
 * @returns {Row}
 */
export function row(what, unit, outcomes, { budget, ratio: wanted = true } = {}) {
  /** @type {Row['cells']} */
  const cells = {};
  for (const name of /** @type {const} */ (['direct', 'bare', 'sdk', 'ours'])) {
    const outcome = outcomes.get(name);
    if (outcome === undefined) continue;
    cells[name] = outcome.failed === undefined ? summarise(outcome.values) : { failed: outcome.failed };
  }
  const ratio = wanted ? ratios(outcomes.get('ours'), outcomes.get('bare')) : undefined;
  return {
    what,
    unit,
    cells,
    ratio,
    budget: budget?.text,
    verdict: budget === undefined || cells.ours === undefined ? undefined : judge(budget, cells.ours, ratio),
  };
}

/**
 * A row of gh-mcp-proxy alone, where nobody else has anything to show.
 * @param {string} what
 * @param {string} unit
 * @param {number[]} values at least one
 * @param {Budget} [budget]
 */
export function ownRow(what, unit, values, budget) {
  const outcomes = new Map([['ours', { values }]]);
  return row(what, unit, outcomes, { ratio: false, ...(budget && { budget }) });
}

/**
 * Stands for all rows of what could not be measured.
 * @param {string} what
 * @param {unknown} error
 */
export function failedRow(what, error) {
  const failed = error instanceof Error ? error.message : String(error);
  return row(what, 'all', new Map([['ours', { values: [], failed }]]), { ratio: false });
}

/**
 * @param {Outcome | undefined} ours
 * @param {Outcome | undefined} bare
 * @returns {Summary | undefined} undefined where one of them took no part or failed
 */
function ratios(ours, bare) {
  if (ours === undefined || bare === undefined) return undefined;
  if (ours.failed !== undefined || bare.failed !== undefined) return undefined;
  return summarise(ours.values.map((value, round) => value / (bare.values[round] ?? NaN)));
}

/**
 * @param {Budget} budget
 * @param {Cell} ours a failure misses every budget
 * @param {Summary | undefined} ratio
 */
function judge(budget, ours, ratio) {
  return !('failed' in ours) && budget.met(ours.median, ratio?.median ?? NaN) ? 'ok' : 'miss';
}
