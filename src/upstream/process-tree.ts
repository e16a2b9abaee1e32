// A spawned process with everything it started: whether any of it still runs, and how it is signalled.
// Not for: when to signal (stop.ts), or processes that left the group on purpose (setsid).
import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { win32 } from 'node:path';

export interface ProcessTree {
  /** Whether anything of it runs. Zombies count as gone: only their parent can remove them. */
  alive(): boolean;
  /** Asks all of it to end; false where the platform has no way to ask. */
  terminate(): boolean;
  /** Ends all of it. */
  kill(): void;
}

/** Whether the child was started and has not ended. `exitCode` alone stays null after a death by signal. */
export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** The tree under `child`, which on POSIX must have been spawned as the leader of its own group. */
export function processTree(child: ChildProcess): ProcessTree {
  if (process.platform === 'win32') return windowsTree(child);
  return posixGroup(child.pid, () => isRunning(child));
}

/**
 * The process group with the number `pid`.
 *
 * A group's number is not given to anybody else while it has members, but it may be afterwards: once the
 * group was seen gone, it is never looked at or signalled again.
 */
export function posixGroup(pid: number | undefined, leaderRuns: () => boolean = () => false): ProcessTree {
  let gone = pid === undefined;
  const alive = (): boolean => {
    if (gone || pid === undefined) return false;
    if (leaderRuns()) return true;
    // Twice: a member that forked and ended during the first look has its child only in the second.
    gone = !signalGroup(pid, 0) || (onlyZombies(pid) && onlyZombies(pid));
    return !gone;
  };
  const send = (signal: NodeJS.Signals): void => {
    if (!gone && pid !== undefined) signalGroup(pid, signal);
  };
  return {
    alive,
    terminate() {
      send('SIGTERM');
      // A stopped process takes SIGTERM only once it continues.
      send('SIGCONT');
      return true;
    },
    kill: () => send('SIGKILL'),
  };
}

/**
 * Windows has neither groups nor SIGTERM: `taskkill /T` follows parent ids from a leader that still runs. What a
 * leader left behind when it ended by itself cannot be found this way; that would need a job object. The leader is
 * cmd.exe where the command is a batch file, as npx is (cross-spawn), and `kill` alone would leave the server.
 */
export function windowsTree(child: ChildProcess, run: typeof spawn = spawn): ProcessTree {
  return {
    alive: () => isRunning(child),
    terminate: () => false,
    kill() {
      const system = process.env['SystemRoot'] ?? 'C:\\Windows';
      const taskkill = run(
        win32.join(system, 'System32', 'taskkill.exe'),
        ['/pid', String(child.pid), '/T', '/F'],
        // Node's other children end with it on Windows, and the wait for this one is bounded (stop.ts).
        { stdio: 'ignore', windowsHide: true, detached: true },
      );
      taskkill.unref();
      // Better the leader alone than nothing.
      const fallBack = (): void => {
        if (isRunning(child)) child.kill('SIGKILL');
      };
      taskkill.on('error', fallBack);
      taskkill.on('exit', (code) => {
        if (code !== 0) fallBack();
      });
    },
  };
}

/**
 * False when nobody in the group can be signalled. ESRCH: no such group. EPERM: no member is ours (a program
 * that changed its user), or on macOS only zombies are left; either way there is nothing that can be done.
 */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether all members have ended and only wait for their parent, which in a container may be an init that reaps
 * late or never. Known on Linux only; elsewhere the waits of the stop ladder are the limit.
 */
function onlyZombies(group: number): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return !readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && runsInGroup(entry, group));
  } catch {
    return false; // no /proc: not known
  }
}

/** Reads `PID (NAME) STATE PPID PGRP ...` of proc_pid_stat(5); NAME may hold spaces and parentheses. */
function runsInGroup(pid: string, group: number): boolean {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return false; // ended meanwhile
  }
  const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(pgrp) === group && state !== 'Z' && state !== 'X';
}
