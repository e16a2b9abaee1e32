// The audit trail: what a line says, files that do not grow without end, many writers, and disks that will not have it.
// Not for: what is noted when (auth/ and session/).
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AuditLine } from '../../../src/base/audit.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { StorageError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createAuditFile } from '../../../src/vault/audit-file.ts';
import { readAudit } from '../../../src/vault/audit-reader.ts';
import { createLock } from '../../../src/vault/lock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertNoSecrets, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { bundleWorker, startWorker } from '../../support/worker.ts';

const TOKEN = 'ghu_0123456789abcdefghijklmnopqrstuvwxyz';
/** printf %s "$TOKEN" | sha256sum | cut -c-8 */
const FINGERPRINT = '2f8b79ef';

function setUp({
  maxBytes,
  stateDir = path.join(tempDir(), 'state'),
}: { maxBytes?: number; stateDir?: string } = {}) {
  const log = createTestLog();
  const clock = createFakeClock(Date.UTC(2030, 0, 31, 12));
  const options = { stateDir, profile: 'work', host: 'github.com', clock, log };
  const audit = createAuditFile({ ...options, ...(maxBytes !== undefined && { maxBytes }) });
  return { stateDir, log, clock, audit, current: path.join(stateDir, 'audit.jsonl') };
}

async function all(stateDir: string): Promise<{ entries: AuditLine[]; damaged: number }> {
  const trail = readAudit(stateDir);
  const entries: AuditLine[] = [];
  for await (const entry of trail) entries.push(entry);
  return { entries, damaged: trail.damaged };
}

const detailsOf = (entries: readonly AuditLine[]): (string | undefined)[] =>
  entries.map(({ detail }) => detail);

/** One flush an entry, so that each is looked at. */
async function noteEach(audit: ReturnType<typeof setUp>['audit'], from: number, to: number): Promise<void> {
  for (let entry = from; entry < to; entry += 1) {
    audit.note({ event: 'refresh', detail: `${entry}` });
    await audit.flush();
  }
}

const lineSaying = (detail: string): string =>
  `${JSON.stringify({ time: '2030-01-31T12:00:00.000Z', event: 'refresh', profile: 'p', host: 'h', pid: 1, detail })}\n`;

describe('an entry', () => {
  test('is a line of JSON that says who, what and when, with a fingerprint in the place of the token', async () => {
    const { audit, current, clock } = setUp();
    audit.note({ event: 'login', login: 'monalisa', token: new Secret(TOKEN), detail: 'device\n"flow"' });
    clock.advance(1);
    audit.note({ event: 'generation-start', generation: 0 });
    await audit.flush();
    const shared = { profile: 'work', host: 'github.com', pid: process.pid };
    expect(
      readFileSync(current, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        ...shared,
        time: '2030-01-31T12:00:00.000Z',
        event: 'login',
        login: 'monalisa',
        token: FINGERPRINT,
        detail: 'device\n"flow"',
      },
      { ...shared, time: '2030-01-31T12:00:00.001Z', event: 'generation-start', generation: 0 },
    ]);
    assertNoSecrets({ dirs: [path.dirname(current)], secrets: [TOKEN] });
  });

  test('has a bounded length', async () => {
    const { audit, current } = setUp();
    audit.note({ event: 'refresh-failed', detail: 'y'.repeat(100_000) });
    await audit.flush();
    expect(statSync(current).size).toBeLessThan(4096);
  });

  test('is not written before the turn of the event loop in which it was noted is over', async () => {
    const { audit, stateDir } = setUp();
    audit.note({ event: 'refresh' });
    await Promise.resolve();
    expect(existsSync(stateDir)).toBe(false);
    await audit.flush();
    expect(existsSync(stateDir)).toBe(true);
  });

  test('flushing where nothing was noted touches nothing', async () => {
    const { audit, stateDir } = setUp();
    await audit.flush();
    expect(existsSync(stateDir)).toBe(false);
  });
});

describe.runIf(process.platform !== 'win32')('permissions', () => {
  test('nobody else can read it', async () => {
    const { audit, current, stateDir } = setUp();
    audit.note({ event: 'refresh' });
    await audit.flush();
    expect(statSync(current).mode & 0o777).toBe(0o600);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  });

  test('a file that others could read is closed to them', async () => {
    const { audit, current, stateDir } = setUp();
    mkdirSync(stateDir, { mode: 0o700 });
    writeFileSync(current, '');
    chmodSync(current, 0o644);
    audit.note({ event: 'refresh' });
    await audit.flush();
    expect(statSync(current).mode & 0o777).toBe(0o600);
  });
});

describe('a disk that will not have it', () => {
  test('costs the entries and one warning, and nothing else', async () => {
    const stateDir = path.join(tempDir(), 'state');
    writeFileSync(stateDir, 'not a directory');
    const { audit, log } = setUp({ stateDir });
    for (let count = 0; count < 3; count += 1) {
      audit.note({ event: 'refresh' });
      await audit.flush();
    }
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain(
      `warn: the audit trail ${path.join(stateDir, 'audit.jsonl')} cannot be written`,
    );
  });

  test('and that takes it again later has the later entries', async () => {
    const { audit, stateDir, current } = setUp();
    mkdirSync(current, { recursive: true });
    audit.note({ event: 'refresh', detail: 'lost' });
    await audit.flush();
    rmdirSync(current);
    audit.note({ event: 'refresh', detail: 'written' });
    await audit.flush();
    expect(detailsOf((await all(stateDir)).entries)).toEqual(['written']);
  });
});

describe('rotation', () => {
  test('keeps three files beside the current one and reads them oldest first', async () => {
    const { audit, stateDir } = setUp({ maxBytes: 1000 });
    await noteEach(audit, 0, 100);
    expect(readdirSync(stateDir).sort()).toEqual([
      'audit.1.jsonl',
      'audit.2.jsonl',
      'audit.3.jsonl',
      'audit.jsonl',
    ]);
    const { entries, damaged } = await all(stateDir);
    const last = entries.length;
    expect(last).toBeGreaterThan(20);
    expect(last).toBeLessThan(100);
    expect(detailsOf(entries)).toEqual(Array.from({ length: last }, (_, at) => `${100 - last + at}`));
    expect(damaged).toBe(0);
  });

  test('moves nothing further than the first gap', async () => {
    const { audit, stateDir, current } = setUp({ maxBytes: 200 });
    await noteEach(audit, 0, 1);
    // What one leaves that is killed after its first two renames.
    writeFileSync(path.join(stateDir, 'audit.2.jsonl'), 'was 1\n');
    writeFileSync(path.join(stateDir, 'audit.3.jsonl'), 'was 2\n');
    await noteEach(audit, 1, 2);
    expect(existsSync(current)).toBe(false);
    expect(readFileSync(path.join(stateDir, 'audit.1.jsonl'), 'utf8')).toContain('"1"');
    expect(readFileSync(path.join(stateDir, 'audit.2.jsonl'), 'utf8')).toBe('was 1\n');
    expect(readFileSync(path.join(stateDir, 'audit.3.jsonl'), 'utf8')).toBe('was 2\n');
  });

  test('waits while somebody else is at it', async () => {
    const { audit, stateDir, log } = setUp({ maxBytes: 10 });
    mkdirSync(stateDir, { mode: 0o700 });
    const lock = createLock(path.join(stateDir, 'audit.lock'), { ttlMs: 10_000, clock: systemClock, log });
    const held = await lock.tryTake();
    await noteEach(audit, 0, 2);
    expect(readdirSync(stateDir).sort()).toEqual(['audit.jsonl', 'audit.lock']);
    await held?.release();
    await noteEach(audit, 2, 3);
    expect(readdirSync(stateDir)).toEqual(['audit.1.jsonl']);
    expect(detailsOf((await all(stateDir)).entries)).toEqual(['0', '1', '2']);
  });

  test('8 processes at once: no line is lost or torn', { timeout: 60_000 }, async () => {
    const stateDir = path.join(tempDir(), 'state');
    const file = bundleWorker(new URL('../../support/audit-worker.ts', import.meta.url));
    const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
    const count = 150;
    // About 200 kB in all: three rotations, so that what is oldest is still kept.
    const maxBytes = 60_000;
    const workers = names.map((name) =>
      startWorker(file, [stateDir, name, String(count), String(maxBytes)], () => {}),
    );
    await Promise.all(workers.map(({ ended }) => ended));
    expect(readdirSync(stateDir).sort()).toEqual([
      'audit.1.jsonl',
      'audit.2.jsonl',
      'audit.3.jsonl',
      'audit.jsonl',
    ]);
    const { entries, damaged } = await all(stateDir);
    expect(damaged).toBe(0);
    for (const name of names) {
      const own = entries.filter(({ profile }) => profile === name);
      const numbers = own.map(({ detail }) => Number(detail?.split(' ')[0]));
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at));
    }
  });
});

describe('reading', () => {
  test('where there is nothing there are no entries', async () => {
    expect(await all(path.join(tempDir(), 'state'))).toEqual({ entries: [], damaged: 0 });
  });

  test('damaged lines are passed over and counted, also one whose end is missing', async () => {
    const stateDir = tempDir();
    const whole = lineSaying('two');
    writeFileSync(
      path.join(stateDir, 'audit.jsonl'),
      `${lineSaying('one')}not JSON\n\n{"time":"no time","event":"refresh"}\n${lineSaying('cut').slice(0, 30)}${whole}[1]\n`,
    );
    const { entries, damaged } = await all(stateDir);
    expect(detailsOf(entries)).toEqual(['one', 'two']);
    expect(damaged).toBe(4);
  });

  test('a rotation in the middle of it neither hides nor repeats an entry', async () => {
    const stateDir = tempDir();
    writeFileSync(path.join(stateDir, 'audit.1.jsonl'), lineSaying('one'));
    writeFileSync(path.join(stateDir, 'audit.jsonl'), lineSaying('two'));
    const seen: (string | undefined)[] = [];
    for await (const { detail } of readAudit(stateDir)) {
      if (seen.push(detail) > 1) continue;
      renameSync(path.join(stateDir, 'audit.1.jsonl'), path.join(stateDir, 'audit.2.jsonl'));
      renameSync(path.join(stateDir, 'audit.jsonl'), path.join(stateDir, 'audit.1.jsonl'));
      appendFileSync(path.join(stateDir, 'audit.jsonl'), lineSaying('three'));
    }
    expect(seen).toEqual(['one', 'two']);
  });

  test('one that ends early leaves no file open', async () => {
    const stateDir = tempDir();
    writeFileSync(path.join(stateDir, 'audit.jsonl'), lineSaying('one') + lineSaying('two'));
    for await (const { detail } of readAudit(stateDir)) {
      expect(detail).toBe('one');
      break;
    }
    if (process.platform !== 'linux') return;
    const open = readdirSync('/proc/self/fd').map((name) => {
      try {
        return statSync(`/proc/self/fd/${name}`).ino;
      } catch {
        return 0;
      }
    });
    expect(open).not.toContain(statSync(path.join(stateDir, 'audit.jsonl')).ino);
  });

  test('a file that cannot be read is an error', async () => {
    const stateDir = path.join(tempDir(), 'state');
    writeFileSync(stateDir, '');
    await expect(all(stateDir)).rejects.toBeInstanceOf(StorageError);
  });
});
