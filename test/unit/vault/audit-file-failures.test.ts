// The audit trail when the file system does what it seldom does: a file that is gone between two steps, half a write.
// Not for: disks that refuse (audit-file.test.ts).
import { unlinkSync } from 'node:fs';
import type * as FsPromises from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { createAuditFile } from '../../../src/vault/audit-file.ts';
import { readAudit } from '../../../src/vault/audit-reader.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';

type Handle = FsPromises.FileHandle;

/** What happens to the next file that is opened to be appended to; once. */
const mishap = vi.hoisted(() => ({
  next: undefined as ((file: string, handle: Handle) => void) | undefined,
}));

vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof FsPromises>();
  const open = async (...args: Parameters<typeof fs.open>): Promise<Handle> => {
    const handle = await fs.open(...args);
    if (args[1] === 'a') {
      mishap.next?.(String(args[0]), handle);
      mishap.next = undefined;
    }
    return handle;
  };
  return { ...fs, open };
});

beforeEach(() => {
  mishap.next = undefined;
});

function setUp() {
  const stateDir = path.join(tempDir(), 'state');
  const log = createTestLog();
  const options = { stateDir, profile: 'default', host: 'github.com', clock: createFakeClock(), log };
  return { stateDir, log, audit: createAuditFile(options) };
}

async function detailsIn(stateDir: string): Promise<{ details: (string | undefined)[]; damaged: number }> {
  const trail = readAudit(stateDir);
  const details: (string | undefined)[] = [];
  for await (const { detail } of trail) details.push(detail);
  return { details, damaged: trail.damaged };
}

/** From here on each write takes its first 20 bytes; `times` of them. */
function shorten(handle: Handle, times: number): void {
  const write = handle.write.bind(handle) as (
    bytes: Buffer,
  ) => Promise<{ bytesWritten: number; buffer: Buffer }>;
  let left = times;
  const short = (bytes: Buffer): ReturnType<typeof write> =>
    write(left-- > 0 ? bytes.subarray(0, 20) : bytes);
  Object.assign(handle, { write: short });
}

test.runIf(process.platform !== 'win32')(
  'a file that was rotated away for good under the pen is written anew',
  async () => {
    const { stateDir, audit } = setUp();
    mishap.next = (file) => unlinkSync(file);
    audit.note({ event: 'refresh', detail: 'one' });
    audit.note({ event: 'refresh', detail: 'two' });
    await audit.flush();
    expect(await detailsIn(stateDir)).toEqual({ details: ['one', 'two'], damaged: 0 });
  },
);

test('a line of which the disk takes a part is there once, whole', async () => {
  const { stateDir, audit, log } = setUp();
  mishap.next = (_, handle) => shorten(handle, 1);
  audit.note({ event: 'refresh', detail: 'one' });
  audit.note({ event: 'refresh', detail: 'two' });
  await audit.flush();
  expect(await detailsIn(stateDir)).toEqual({ details: ['one', 'two'], damaged: 1 });
  expect(log.lines).toEqual([]);
});

test('one that cannot be completed costs a warning, and the line of the next writer is not spoilt by it', async () => {
  const { stateDir, audit, log } = setUp();
  mishap.next = (_, handle) => shorten(handle, 2);
  audit.note({ event: 'refresh', detail: 'one' });
  await audit.flush();
  audit.note({ event: 'refresh', detail: 'two' });
  await audit.flush();
  expect(log.lines).toHaveLength(1);
  expect(log.lines[0]).toContain('the disk took only a part of it');
  expect(await detailsIn(stateDir)).toEqual({ details: ['two'], damaged: 2 });
});
