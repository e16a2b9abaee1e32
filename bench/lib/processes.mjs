// Every process the benchmark starts, and the promise that none outlives it. Not for: what is said to them (client.mjs).
import { spawn } from 'node:child_process';

/** @typedef {import('node:child_process').ChildProcessWithoutNullStreams} Child */

/**
 * @typedef {object} Running
 * @property {Child} child
 * @property {number} pid
 * @property {Promise<string>} ended resolves with how it ended and the first line it wrote to stderr
 */

const STDERR_KEPT = 400;
/** A proxy may take its upstream through a stop ladder of its own; then patience ends. */
const GOODBYE_MS = 3000;

/** @type {Set<Child>} */
const alive = new Set();

/** What contenders must not see of the shell that started the benchmark: it would change what they do. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(GITHUB_|GH_|NODE_OPTIONS)/.test(name)),
);

/**
 * Starts a process with pipes on all three streams. It stays in the benchmark's process group on purpose: another
 * group or session can be scheduled differently.
 * @param {readonly string[]} argv
 * @returns {Running}
 */
export function launch([command = '', ...args]) {
  const child = spawn(command, args, { stdio: 'pipe', env: environment });
  alive.add(child);
  let stderr = '';
  child.stderr.on('data', (/** @type {Buffer} */ chunk) => {
    stderr = (stderr + chunk.toString()).slice(0, STDERR_KEPT);
  });
  // What is written to a process that just ended fails; that it ended is what gets reported.
  child.stdin.on('error', () => {});
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      alive.delete(child);
      resolve(`did not start: ${error.message}`);
    });
    child.once('close', (code, signal) => {
      alive.delete(child);
      resolve(`ended (${signal ?? `code ${code}`}) ${stderr.split('\n', 1)[0]}`);
    });
  });
  return { child, pid: child.pid ?? 0, ended };
}

/**
 * Closes stdin, waits for the end, and kills what does not end by itself.
 * @param {Running} running
 */
export async function end({ child, ended }) {
  child.stdin.end();
  child.stdout.resume();
  const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE_MS);
  await ended;
  clearTimeout(timer);
}

/**
 * Kills at once what is still running. Upstreams behind a killed proxy see their stdin end and leave by themselves.
 */
export function killAll() {
  for (const child of alive) child.kill('SIGKILL');
}
