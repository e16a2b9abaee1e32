// JSON by one regular expression (plain-json.ts), against JSON.parse.
import { expect, test } from 'vitest';
import { isJson } from '../../../src/wire/plain-json.ts';
import { randomJson, seeded } from '../../support/random.ts';

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const whole = (text: string): boolean => isJson(text, 0, text.length, true);

test.each([
  ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":[1,2]}}}', true],
  ['{"a":{"b":{"c":{"d":{"e":[[[]]]}}}}}', true],
  [`"${'long '.repeat(10_000)}"`, true],
  ['{"a":1e5,"b":-0.5,"c":"\\u00e9\\n","d":[]}', true],
  ['{ "a" : [ 1 ,2 ] }', true],
  ['{"a":oops}', false],
  ['{"a":01}', false],
  ['{"a":1,}', false],
  ['{"a":"tab\there"}', false],
  ['{"a":"\\x"}', false],
  ['{"a":1}}', false],
  ['{"a":1}{"b":2}', false],
  ['', false],
])('%s', (text, expected) => {
  expect(parses(text)).toBe(expected);
  expect(whole(text)).toBe(expected);
});

test('looks at its part of the text only', () => {
  expect(isJson('x{"a":1}y', 1, 8, true)).toBe(true);
  expect(isJson('{"a":1}', 0, 6, true)).toBe(false);
  expect(isJson('{"a":1}y', 0, 8, true)).toBe(false);
});

test('random values, whole and damaged, are judged as JSON.parse judges them', () => {
  const random = seeded(7);
  const noise = ['"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', 'e', '.', ' ', '\n', 'tru', '\u00e9'];
  for (let round = 0; round < 5000; round += 1) {
    const text = JSON.stringify(randomJson(random, 3));
    expect(whole(text)).toBe(true);
    const at = random.int(text.length + 1);
    const damaged = text.slice(0, at) + random.pick(noise) + text.slice(at + random.int(3));
    expect([damaged, whole(damaged)]).toEqual([damaged, parses(damaged)]);
  }
});
