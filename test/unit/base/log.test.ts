// Diagnostics on stderr: one line each, up to a level, without secrets.
import { expect, test } from 'vitest';
import type { LogLevel } from '../../../src/base/log.ts';
import { createLog, LOG_LEVELS } from '../../../src/base/log.ts';

function linesAt(level: LogLevel, redact = (text: string): string => text): string[] {
  const lines: string[] = [];
  const log = createLog(level, (line) => lines.push(line), redact);
  log.error('first');
  log.warn('second');
  log.info('third');
  log.debug('fourth');
  return lines;
}

const ALL = [
  'gh-mcp-proxy: error: first\n',
  'gh-mcp-proxy: warn: second\n',
  'gh-mcp-proxy: info: third\n',
  'gh-mcp-proxy: debug: fourth\n',
];

test('each level shows what is at least as grave, and silent nothing', () => {
  for (const [index, level] of LOG_LEVELS.entries()) expect(linesAt(level)).toEqual(ALL.slice(0, index));
});

test('every line is redacted', () => {
  expect(linesAt('debug', (text) => text.replace('ir', '[redacted]'))).toEqual(
    ALL.map((line) => line.replace('ir', '[redacted]')),
  );
});
