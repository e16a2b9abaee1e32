// Starts a program of a test with an environment of its own, and ends it and all it started when the test ends.
// Not for: what is said over its pipes (raw-client.ts).
import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { aliveWithMarker, descendantsOf } from './processes.ts';
import { tempDir } from './temp.ts';
import { atTestEnd } from './test-end.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** What the build of dist/ printed when it failed (build.ts); empty when dist/ is good. */
    buildFailure: string;
  }
}

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

export interface Surroundings {
  /** Added to PATH and HOME, the whole of the rest; HOME is a fresh folder unless it is given here. */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the fresh HOME. */
  readonly cwd?: string;
}

/**
 * The built command's entry file.
 * @throws {Error} the build failed: with what it printed
 */
export function builtProxy(): string {
  const failure = inject('buildFailure');
  if (failure) throw new Error(failure);
  return path.join(root, 'dist', 'bin.js');
}

/**
 * The command that runs a program of fixtures/servers.
 * @param name such as `scripted.mjs`
 */
export function serverCommand(name: string, ...flags: string[]): [string, ...string[]] {
  const file = path.join(root, 'fixtures', 'servers', name);
  return name.endsWith('.mjs') ? [process.execPath, file, ...flags] : [file, ...flags];
}

/**
 * PATH, HOME (fresh unless it is given) and what is given. HOME is also the mark by which everything that inherited it is
 * killed when the test ends, so that nothing is left running: not by a test that failed, nor what a test has stopped.
 */
export function surroundings({ env = {}, cwd }: Surroundings): { env: Record<string, string>; cwd: string } {
  const home = env['HOME'] ?? tempDir();
  atTestEnd(() => {
    if (process.platform === 'linux') kill(aliveWithMarker(`HOME=${home}`));
  });
  return { env: { PATH: process.env['PATH'] ?? '', ...env, HOME: home }, cwd: cwd ?? home };
}

/** Spawns with all three streams as pipes; the program and its descendants do not outlive the test. */
export function spawnInTest(
  [file, ...args]: readonly [string, ...string[]],
  options: Surroundings,
): ChildProcessWithoutNullStreams {
  const child = spawn(file, args, { ...surroundings(options), stdio: ['pipe', 'pipe', 'pipe'] });
  atTestEnd(() => {
    if (child.pid !== undefined && process.platform === 'linux') kill(descendantsOf(child.pid));
    child.kill('SIGKILL');
  });
  return child;
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended between the look and the signal, which is what was wanted.
    }
  }
}
