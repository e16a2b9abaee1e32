// The stop ladder: end of input, SIGTERM, SIGKILL, each for the whole process tree, each with a time limit.
// Not for: deciding when a generation ends, draining it first, or removing a container.
import type { ChildProcess } from 'node:child_process';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { isRunning, processTree, type ProcessTree } from './process-tree.ts';

/** How long each rung waits, in milliseconds. Their sum is the longest a stop can take. */
export interface Patience {
  /** After the end of its input, for the child to end by itself. */
  readonly eofMs: number;
  /** After SIGTERM, for the child and all it started. */
  readonly termMs: number;
  /** After SIGKILL, for the system to take them away. */
  readonly killMs: number;
}

/** 1.65 s: clients send SIGTERM about 2 s after they closed stdin (FACTS, Clients). */
export const DEFAULT_PATIENCE: Patience = { eofMs: 900, termMs: 500, killMs: 250 };

export interface StopResult {
  /**
   * What the child itself ended by: `gone` when it had ended before or was never started, else the last thing
   * done before it ended. What it left running is swept in every case and does not change this.
   */
  readonly how: 'gone' | 'eof' | 'term' | 'kill';
  /** Both null when it was never started, or when not even SIGKILL has ended it in time. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StopOptions {
  readonly child: ChildProcess;
  readonly clock: Clock;
  readonly log: Log;
  readonly patience?: Patience;
  /** What is signalled; the child's own process tree unless a test says otherwise. */
  readonly tree?: ProcessTree;
}

/** One stop a child: whoever asks again, for whatever reason, waits for the first one. */
const stops = new WeakMap<ChildProcess, Promise<StopResult>>();

/** A child that ended is noticed by its event; what it left behind is looked for, after 4 ms, 8 ms, ... */
const FIRST_LOOK_MS = 4;
const LONGEST_LOOK_MS = 64;

/**
 * Ends `child` and all it started. Never rejects, never takes longer than the sum of `patience`, and asks for
 * nothing but a child that was spawned as its own group's leader (spawn.ts). Also the right call after a crash:
 * it then only sweeps what the child left running.
 *
 * Output that was written before the end may still be unread when this resolves: `close` tells when it is not.
 * A process that left the group on purpose can hold stdout open for longer, so bound a wait for `close`.
 */
export function stopProcess(options: StopOptions): Promise<StopResult> {
  const known = stops.get(options.child);
  if (known !== undefined) return known;
  const stop = climb(options);
  stops.set(options.child, stop);
  return stop;
}

async function climb(options: StopOptions): Promise<StopResult> {
  const { child, clock, log, patience = DEFAULT_PATIENCE, tree = processTree(child) } = options;
  if (child.pid === undefined) return { how: 'gone', code: null, signal: null };
  let how: StopResult['how'] = 'gone';
  const reach = (rung: StopResult['how'], message: string): void => {
    if (isRunning(child)) how = rung;
    log.debug(`upstream ${child.pid}: ${message}`);
  };

  // The pipe may break under the last write, and kill may find nobody: neither is news by now.
  child.on('error', ignore);
  child.stdin?.on('error', ignore);
  if (isRunning(child)) reach('eof', 'end of input');
  child.stdin?.end();
  await until(() => !isRunning(child), patience.eofMs, clock, child);
  await sweep(tree, (ms) => until(() => !tree.alive(), ms, clock, child), patience, reach);
  if (tree.alive()) log.warn(`upstream ${child.pid}: SIGKILL has not ended it within ${patience.killMs} ms`);
  return { how, code: child.exitCode, signal: child.signalCode };
}

/** The two lower rungs: ask all of the tree to end, then make it. */
async function sweep(
  tree: ProcessTree,
  wait: (ms: number) => Promise<void>,
  patience: Patience,
  reach: (rung: 'term' | 'kill', message: string) => void,
): Promise<void> {
  let left = patience.termMs + patience.killMs;
  if (!tree.alive()) return;
  reach('term', 'still running, SIGTERM');
  if (tree.terminate()) {
    await wait(patience.termMs);
    left = patience.killMs;
  }
  if (!tree.alive()) return;
  reach('kill', 'still running, SIGKILL');
  tree.kill();
  await wait(left);
}

/** Resolves once `done` holds, or after `ms`. Looks at the child's end, and at growing intervals. */
function until(done: () => boolean, ms: number, clock: Clock, child?: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (done()) {
      resolve();
      return;
    }
    const finish = (): void => {
      limit.cancel();
      next.cancel();
      child?.off('exit', look);
      resolve();
    };
    let pause = FIRST_LOOK_MS;
    const look = (): void => {
      if (done()) {
        finish();
        return;
      }
      next.cancel();
      next = clock.after(pause, look);
      pause = Math.min(pause * 2, LONGEST_LOOK_MS);
    };
    const limit = clock.after(ms, finish);
    let next = clock.after(pause, look);
    child?.on('exit', look);
  });
}

function ignore(): void {}
