// Small real processes for the tests of src/upstream, and an independent look at what is left of them.
// Not for: MCP servers (fixtures/servers).
import { spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { spawnUpstream } from '../../../src/upstream/spawn.ts';

/** What ends the process when its input does. */
export const ENDS_ON_EOF = `process.stdin.resume().on('end', () => process.exit(0));`;
/** What keeps it alive whatever happens to its input. */
export const STAYS = 'setInterval(() => {}, 1 << 30);';
export const IGNORES_TERM = `process.on('SIGTERM', () => {});`;
export const READY = `console.log('ready');`;

/** A child of the process in its group, with stdout inherited; `code` is run, then it says ready. */
export function startsGrandchild(code: string): string {
  const script = JSON.stringify(`${code} ${READY}`);
  return `require('node:child_process').spawn(process.execPath, ['-e', ${script}],
    { stdio: ['ignore', 'inherit', 'inherit'] }).unref();`;
}

/**
 * A server as `npx` runs it: Node starts a shell that starts the server, all with the same input and output. npm waits
 * for its child whatever signal comes, and ends as that did.
 */
export function likeNpx(code: string): string {
  const server = `"$NODE" -e "$CODE"; exit $?`;
  return `const { spawn } = require('node:child_process');
    const env = { ...process.env, NODE: process.execPath, CODE: ${JSON.stringify(`${code} ${READY}`)} };
    const child = spawn('sh', ['-c', ${JSON.stringify(server)}], { stdio: 'inherit', env });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.removeAllListeners(name);
      if (signal) process.kill(process.pid, signal);
      else process.exit(code);
    });`;
}

/** Starts `command` by spawnUpstream and resolves once it (or a grandchild) has said a line. */
export async function startReady(command: readonly string[]): Promise<ChildProcessWithoutNullStreams> {
  const child = await spawnUpstream({ command, env: { PATH: process.env['PATH'] ?? '' } });
  child.stderr.pipe(process.stderr);
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

export function startNode(code: string): Promise<ChildProcessWithoutNullStreams> {
  return startReady([process.execPath, '-e', code]);
}

/** Process ids in the group that still run; zombies do not. By /proc where there is one, else by ps. */
export function runningIn(group: number): number[] {
  const rows = existsSync('/proc/self/stat') ? fromProc() : fromPs();
  return rows.flatMap(({ pid, pgid, state }) => (pgid === group && !/^[ZX]/.test(state) ? [pid] : []));
}

interface Row {
  readonly pid: number;
  readonly pgid: number;
  readonly state: string;
}

function fromProc(): Row[] {
  const rows: Row[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const status = readFileSync(`/proc/${entry}/stat`, 'latin1');
      const match = /^(\d+) \(.*\) (\S) \d+ (\d+) /s.exec(status);
      if (match !== null) rows.push({ pid: Number(match[1]), state: match[2] ?? '', pgid: Number(match[3]) });
    } catch {
      // ended between the two calls
    }
  }
  return rows;
}

function fromPs(): Row[] {
  const { stdout } = spawnSync('ps', ['-axo', 'pid=,pgid=,state='], { encoding: 'utf8' });
  return stdout.split('\n').map((line) => {
    const [pid, pgid, state = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), pgid: Number(pgid), state };
  });
}
