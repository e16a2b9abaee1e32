// A program of a test that needs modules of src/ in a process of its own: bundled, for Node 20 does not run TypeScript.
// Not for: the command itself, which is built once for all tests (build.ts).
import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { onTestFinished } from 'vitest';
import { tempDir } from './temp.ts';

/**
 * Bundles a program of test/support. Only inside a test.
 * @returns the file to be run with Node
 */
export function bundleWorker(source: URL): string {
  const outfile = path.join(tempDir(), 'worker.mjs');
  buildSync({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  return outfile;
}

export interface Worker {
  readonly pid: number;
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends its stdin: those that wait for that end by themselves. */
  finish(): void;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<void>;
}

/** @param onLine called with each line of its stdout; its stderr goes to the test's */
export function startWorker(
  file: string,
  args: readonly string[],
  onLine: (line: string, pid: number) => void,
): Worker {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const pid = child.pid ?? 0;
  child.stdin.on('error', () => {});
  createInterface({ input: child.stdout }).on('line', (line) => onLine(line, pid));
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<void>((resolve) => {
    child.on('close', () => resolve());
  });
  return { pid, ended, kill: (signal) => void child.kill(signal), finish: () => void child.stdin.end() };
}
