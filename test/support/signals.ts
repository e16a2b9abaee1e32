// Ending, stopping and continuing processes that are not the test's own children, each confirmed by /proc. Linux only.
// Not for: the proxy itself, whose end is an event (raw-client.ts).
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const WAIT_MS = 10_000;

/** SIGKILL: no code of its own runs after this. */
export function kill(pid: number): void {
  process.kill(pid, 'SIGKILL');
}

/** SIGSTOP; resolves when the process does not run any more. */
export function stop(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  return stopped(pid);
}

/** SIGCONT. */
export function proceed(pid: number): void {
  process.kill(pid, 'SIGCONT');
}

/**
 * Resolves when a process has been stopped, by us or by itself. It polls every 5 ms: that is no event Node can wait for.
 * @throws {Error} it ended, or goes on running for ten seconds
 */
export async function stopped(pid: number): Promise<void> {
  const start = performance.now();
  for (;;) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // proc(5): the state is the first field after the command, which may hold parentheses itself.
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')) return;
    if (performance.now() - start > WAIT_MS) throw new Error(`${pid} was not stopped: ${stat}`);
    await delay(5);
  }
}
