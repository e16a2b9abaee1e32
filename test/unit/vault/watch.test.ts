// News of a file: from the system, and by looks where it tells of nothing. Not for: what is in the file.
import type * as Fs from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import { mkdirSync, renameSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { watchFile } from '../../../src/vault/watch.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';

const BURST_MS = 20;
/** A look and its news begin to wait at once: after told() the next look is 20 ms nearer than that. */
const LOOK_MS = 1000;
const NFS = 0x6969;
/** What others may do; Windows has no such bits. */
const OTHERS = process.platform === 'win32' ? 0 : 0o077;

/** What the system says, where a test has it say something else than it would. */
const system = vi.hoisted(() => ({
  refusal: undefined as Error | undefined,
  fileSystem: undefined as number | undefined,
  watchers: [] as Fs.FSWatcher[],
}));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const watch = (...args: Parameters<typeof fs.watch>): Fs.FSWatcher => {
    if (system.refusal) throw system.refusal;
    const watcher = fs.watch(...args);
    system.watchers.push(watcher);
    return watcher;
  };
  return { ...fs, watch };
});

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof FsPromises>();
  const statfs = async (at: string): Promise<{ type: number }> => {
    const { type } = await fs.statfs(at);
    return { type: system.fileSystem ?? type };
  };
  return { ...fs, statfs };
});

beforeEach(() => {
  Object.assign(system, { refusal: undefined, fileSystem: undefined, watchers: [] });
});

interface Watched {
  readonly directory: string;
  readonly file: string;
  readonly clock: FakeClock;
  readonly lines: string[];
  readonly calls: () => number;
  readonly end: () => void;
  /** As the vault does it. */
  readonly replace: (text: string) => void;
  /** Resolves when a change was noticed and told. */
  readonly told: () => Promise<void>;
  /** Whether something was noticed that is told in a moment. */
  readonly isNoticed: () => boolean;
}

function setUp({ isMissing = false } = {}): Watched {
  const directory = path.join(tempDir(), 'credentials');
  if (!isMissing) mkdirSync(directory, { mode: 0o700 });
  const file = path.join(directory, 'record.json');
  const clock = createFakeClock();
  const log = createTestLog();
  let calls = 0;
  const end = watchFile(file, () => (calls += 1), { clock, log });
  onTestFinished(end);
  return {
    directory,
    file,
    clock,
    lines: log.lines,
    calls: () => calls,
    end,
    replace: (text) => {
      writeFileSync(`${file}.tmp`, text);
      renameSync(`${file}.tmp`, file);
    },
    told: async () => {
      const before = calls;
      await clock.pass(BURST_MS);
      expect(calls).toBe(before + 1);
    },
    isNoticed: () => clock.pending().includes(BURST_MS),
  };
}

/** The system has told of everything that was done before: news of one directory come in order. */
async function settled(directory: string): Promise<void> {
  const name = `marker-${Math.random()}`;
  const { watch } = await vi.importActual<typeof Fs>('node:fs');
  await new Promise<void>((resolve) => {
    const watcher = watch(directory, (_, seen) => {
      if (seen !== name) return;
      watcher.close();
      resolve();
    });
    writeFileSync(path.join(directory, name), '');
  });
}

describe('where the system tells of changes', () => {
  test('a file that is made, replaced, written in place or removed is told of', async () => {
    const { file, replace, told, calls } = setUp();
    replace('one');
    await told();
    replace('two');
    await told();
    writeFileSync(file, 'three');
    await told();
    unlinkSync(file);
    await told();
    expect(calls()).toBe(4);
  });

  test('changes in one moment are told once, later ones again', async () => {
    const { directory, replace, told, calls, clock } = setUp();
    for (let count = 0; count < 5; count += 1) replace(String(count));
    await settled(directory);
    await told();
    expect(clock.pending()).toEqual([]);
    replace('later');
    await told();
    expect(calls()).toBe(2);
  });

  test('other files in the directory do not matter, and there is no timer while nothing happens', async () => {
    const { directory, clock, calls } = setUp();
    writeFileSync(path.join(directory, 'other.json'), '');
    mkdirSync(path.join(directory, 'record.json.lock'));
    await settled(directory);
    expect(clock.pending()).toEqual([]);
    expect(calls()).toBe(0);
  });

  test('nothing is told after the end', async () => {
    const { directory, replace, end, clock, calls, isNoticed } = setUp();
    replace('one');
    await settled(directory);
    expect(isNoticed()).toBe(true);
    end();
    clock.advance(10 * LOOK_MS);
    replace('two');
    await settled(directory);
    expect(clock.pending()).toEqual([]);
    expect(calls()).toBe(0);
  });

  test('a directory that is missing is made, for its owner alone', async () => {
    const { directory, replace, told } = setUp({ isMissing: true });
    // It may have come into being in between: told once for safety.
    await told();
    expect(statSync(directory).mode & OTHERS).toBe(0);
    replace('one');
    await told();
  });
});

describe('where it does not', () => {
  test('a directory that is removed and made again is found within a second, and watched again', async () => {
    const { directory, replace, told, clock, lines } = setUp();
    rmSync(directory, { recursive: true });
    await told();
    expect(lines.join()).toContain('looked for once a second: its directory was removed or moved');
    await clock.pass(LOOK_MS - BURST_MS);
    await told();
    mkdirSync(directory);
    await clock.pass(LOOK_MS - BURST_MS);
    await told();
    expect(clock.pending()).toEqual([]);
    replace('one');
    await told();
  });

  test('a system without room for another watch: the file is looked at once a second until there is', async () => {
    system.refusal = new Error('ENOSPC: System limit for number of file watchers reached');
    const { replace, told, clock, lines, isNoticed } = setUp();
    await told();
    expect(lines.join()).toContain('ENOSPC');
    // The first look only remembers what is there, and tells for safety.
    await clock.pass(LOOK_MS - BURST_MS);
    await told();
    await clock.pass(LOOK_MS - BURST_MS);
    await clock.waitForTimer(LOOK_MS);
    expect(isNoticed()).toBe(false);
    replace('one');
    await clock.pass(LOOK_MS);
    await told();
    system.refusal = undefined;
    await clock.pass(LOOK_MS - BURST_MS);
    await told();
    expect(clock.pending()).toEqual([]);
    replace('two');
    await told();
  });

  test('a watch that fails later', async () => {
    const { file, replace, told, clock, lines } = setUp();
    replace('one');
    await told();
    system.refusal = new Error('still broken');
    system.watchers[0]?.emit('error', new Error('EPERM: the watch was lost'));
    await told();
    expect(lines.join()).toContain('EPERM: the watch was lost');
    await clock.pass(LOOK_MS - BURST_MS);
    await told();
    unlinkSync(file);
    await clock.pass(LOOK_MS - BURST_MS);
    await told();
  });

  test.runIf(process.platform === 'linux')(
    'a network file system: changes by others are looked for',
    async () => {
      system.fileSystem = NFS;
      const { file, replace, told, clock, lines, isNoticed } = setUp();
      replace('one');
      await told();
      expect(lines.join()).toContain('it is on a network file system');
      await clock.pass(LOOK_MS - BURST_MS);
      await told();
      // Another machine's rename is no news here; only the file itself looks different.
      utimesSync(file, 1, 1);
      await clock.waitForTimer(LOOK_MS - BURST_MS);
      expect(isNoticed()).toBe(false);
      await clock.pass(LOOK_MS - BURST_MS);
      await told();
    },
  );

  test('a directory that cannot be made fails nobody', async () => {
    const parent = tempDir();
    writeFileSync(path.join(parent, 'file'), '');
    const clock = createFakeClock();
    const log = createTestLog();
    onTestFinished(watchFile(path.join(parent, 'file', 'deeper', 'record.json'), () => {}, { clock, log }));
    await clock.pass(LOOK_MS);
    await clock.waitForTimer(LOOK_MS);
    expect(log.lines.join()).toContain('looked for once a second');
  });
});
