// A wall clock for one proxy that a test can set: what a machine's sleep does to it, or somebody who corrects the time.
// Not for: time in unit tests (fake-clock.ts); here real processes run, and their steady clock and timers are real.
import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { tempDir } from './temp.ts';

const MODULE = path.join('fixtures', 'clock.mjs');
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

export interface ClockJumps {
  /** Options of Node, to be given before the proxy's own file. */
  readonly nodeArgs: readonly string[];
  /** The proxy's wall clock, in milliseconds since the epoch. */
  now(): number;
  /** Sets it forward, or back; whatever the proxy does from here on sees that. */
  jump(ms: number): void;
}

/** Right at first; lives as long as the test. */
export function createClockJumps(): ClockJumps {
  const file = path.join(tempDir(), 'offset');
  const url = pathToFileURL(path.join(root, MODULE));
  url.searchParams.set('offset', file);
  let offset = 0;
  const set = (ms: number): void => {
    offset = ms;
    writeFileSync(`${file}.new`, String(ms));
    // Replaced as a whole: a file that is being written would read as a clock that is right.
    renameSync(`${file}.new`, file);
  };
  set(0);
  return {
    nodeArgs: ['--import', url.href],
    now: () => Date.now() + offset,
    jump: (ms) => set(offset + ms),
  };
}
