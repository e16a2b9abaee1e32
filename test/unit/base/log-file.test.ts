// Diagnostics that also go to a file: what a line says, which lines there are, and files that will not have them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { StorageError } from '../../../src/base/errors.ts';
import type { Log, LogLevel } from '../../../src/base/log.ts';
import { withLogFile } from '../../../src/base/log-file.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';

const CLOCK = createFakeClock(Date.UTC(2030, 0, 31, 12));

interface Options {
  readonly level?: LogLevel;
  readonly log?: Log;
}

function open(file: string, { level = 'warn', log = createTestLog() }: Options = {}): Log {
  return withLogFile(log, file, {
    level,
    redact: (text) => text.replace('secret', '[redacted]'),
    clock: CLOCK,
  });
}

function sayAll(log: Log): void {
  log.error('first');
  log.warn('second');
  log.info('third');
  log.debug('fourth');
}

const line = (text: string): string => `2030-01-31T12:00:00.000Z [${process.pid}] ${text}\n`;
const ALL = [line('error: first'), line('warn: second'), line('info: third'), line('debug: fourth')];

describe('the file', () => {
  test.each<[LogLevel, number]>([
    ['silent', 3],
    ['error', 3],
    ['warn', 3],
    ['info', 3],
    ['debug', 4],
  ])('at %s has %i of four levels, and the other log all that it is given', (level, count) => {
    const file = path.join(tempDir(), 'proxy.log');
    const log = createTestLog();
    sayAll(open(file, { level, log }));
    expect(readFileSync(file, 'utf8')).toBe(ALL.slice(0, count).join(''));
    expect(log.lines).toEqual(['error: first', 'warn: second', 'info: third', 'debug: fourth']);
  });

  test('is appended to, by several at once as well', () => {
    const file = path.join(tempDir(), 'proxy.log');
    writeFileSync(file, 'before\n');
    const [one, two] = [open(file), open(file)];
    one.error('first');
    two.error('second');
    one.error('third');
    expect(readFileSync(file, 'utf8')).toBe(
      `before\n${line('error: first')}${line('error: second')}${line('error: third')}`,
    );
  });

  test('has no secrets, and no message that looks like another one', () => {
    const file = path.join(tempDir(), 'proxy.log');
    open(file).error('a secret\r\n2030 error: forged\nend');
    expect(readFileSync(file, 'utf8')).toBe(line('error: a [redacted]\n  2030 error: forged\n  end'));
  });

  test.runIf(process.platform !== 'win32')(
    'is made for its owner alone; one that is there keeps its mode',
    () => {
      const file = path.join(tempDir(), 'proxy.log');
      open(file);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const shared = path.join(tempDir(), 'shared.log');
      writeFileSync(shared, '', { mode: 0o640 });
      open(shared);
      expect(statSync(shared).mode & 0o777).toBe(0o640);
    },
  );
});

describe('a file that cannot be had', () => {
  test('is an error that says what to do', () => {
    const directory = tempDir();
    const missing = failureOf(path.join(directory, 'missing', 'proxy.log'));
    expect(missing).toBeInstanceOf(StorageError);
    expect(missing.message).toContain(
      `cannot open the log file ${path.join(directory, 'missing', 'proxy.log')}: ENOENT`,
    );
    expect(missing.next).toBe('Make its directory first, or choose another file with --log-file.');
    mkdirSync(path.join(directory, 'proxy.log'));
    expect(failureOf(path.join(directory, 'proxy.log')).next).toContain(
      'Choose another file with --log-file',
    );
  });

  test.runIf(process.platform !== 'win32')('a FIFO that nobody reads holds up nothing', () => {
    const fifo = path.join(tempDir(), 'fifo');
    execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', fifo]);
    expect(failureOf(fifo).message).toContain('ENXIO');
  });

  test.runIf(process.platform === 'linux')('a disk that is full costs the lines and one warning', () => {
    const log = createTestLog();
    const full = open('/dev/full', { log });
    full.info('one');
    full.info('two');
    expect(log.lines).toEqual([
      'info: one',
      expect.stringMatching(/^warn: the log file \/dev\/full cannot be written: ENOSPC/),
      'info: two',
    ]);
  });
});

function failureOf(file: string): StorageError {
  try {
    open(file);
  } catch (error) {
    return error as StorageError;
  }
  throw new Error(`${file} was opened`);
}
