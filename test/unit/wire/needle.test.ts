// The search by a text's rarest end finds what a plain search finds.
import { assert, constantFrom, property, string } from 'fast-check';
import { expect, test } from 'vitest';
import { Needle, rarestEnd } from '../../../src/wire/needle.ts';

test.each([
  ['isError', 'Error'],
  ['progressToken', 'Token'],
  ['input_required', 'quired'],
  // Too near to its end, or none at all.
  ['content', 'content'],
  ['abcdQ', 'abcdQ'],
])('%s is sought by %s', (text, end) => {
  expect(rarestEnd(Buffer.from(text), 4).toString()).toBe(end);
});

test('it is in the bytes exactly where the whole text is', () => {
  const letters = string({ unit: constantFrom('a', 'E', '_', 'r'), maxLength: 40 });
  assert(
    property(
      letters,
      letters.filter((text) => text !== ''),
      (haystack, text) => {
        expect(new Needle(text).isIn(Buffer.from(haystack))).toBe(haystack.includes(text));
      },
    ),
    { numRuns: 1000 },
  );
});
