// Times as people read and write them. Not for: clocks.
import { expect, test } from 'vitest';
import { dateText, parseSince, spanText } from '../../../src/cli/times.ts';

const NOW = Date.UTC(2030, 0, 31, 14, 5, 9);
const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000];

test.each([
  [0, 'less than a second'],
  [999, 'less than a second'],
  [45 * SECOND, '45 s'],
  [MINUTE, '1 min'],
  [59 * MINUTE + 59 * SECOND, '59 min'],
  [HOUR, '1 h'],
  [8 * HOUR - SECOND, '7 h 59 min'],
  [DAY, '1 d'],
  [3 * DAY + 4 * HOUR, '3 d 4 h'],
  [183 * DAY + 4 * HOUR, '183 d'],
])('%d ms are %s', (ms, text) => {
  expect(spanText(ms)).toBe(text);
});

test('a date is in the zone of the person', () => {
  const date = new Date(2030, 0, 31, 4, 5, 9);
  expect(dateText(date.getTime())).toBe('2030-01-31 04:05');
  expect(dateText(date.getTime(), 'seconds')).toBe('2030-01-31 04:05:09');
});

test.each([
  ['90s', NOW - 90 * SECOND],
  ['30m', NOW - 30 * MINUTE],
  [' 24h ', NOW - DAY],
  ['1.5h', NOW - 90 * MINUTE],
  ['7d', NOW - 7 * DAY],
  ['2w', NOW - 14 * DAY],
  ['2030-01-31', Date.UTC(2030, 0, 31)],
  ['2030-01-31T14:05Z', Date.UTC(2030, 0, 31, 14, 5)],
])('--since %s', (text, expected) => {
  expect(parseSince(text, NOW)).toBe(expected);
});

test.each(['', 'yesterday', '24', '24 hours', '-3h', '2030-13-01', '5'])(
  '--since %j is wrong usage',
  (text) => {
    expect(() => parseSince(text, NOW)).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => parseSince(text, NOW)).toThrow(`--since is "${text}"`);
  },
);
