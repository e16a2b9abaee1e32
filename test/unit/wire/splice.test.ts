// Changes inside a frame keep every other byte (DESIGN 2.1: never re-serialise what was not changed).
import { describe, expect, test } from 'vitest';
import type { ByteRange } from '../../../src/wire/splice.ts';
import { insertFirst, locate, replace, setMember } from '../../../src/wire/splice.ts';
import { randomJson, seeded, spelt } from '../../support/random.ts';

const FRAME =
  ' { "jsonrpc":"2.0", "big":9007199254740993, "params" : {"id":1,"_meta":{"progressToken":12345678901234567890},' +
  '"text":"\\"id\\":5}","é€":[{"id":2}]} ,\t"id": "a\\"}" , "\\u0065rror": null, "empty":{ }, "list":[ ] } \r\n';

function at(text: string, ...path: string[]): string | undefined {
  const frame = Buffer.from(text);
  const range = locate(frame, path);
  return range && frame.toString('utf8', range.start, range.end);
}

describe('locate finds the exact bytes', () => {
  test.each([
    [['id'], '"a\\"}"'],
    [['big'], '9007199254740993'],
    [['params', 'id'], '1'],
    [['params', '_meta', 'progressToken'], '12345678901234567890'],
    [['params', 'é€'], '[{"id":2}]'],
    [['params', 'text'], '"\\"id\\":5}"'],
    [['error'], 'null'],
    [['empty'], '{ }'],
    [['list'], '[ ]'],
    [[], FRAME.trim()],
  ])('of %j', (path, value) => {
    expect(at(FRAME, ...path)).toBe(value);
  });

  test.each([
    [['_meta']],
    [['progressToken']],
    [['params', 'text', 'id']],
    [['list', '0']],
    [['Id']],
    [['id', 'id']],
  ])('of nothing at %j', (path) => {
    expect(at(FRAME, ...path)).toBeUndefined();
  });

  test('in random frames, as JSON.parse does', () => {
    const random = seeded(17);
    for (let run = 0; run < 1000; run += 1) {
      const outer = Object.fromEntries(['a', 'params', 'b'].map((key) => [key, randomJson(random, 3)]));
      const text = spelt(random, { ...outer, params: { x: randomJson(random, 2), y: outer['params'] } });
      expect(JSON.parse(at(text, 'params', 'y') ?? '')).toEqual(outer['params']);
      expect(JSON.parse(at(text, 'b') ?? '')).toEqual(outer['b']);
    }
  });
});

describe('a frame that is no valid JSON', () => {
  test('has nothing in it, and breaks nothing', () => {
    for (const text of [
      '',
      ' ',
      '{',
      '[',
      'oops',
      '{oops:1,"id":2}',
      '{"a":1 "id":2}',
      '{"a":]"id":2}',
      '{"a" 11,"id":2}',
      '{"a":,"id":2}',
    ])
      expect({ text, id: at(text, 'id') }).toEqual({ text, id: undefined });
    expect(at('{"params":{oops},"id":2}', 'params', 'requestId')).toBeUndefined();
    expect(at('{"a\\x":1,"id":2}', 'id')).toBe('2');
  });

  test('cut at any byte or damaged at random never throws', () => {
    const bytes = Buffer.from(FRAME);
    for (let end = 0; end < bytes.length; end += 1)
      expect(() => locate(bytes.subarray(0, end), ['params', '_meta', 'progressToken'])).not.toThrow();
    const random = seeded(29);
    for (let run = 0; run < 3000; run += 1) {
      const damaged = Buffer.from(bytes);
      damaged[random.int(bytes.length)] = random.pick([...Buffer.from('"\\{}[],: x0')]);
      expect(() => locate(damaged, random.pick([['id'], ['params', 'x'], ['list', 'a']]))).not.toThrow();
    }
  });
});

describe('what is not changed keeps its bytes', () => {
  const frame = Buffer.from(FRAME);

  function range(...path: string[]): ByteRange {
    const found = locate(frame, path);
    if (!found) throw new Error(`nothing at ${path.join('.')}`);
    return found;
  }

  test('replace', () => {
    const id = '"g1:\\"é\\""';
    expect(replace(frame, range('id'), id).toString()).toBe(FRAME.replace('"a\\"}"', () => id));
    expect(frame.toString()).toBe(FRAME);
  });

  test.each([
    [['params'], '"x":0', '{"id":1', '{"x":0,"id":1'],
    [['params', 'é€'], '{"é":1}', '[{"id":2}', '[{"é":1},{"id":2}'],
    [['empty'], '"x":0', '{ }', '{"x":0 }'],
    [['list'], '0', '[ ]', '[0 ]'],
  ])('insertFirst into %j', (path, text, before, after) => {
    expect(insertFirst(frame, range(...path), text).toString()).toBe(FRAME.replace(before, () => after));
  });

  test('insertFirst into a list alone', () => {
    expect(insertFirst(Buffer.from('[]'), { start: 0, end: 2 }, '1').toString()).toBe('[1]');
    expect(insertFirst(Buffer.from('[\n 2]'), { start: 0, end: 5 }, '1').toString()).toBe('[1,\n 2]');
  });

  test.each([
    [[], 'big', '9007199254740993', 'true'],
    [[], 'id', '"a\\"}"', 'true'],
    [[], 'error', 'null', 'true'],
    [['params'], 'a"b', '{"id":1', '{"a\\"b":true,"id":1'],
    [['empty'], 'x', '{ }', '{"x":true }'],
  ])('setMember in %j: %s, whether it is there, by whatever spelling, or not', (path, key, before, after) => {
    expect(setMember(frame, range(...path), key, 'true').toString()).toBe(FRAME.replace(before, () => after));
  });
});
