// The result as a Markdown table. Not for: deciding what is in it (rows.mjs).
import { NAMES } from './contenders.mjs';

/** @typedef {import('./rows.mjs').Row} Row */

const LEGEND = [
  'Cells: median (smallest; distance between the quartiles) over interleaved rounds.',
  "ours/bare: median of the rounds' ratios (distance between their quartiles).",
  '`direct`: no proxy; `bare`: Node `spawn` + `pipe`; `sdk`: a proxy of the MCP SDK transports;',
  '`ours`: gh-mcp-proxy. Client, proxy and upstream share the cores named above.',
];

/**
 * @param {string} machine one line
 * @param {readonly Row[]} rows
 */
export function markdown(machine, rows) {
  const header = ['what', ...NAMES, 'ours/bare', 'budget', ''];
  const lines = [header, header.map((_, column) => (column === 0 ? '---' : '--:')), ...rows.map(line)];
  const failures = rows.flatMap(reasons);
  return [
    machine,
    '',
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...LEGEND,
    ...(failures.length === 0 ? [] : ['', 'Failed:', ...new Set(failures)]),
  ].join('\n');
}

/** @param {Row} row */
function line(row) {
  return [
    `${row.what}, ${row.unit}`,
    ...NAMES.map((name) => text(row.cells[name])),
    row.ratio === undefined ? '' : ratioText(row.ratio),
    row.budget ?? '',
    row.verdict ?? '',
  ];
}

/** @param {import('./rows.mjs').Cell | undefined} cell */
function text(cell) {
  if (cell === undefined) return '';
  if ('failed' in cell) return 'failed';
  if (cell.count === 1) return digits(cell.median);
  return `${digits(cell.median)} (${digits(cell.min)}; ${digits(cell.spread)})`;
}

/** @param {import('./stats.mjs').Summary} ratio */
function ratioText({ median, spread, count }) {
  return count === 1 ? median.toFixed(2) : `${median.toFixed(2)} (${spread.toFixed(2)})`;
}

/** Three digits that count, whatever the size. @param {number} value */
function digits(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : 2);
}

/** Why contenders failed: the same reason is said once, however many rows it spoils. @param {Row} row */
function reasons(row) {
  return NAMES.flatMap((name) => {
    const cell = row.cells[name];
    return cell !== undefined && 'failed' in cell
      ? [`- ${name}: ${cell.failed.replaceAll(/\s+/g, ' ').trim()}`]
      : [];
  });
}
