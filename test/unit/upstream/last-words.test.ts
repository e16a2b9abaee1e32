// What a person is told of a server's last lines: the newest ones, their beginnings, in whatever pieces they came.
import { expect, test } from 'vitest';
import { LastWords } from '../../../src/upstream/last-words.ts';

function said(...pieces: (string | Buffer)[]): LastWords {
  const words = new LastWords();
  for (const piece of pieces) words.push(Buffer.from(piece));
  return words;
}

test('how it ended, and that it said nothing', () => {
  expect(said().report(3, null)).toBe('The server ended with exit code 3 and wrote nothing to stderr.');
  expect(said('\n \r\n').report(null, 'SIGKILL')).toBe(
    'The server ended by SIGKILL and wrote nothing to stderr.',
  );
});

test('the last ten lines, an open one included, without those that are empty', () => {
  const lines = Array.from({ length: 12 }, (_, index) => `line ${index + 1}`);
  const report = said(`${lines.join('\r\n\n')}\n`, 'open').report(1, null);
  expect(report.split('\n').slice(1)).toEqual([...lines.slice(3).map((line) => `  ${line}`), '  open']);
});

test('lines and characters that come in pieces are whole again', () => {
  const bytes = Buffer.from('caf\u00e9 \u{1f991}\nsecond\n');
  const words = said(...Array.from(bytes, (byte) => Buffer.from([byte])));
  expect(words.report(1, null).split('\n').slice(1)).toEqual(['  caf\u00e9 \u{1f991}', '  second']);
});

test('of a long line its beginning, also where its end comes later or never', () => {
  const long = `begin${'x'.repeat(1000)}`;
  for (const words of [said(`${long}\n`), said(long), said(long, long, '\n'), said('begin', long.slice(5))])
    expect(words.report(1, null).split('\n').slice(1)).toEqual([`  ${long.slice(0, 300)}`]);
});
