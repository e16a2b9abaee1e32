// Who is at work on a shared credential: the holder of its lock, and the refresher that a window has started.
// Not for: how the lock works (src/vault/lock.ts); what is read here of its file is who holds it.
import { readFileSync, readdirSync, watch } from 'node:fs';
import path from 'node:path';
import { holderOf } from '../../src/vault/lock-holder.ts';
import { descendantsOf } from './processes.ts';
import { isRefresh } from './storm.ts';
import type { Person, Window } from './windows.ts';
import { atTestEnd } from './test-end.ts';

/** The refresher is a second entry of the bundle. */
const REFRESHER = /\/refresher\.[jt]s(\0|$)/;

/** The process ids of the refreshers that this window has started, and that run. */
export function refreshersOf({ client }: Pick<Window, 'client'>): number[] {
  return descendantsOf(client.pid).filter((pid) => REFRESHER.test(commandLine(pid)));
}

/**
 * The next refresh that arrives at GitHub: kills the window whose child asks for it, while the answer is on its way.
 * @returns the window
 */
export async function killRefreshing({ github }: Person, windows: readonly Window[]): Promise<Window> {
  await github.waitForRequest(isRefresh, { after: github.requests.length });
  const found = windows.find((window) => refreshersOf(window).length > 0);
  if (!found) throw new Error('GitHub is asked for a token, and no window has a refresher');
  found.client.kill('SIGKILL');
  return found;
}

/**
 * Kills the next window that takes the refresh lock, at once: it has had no time to pass it to a refresher.
 * @returns the window
 */
export function killHolder(person: Person, windows: readonly Window[]): Promise<Window> {
  return new Promise((resolve) => {
    const end = onRefreshLock(person, (pid) => {
      const found = windows.find(({ client }) => client.pid === pid);
      if (!found) return;
      found.client.kill('SIGKILL');
      end();
      resolve(found);
    });
  });
}

/**
 * Kills the window that polls for the approval of a login.
 * @returns the window
 * @throws {Error} none of them does
 */
export function killLoginHolder({ stateDir }: Person, windows: readonly Window[]): Window {
  const [pid] = lockHolders(stateDir, 'login');
  const found = windows.find(({ client }) => client.pid === pid);
  if (!found) throw new Error(`process ${pid} holds the login lock, which is none of the windows`);
  found.client.kill('SIGKILL');
  return found;
}

/**
 * Calls back with the process that holds the refresh lock, whenever there may be another one.
 * @returns ends it; it ends with the test at the latest
 */
export function onRefreshLock(
  { stateDir }: Pick<Person, 'stateDir'>,
  callback: (pid: number) => void,
): () => void {
  const watcher = watch(path.join(stateDir, 'credentials'), () => {
    for (const pid of lockHolders(stateDir, 'refresh')) callback(pid);
  });
  atTestEnd(() => watcher.close());
  return () => watcher.close();
}

/** The processes that hold such a lock: one, or none. */
function lockHolders(stateDir: string, purpose: 'refresh' | 'login'): number[] {
  const directory = path.join(stateDir, 'credentials');
  const locks = tryList(directory).filter((name) => name.endsWith(`.${purpose}.lock`));
  return locks.flatMap((name) =>
    tryList(path.join(directory, name)).map((holder) => holderOf(holder)?.pid ?? NaN),
  );
}

/** Nothing where it is gone by now. */
function tryList(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Words separated by NUL; empty where it has ended meanwhile. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
