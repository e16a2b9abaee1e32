// Who takes part, with the command line of each. Not for: the login that the fourth needs first (prepare.mjs).
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** @typedef {'direct' | 'bare' | 'sdk' | 'ours'} Name */
/**
 * @typedef {object} Contender
 * @property {Name} name
 * @property {readonly string[]} argv
 * @property {readonly string[]} [locked] gh-mcp-proxy where nobody is logged in, and nothing is stored (`--store memory`)
 */

/** @type {readonly Name[]} */
export const NAMES = ['direct', 'bare', 'sdk', 'ours'];

const bench = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The bundled command, as it is published. */
export const COMMAND = path.join(path.dirname(bench), 'dist', 'bin.js');

/** Command line of the upstream alone. */
const UPSTREAM = [process.execPath, path.join(bench, 'upstream.mjs')];

/** The same for the one that names its process. */
export const TOKEN_UPSTREAM = [process.execPath, path.join(bench, 'token-upstream.mjs')];

/** Loaded before a command so that its heap can be asked for. */
export const HEAP_PROBE = ['--expose-gc', '--import', pathToFileURL(path.join(bench, 'heap-probe.mjs')).href];

/** @param {string} file in bench/peers */
const peer = (file) => [process.execPath, path.join(bench, 'peers', file), ...UPSTREAM];

/**
 * @param {readonly string[]} options of gh-mcp-proxy
 * @param {{ upstream?: readonly string[], node?: readonly string[] }} [more] another upstream; options of Node
 * @returns {string[]} its command line in front of the upstream
 */
export function proxied(options, { upstream = UPSTREAM, node = [] } = {}) {
  return [process.execPath, ...node, COMMAND, ...options, '--', ...upstream];
}

/** @type {readonly Contender[]} */
export const PEERS = [
  { name: 'direct', argv: UPSTREAM },
  { name: 'bare', argv: peer('bare-pipe.mjs') },
  { name: 'sdk', argv: peer('sdk-proxy.mjs') },
];
