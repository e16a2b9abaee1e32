// Builds dist/ once before the tests, for those that start the real command (Vitest's globalSetup).
// Not for: tests of single modules; they run the sources, and a build that fails does not stop them.
import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

/** Vitest calls this once a run, before any test file. A failure is kept for those who need dist/ (proxy.ts). */
export async function setup(project: TestProject): Promise<void> {
  project.provide('buildFailure', isFresh() ? '' : await build());
}

/** Whether nothing under src/ changed since the last build: then a second run must not pull dist/ from under it. */
function isFresh(): boolean {
  const built = modified(path.join(root, 'dist', 'bin.js'));
  const inputs = ['src', 'scripts/build.mjs', 'package.json', 'package-lock.json'].map((name) =>
    path.join(root, name),
  );
  return inputs.every((input) => newest(input) < built);
}

/** The newest modification under `entry`, folders included: a deleted file shows in its folder's time. */
function newest(entry: string): number {
  const own = modified(entry);
  if (!statSync(entry, { throwIfNoEntry: false })?.isDirectory()) return own;
  const inside = readdirSync(entry, { recursive: true, encoding: 'utf8' });
  return Math.max(own, ...inside.map((name) => modified(path.join(entry, name))));
}

/** Milliseconds since the epoch; 0 for what is not there. */
function modified(entry: string): number {
  return statSync(entry, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function build(): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['scripts/build.mjs'], { cwd: root }, (error, stdout, stderr) => {
      resolve(error ? `scripts/build.mjs failed:\n${stdout}${stderr}` : '');
    });
  });
}
