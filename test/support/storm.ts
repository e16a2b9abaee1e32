// A storm: many windows that share one credential, each under calls all the time, while it is renewed again and again.
// Not for: who is killed in it, or what is asserted of it (integration/sharing-storm.test.ts).
import { closeSync, fstatSync, openSync, readSync, watch } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { RecordedRequest } from '../../fixtures/github/emulator.mjs';
import { fingerprint } from '../../fixtures/servers/lib/journal.mjs';
import type { JournalEntry } from '../../fixtures/servers/lib/journal.mjs';
import { TOKEN_PATH } from './login.ts';
import { toolText } from './messages.ts';
import { ME } from './windows.ts';
import type { Person, Window } from './windows.ts';

/** Between an answer and the next call of the same window, at most: the load, not a wait for anything. In ms. */
const THINK_MS = 200;

export interface Calls {
  /** Answers that were not the account's, with the window that got them. */
  readonly failures: readonly string[];
  /** How many were answered. */
  answered(): number;
  /** Nobody calls any more; resolves when the last call of every window that lives is answered. */
  stop(): Promise<void>;
}

/** Has each window ask who it is, over and over. One that is killed ends there. */
export function callFrom(windows: readonly Window[]): Calls {
  const over = new AbortController();
  const failures: string[] = [];
  let answered = 0;
  const call = async ({ name, client }: Window): Promise<void> => {
    while (!over.signal.aborted && !client.child.killed) {
      try {
        const text = toolText(await client.callTool('get_me'));
        answered += 1;
        if (text !== ME) failures.push(`${name}: ${text}`);
      } catch (error) {
        if (!client.child.killed) failures.push(`${name}: ${String(error)}`);
        return;
      }
      await delay(Math.random() * THINK_MS);
    }
  };
  const all = Promise.all(windows.map(call));
  return {
    failures,
    answered: () => answered,
    stop: async () => {
      over.abort();
      await all;
    },
  };
}

/** A request that spends a refresh token. */
export function isRefresh({ path, body }: RecordedRequest): boolean {
  return path === TOKEN_PATH && body['grant_type'] === 'refresh_token';
}

/** The starts of all servers, as they come. */
export interface Starts {
  /**
   * Resolves when a server of every one of these windows was started with this token.
   * @returns the moments, in the order of the windows; milliseconds since the epoch
   * @throws {Error} after {@link ADOPTION_MS}, naming the windows that did not
   */
  with(token: string, windows: readonly Window[]): Promise<number[]>;
}

/** Far above what it takes on a busy machine. In ms. */
const ADOPTION_MS = 15_000;

/** Follows the journal: only what was added is read, since a storm writes much of it. Ends with the test. */
export function followStarts({ journal }: Person): Starts {
  const seen = new Map<string, number>();
  const waiting = new Set<() => void>();
  const descriptor = openSync(journal.file, 'a+', 0o600);
  let offset = 0;
  let rest = '';
  const read = (): void => {
    const chunk = Buffer.alloc(fstatSync(descriptor).size - offset);
    offset += readSync(descriptor, chunk, 0, chunk.length, offset);
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const { event, token, argv, at } = JSON.parse(line) as JournalEntry;
      if (event === 'start') for (const word of argv ?? []) seen.set(`${word} ${token}`, at ?? NaN);
    }
    for (const look of waiting) look();
  };
  const watcher = watch(journal.file, read);
  onTestFinished(() => {
    watcher.close();
    closeSync(descriptor);
  });

  return {
    with(token, windows) {
      const print = fingerprint(token);
      const moments = (): (number | undefined)[] => windows.map(({ name }) => seen.get(`${name} ${print}`));
      return new Promise((resolve, reject) => {
        const end = (): void => {
          clearTimeout(timer);
          waiting.delete(look);
        };
        const look = (): void => {
          const found = moments().filter((at) => at !== undefined);
          if (found.length < windows.length) return;
          end();
          resolve(found);
        };
        const timer = setTimeout(() => {
          end();
          const late = windows.filter((_, index) => moments()[index] === undefined);
          reject(new Error(`no server with the new token: ${late.map(({ name }) => name).join(', ')}`));
        }, ADOPTION_MS);
        waiting.add(look);
        read();
      });
    },
  };
}
