// Reads the audit trail back, oldest first, while others write and rotate it.
// Not for: writing it (audit-file.ts), or how it is shown (cli/).
import { open } from 'node:fs/promises';
import type { AuditLine } from '../base/audit.ts';
import { codeOf } from '../base/errors.ts';
import { auditFiles } from './audit-file.ts';
import { storageError } from './private-file.ts';
import { parseObject } from './plain.ts';

/** The entries in the order in which they were written. */
export interface AuditTrail extends AsyncIterable<AuditLine> {
  /** Lines that were passed over so far: torn by a full disk or a kill, or edited. */
  readonly damaged: number;
}

type Handle = Awaited<ReturnType<typeof open>>;

/** What every line begins with. */
const BEGINNING = '{"time":';

/**
 * The trail in a state directory; an empty one where there is none. It can be gone through once.
 * @throws {StorageError} while it is gone through: a file is there and cannot be read
 */
export function readAudit(stateDir: string): AuditTrail {
  let damaged = 0;
  return {
    get damaged() {
      return damaged;
    },
    async *[Symbol.asyncIterator]() {
      const handles = await openAll(auditFiles(stateDir));
      try {
        for (const handle of handles.toReversed()) {
          for await (const text of handle.readLines({ autoClose: false })) {
            if (text === '') continue;
            const whole = lineOf(text);
            if (whole === undefined) damaged += 1;
            // A line that was cut off has the next one, of whichever process, right behind it.
            const line = whole ?? lineOf(text.slice(Math.max(text.lastIndexOf(BEGINNING), 0)));
            if (line !== undefined) yield line;
          }
        }
      } finally {
        for (const handle of handles) await handle.close();
      }
    },
  };
}

/**
 * The newest first, so that a rotation in between moves files only to names that are still to be opened: none is missed,
 * and one that comes up twice is the same file.
 */
async function openAll(files: readonly string[]): Promise<Handle[]> {
  const found = new Map<string, Handle>();
  try {
    for (const file of files) {
      const handle = await openThere(file);
      if (handle === undefined) continue;
      const { dev, ino } = await handle.stat({ bigint: true });
      if (found.has(`${dev} ${ino}`)) await handle.close();
      else found.set(`${dev} ${ino}`, handle);
    }
  } catch (error) {
    for (const handle of found.values()) await handle.close();
    throw error;
  }
  return [...found.values()];
}

async function openThere(file: string): Promise<Handle | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storageError('read', file, error);
  }
}

/** A file on a disk is input like any other. Events that a later version may have are let through. */
function lineOf(text: string): AuditLine | undefined {
  const fields = parseObject(text);
  if (!fields) return undefined;
  const { time, event, profile, host, login, token, generation, pid, detail } = fields;
  const texts = [time, event, profile, host];
  const isLine =
    texts.every((value) => typeof value === 'string') &&
    !Number.isNaN(Date.parse(String(time))) &&
    typeof pid === 'number' &&
    [login, token, detail].every((value) => value === undefined || typeof value === 'string') &&
    (generation === undefined || typeof generation === 'number');
  return isLine ? (fields as unknown as AuditLine) : undefined;
}
