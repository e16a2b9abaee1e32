// What processes are there, read from /proc: descendants, groups, marks, environments. Linux only; elsewhere each
// function throws. Not for: processes that the test holds a handle of; those have an `exit` event.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** A single letter of proc(5); `Z` is a zombie. */
  readonly state: string;
}

/** All living processes, zombies left out. */
function processTable(): ProcessRow[] {
  const rows = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => parseStat(read(`/proc/${name}/stat`)));
  return rows.filter((row) => row !== undefined && row.state !== 'Z') as ProcessRow[];
}

/** proc(5): the command in parentheses may hold spaces and parentheses itself, so the fields start after the last. */
function parseStat(stat: string): ProcessRow | undefined {
  const [state, parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (!state) return undefined;
  return { pid: Number.parseInt(stat, 10), parent: Number(parent), group: Number(group), state };
}

/** Empty where the process has ended meanwhile or belongs to somebody else. */
function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}

/** Children, their children and so on, without `pid` itself. A process whose parent died is no longer one of them. */
export function descendantsOf(pid: number): number[] {
  const table = processTable();
  const found = [pid];
  for (const ancestor of found) {
    found.push(...table.filter((row) => row.parent === ancestor).map((row) => row.pid));
  }
  return found.slice(1);
}

/** The living members of a process group, its leader included. */
export function processGroupMembers(group: number): number[] {
  return processTable()
    .filter((row) => row.group === group)
    .map((row) => row.pid);
}

/**
 * Processes other than this one that have `marker` in their command line or in the environment they were started
 * with. Give a marker that is unique to the test: an argument of the upstream, or `HOME=` and its temporary folder.
 */
export function aliveWithMarker(marker: string): number[] {
  if (marker === '') throw new Error('an empty marker is in every process');
  return processTable()
    .map((row) => row.pid)
    .filter((pid) => pid !== process.pid)
    .filter(
      (pid) => read(`/proc/${pid}/cmdline`).includes(marker) || read(`/proc/${pid}/environ`).includes(marker),
    );
}

/**
 * Resolves with the milliseconds it took until no process has the marker. It polls every 5 ms: the end of a process
 * that is not our child is no event that Node can wait for.
 * @param ms how long to wait
 * @throws {Error} naming the processes that are still there
 */
export async function waitUntilGone(marker: string, ms: number): Promise<number> {
  const start = performance.now();
  for (;;) {
    const alive = aliveWithMarker(marker);
    const waited = performance.now() - start;
    if (alive.length === 0) return waited;
    if (waited > ms) {
      const lines = alive.map((pid) => `${pid}: ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
      throw new Error(`still running after ${ms} ms:\n${lines.join('\n')}`);
    }
    await delay(5);
  }
}

/**
 * The environment that a process was started with.
 * @throws {Error} there is no such process
 */
export function readEnviron(pid: number): Record<string, string> {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}
