#!/usr/bin/env node
// The benchmark: gh-mcp-proxy beside no proxy, a bare pipe and an SDK proxy, all in one run; a table on stdout.
// Not for: judging a build; it prints what it measured and ends with 0 whether a budget was met or missed.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { COMMAND, NAMES, PEERS } from './lib/contenders.mjs';
import { killAll } from './lib/processes.mjs';
import { markdown } from './lib/table.mjs';
import { idle } from './measures/idle.mjs';
import { large } from './measures/large.mjs';
import { rotation } from './measures/rotation.mjs';
import { roundtrip } from './measures/roundtrip.mjs';
import { soak } from './measures/soak.mjs';
import { start } from './measures/start.mjs';
import { storm } from './measures/storm.mjs';
import { throughput } from './measures/throughput.mjs';
import { vault } from './measures/vault.mjs';

/** @typedef {import('./lib/contenders.mjs').Contender} Contender */
/**
 * What a measure is given.
 * @typedef {object} Context
 * @property {readonly Contender[]} contenders
 * @property {boolean} quick
 * @property {number} minutes for a measure that goes on for as long as it is told to
 * @property {string} temporary a directory that is removed at the end
 */

/** @type {{ [name: string]: (context: Context) => Promise<import('./lib/rows.mjs').Row[]> }} */
const MEASURES = { start, roundtrip, throughput, large, idle, rotation, vault, storm, soak };

/** Too long for every run. */
const ONLY_ON_REQUEST = ['soak'];
const USUAL = Object.keys(MEASURES).filter((name) => !ONLY_ON_REQUEST.includes(name));

const HELP = `Usage: node bench/run.mjs [--quick] [--only LIST] [--contenders LIST] [--minutes N] [--json]

  --quick            fewer rounds, about two minutes
  --only LIST        of ${Object.keys(MEASURES).join(', ')};
                     all but ${ONLY_ON_REQUEST.join(', ')} where it is not given
  --contenders LIST  of ${NAMES.join(', ')}
  --minutes N        how long soak goes on, 4 where it is not given
  --json             the rows as JSON in place of the table
`;

const temporary = mkdtempSync(path.join(os.tmpdir(), 'gh-mcp-proxy-bench-'));
process.on('exit', () => {
  killAll();
  rmSync(temporary, { recursive: true, force: true });
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => process.exit(128 + os.constants.signals[signal]));
}

const options = parse();
const contenders = await choose(options.contenders);
const machine = describe();
const rows = [];
for (const name of options.measures) {
  process.stderr.write(`bench: ${name}\n`);
  rows.push(
    ...((await MEASURES[name]?.({ contenders, quick: options.quick, minutes: options.minutes, temporary })) ??
      []),
  );
}
console.log(options.json ? JSON.stringify({ machine, rows }, undefined, 2) : markdown(machine, rows));

/** Reads the command line; ends the process where it is wrong or asks for help. */
function parse() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        only: { type: 'string', default: USUAL.join(',') },
        minutes: { type: 'string', default: '4' },
        contenders: { type: 'string', default: NAMES.join(',') },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    return {
      quick: values.quick,
      minutes: positive('--minutes', values.minutes),
      json: values.json,
      measures: known('--only', values.only, Object.keys(MEASURES)),
      contenders: known('--contenders', values.contenders, NAMES),
    };
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return process.exit(2);
  }
}

/**
 * @param {string} option
 * @param {string} text
 */
function positive(option, text) {
  const number = Number(text);
  if (number > 0 && number < Infinity) return number;
  throw new Error(`${option} takes a number above 0, not '${text}'`);
}

/**
 * @param {string} option
 * @param {string} list names with commas between
 * @param {readonly string[]} names those there are, in the order in which they run
 */
function known(option, list, names) {
  const wanted = list.split(',');
  const stranger = wanted.find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Error(`${option}: there is no '${stranger}'`);
  return names.filter((name) => wanted.includes(name));
}

/**
 * The contenders of this run, gh-mcp-proxy logged in. Where that fails the peers are measured all the same.
 * @param {readonly string[]} names
 */
async function choose(names) {
  const peers = PEERS.filter(({ name }) => names.includes(name));
  if (!names.includes('ours')) return peers;
  if (!existsSync(COMMAND)) {
    process.stderr.write('bench: gh-mcp-proxy takes no part: it is not built. Run: npm run build\n');
    return peers;
  }
  try {
    const { prepareOurs } = await import('./prepare.mjs');
    return [...peers, await prepareOurs(path.join(temporary, 'state'))];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`bench: gh-mcp-proxy takes no part: its login failed: ${why}\n`);
    return peers;
  }
}

/** The machine and how busy it was, in one line: figures of busy machines are worth little. */
function describe() {
  const cpus = os.cpus();
  const memory = (os.totalmem() / 2 ** 30).toFixed(0);
  const load = (os.loadavg()[0] ?? 0).toFixed(2);
  return (
    `${cpus.length} cores (${cpus[0]?.model.trim() ?? 'unknown'}), ${memory} GiB, ${os.platform()} ${os.release()}, ` +
    `Node ${process.version}, load at the start ${load}${options.quick ? ', --quick' : ''}`
  );
}
