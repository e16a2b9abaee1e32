// Reads what fixtures/servers/scripted.mjs wrote with --journal, and waits for what it will write.
// Not for: the emulator's record of requests.
import { existsSync, readFileSync, watch } from 'node:fs';
import path from 'node:path';
import type { JournalEntry } from '../../fixtures/servers/lib/journal.mjs';
import { tempDir } from './temp.ts';

export interface Journal {
  /** For `--journal`. */
  readonly file: string;
  /** Everything so far, of all processes, in the order it was written. */
  entries(): JournalEntry[];
  /** The process ids in the order of their start: the generations. */
  generations(): number[];
  /** The methods that a process (default: any) received, in order. */
  methods(pid?: number): string[];
  /** The keys that `write_thing` wrote. */
  writes(): unknown[];
  /**
   * The first entry that matches, as soon as it is there; with `count`, the one that makes them so many.
   * @throws {Error} after `ms` (default 10 s), with the journal
   */
  waitFor(
    matches: (entry: JournalEntry) => boolean,
    options?: { ms?: number; count?: number },
  ): Promise<JournalEntry>;
}

/** A journal in a folder of its own, which lives as long as the test. */
export function openJournal(): Journal {
  const file = path.join(tempDir(), 'journal.jsonl');

  const entries = (): JournalEntry[] => {
    if (!existsSync(file)) return [];
    // What follows the last newline is being written at this moment.
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as JournalEntry);
  };

  return {
    file,
    entries,
    generations: () =>
      entries()
        .filter((entry) => entry.event === 'start')
        .map((entry) => entry.pid),
    methods: (pid) =>
      entries()
        .filter((entry) => entry.event === 'message' && (pid === undefined || entry.pid === pid))
        .map((entry) => entry.method ?? ''),
    writes: () =>
      entries()
        .filter((entry) => entry.event === 'write')
        .map((entry) => entry.key),
    waitFor: (matches, { ms = 10_000, count = 1 } = {}) =>
      new Promise((resolve, reject) => {
        // Watched before the first look, so that nothing is written unseen between the two.
        const watcher = watch(path.dirname(file), () => look());
        const timer = setTimeout(() => {
          watcher.close();
          const lines = entries().map((entry) => JSON.stringify(entry));
          reject(new Error(`not in the journal after ${ms} ms:\n${lines.join('\n')}`));
        }, ms);
        const look = (): void => {
          const found = entries().filter((entry) => matches(entry))[count - 1];
          if (!found) return;
          clearTimeout(timer);
          watcher.close();
          resolve(found);
        };
        look();
      }),
  };
}
