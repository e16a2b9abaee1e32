// Who takes part, with the command line of each. Not for: the login that the fourth needs first (prepare.mjs).
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** @typedef {'direct' | 'bare' | 'sdk' | 'ours'} Name */
/** @typedef {{ name: Name, argv: readonly string[] }} Contender */

/** @type {readonly Name[]} */
export const NAMES = ['direct', 'bare', 'sdk', 'ours'];

const bench = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The bundled command, as it is published. */
export const COMMAND = path.join(path.dirname(bench), 'dist', 'bin.js');

/** Command line of the upstream alone. */
const UPSTREAM = [process.execPath, path.join(bench, 'upstream.mjs')];

/** @param {string} file in bench/peers */
const peer = (file) => [process.execPath, path.join(bench, 'peers', file), ...UPSTREAM];

/**
 * @param {readonly string[]} options of gh-mcp-proxy
 * @returns {string[]} its command line in front of the upstream
 */
export function proxied(options) {
  return [process.execPath, COMMAND, ...options, '--', ...UPSTREAM];
}

/** @type {readonly Contender[]} */
export const PEERS = [
  { name: 'direct', argv: UPSTREAM },
  { name: 'bare', argv: peer('bare-pipe.mjs') },
  { name: 'sdk', argv: peer('sdk-proxy.mjs') },
];
