// The head of a frame, however it is spelt and however it arrives. Frames are fed whole, byte by byte and in two
// pieces at every byte, and each way has to find the same.
import { describe, expect, test } from 'vitest';
import { scanHead } from '../../../src/wire/head.ts';
import { canonicalId, TopLevelScanner } from '../../../src/wire/scanner.ts';
import { bytewise } from '../../support/random.ts';

type Found = { id?: string; method?: string; outcome?: string } | 'broken';

function fed(parts: readonly Buffer[]): Found {
  const scanner = new TopLevelScanner();
  for (const part of parts) scanner.feed(part);
  return scanner.broken ? 'broken' : defined(scanner);
}

function defined({ id, method, outcome }: TopLevelScanner | NonNullable<ReturnType<typeof scanHead>>): Found {
  return {
    ...(id !== undefined && { id }),
    ...(method !== undefined && { method }),
    ...(outcome && { outcome }),
  };
}

/** What is found in `text`, which is the same in every way of feeding it. */
function found(text: string | Buffer): Found {
  const bytes = Buffer.from(text);
  const whole = fed([bytes]);
  const head = scanHead(bytes);
  expect(head ? defined(head) : 'broken').toEqual(whole);
  expect(fed(bytewise(bytes))).toEqual(whole);
  for (let at = 1; at < bytes.length; at += 1)
    expect({ at, found: fed([bytes.subarray(0, at), bytes.subarray(at)]) }).toEqual({ at, found: whole });
  return whole;
}

describe('an id keeps its type and its digits', () => {
  test.each([
    '0',
    '"0"',
    '-1',
    '1.5',
    'null',
    '9007199254740993',
    '123456789012345678901234567890',
    '""',
    '"a b"',
  ])('%s', (id) => {
    expect(found(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)).toEqual({ id, method: 'ping' });
    expect(found(`{"jsonrpc":"2.0","id":${id},"result":{}}\n`)).toEqual({ id, outcome: 'result' });
    expect(found(`{"result":{},"jsonrpc":"2.0","id":${id}}\n`)).toEqual({ id, outcome: 'result' });
    expect(found(`{"error":{"code":1},"jsonrpc":"2.0","id":${id}}`)).toEqual({ id, outcome: 'error' });
    expect(found(`{"method":"ping","jsonrpc":"2.0","id":${id}}\r\n`)).toEqual({ id, method: 'ping' });
  });

  test.each([
    ['"\\u0041\\/\\u003c"', '"A/<"', 'as Go and PHP escape'],
    ['"\\u00e9\\ud834\\udd1e"', '"é𝄞"', 'as Python escapes'],
    ['"é€𝄞"', '"é€𝄞"', 'UTF-8'],
    ['"a\\"b\\\\"', '"a\\"b\\\\"', 'what has to be escaped'],
    ['"\\u0000"', '"\\u0000"', 'a control character'],
    ['1.0', '1', 'an integer from a float'],
    ['1e2', '100', 'an exponent'],
    ['-0', '0', 'minus zero'],
  ])('%s is the same id as %s: %s', (written, id) => {
    expect(found(`{"id":${written},"method":"ping"}`)).toEqual({ id, method: 'ping' });
    expect(found(`{"method":"ping","id":${written}}`)).toEqual({ id, method: 'ping' });
  });

  test.each(['1e999', 'true', 'null', '0'])('%s is left as it is', (text) => {
    expect(canonicalId(text)).toBe(text);
  });
});

describe('only the top level counts', () => {
  test.each([
    ['{"params":{"id":7,"method":"no"},"method":"m"}', { method: 'm' }],
    ['{"result":{"id":7,"error":{}}}', { outcome: 'result' }],
    ['{"result":[{"id":7}],"id":8}', { id: '8', outcome: 'result' }],
    ['{"params":"{\\"id\\":7}","method":"m","id":8}', { id: '8', method: 'm' }],
    ['{"params":{"a":"}","b":"\\\\"},"id":8,"method":"m"}', { id: '8', method: 'm' }],
    ['{"result":{"text":"\\"id\\":7}"},"jsonrpc":"2.0","id":8}', { id: '8', outcome: 'result' }],
    ['{"result":"x,\\"jsonrpc\\":\\"2.0\\",\\"id\\":7}"}', { outcome: 'result' }],
    ['{"result":{},"a\\"id":7}', { outcome: 'result' }],
    ['{"result":{},"a,\\"jsonrpc":"2.0","id":7}', { id: '7', outcome: 'result' }],
    ['{"result":{"a":{},"jsonrpc":"2.0","id":7}}', { outcome: 'result' }],
    ['{"method":"m","params":{"a":1,"jsonrpc":"2.0","id":7}}', { method: 'm' }],
    ['{"result":{},"x":[{"y":1,"jsonrpc":"2.0","id":7}],"id":8}', { id: '8', outcome: 'result' }],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe('a key is known', () => {
  test.each([
    ['by its value, not its spelling', '{"\\u0069d":1,"m\\u0065thod":"m"}', { id: '1', method: 'm' }],
    ['exactly', '{"ID":1,"id ":2,"i\\\\d":3,"method":"m"}', { method: 'm' }],
    ['in white space', ' { "id" : 1 , "method" : "m" } \r\n', { id: '1', method: 'm' }],
    ['across lines', '\t{\n"method"\r:\t"m"\n,\n"id"\n:\n1\n}\n', { id: '1', method: 'm' }],
    ['the first time it comes', '{"id":1,"id":2,"method":"m","method":"n"}', { id: '1', method: 'm' }],
    ['with the value that it has', '{"method":"tools/\\u0063all\\u00e9"}', { method: 'tools/callé' }],
    ['with a value in UTF-8', '{"method":"é€𝄞"}', { method: 'é€𝄞' }],
  ])('%s: %s', (_, text, expected) => {
    expect(found(text)).toEqual(expected);
  });
});

describe('what is no JSON-RPC frame is told apart', () => {
  test.each([
    '[]',
    '[{"id":1,"method":"m"}]',
    'null',
    '7',
    '"id"',
    'Listening on stdio',
    'x{"id":1}',
    '{"id":}',
    '{"method":"m","id":}',
    '{"id":,"method":"m"}',
    '{id:1}',
    '{,}',
  ])('%s', (text) => {
    expect(found(text)).toBe('broken');
  });
  test.each([
    '{"id" 1}',
    '{"id":}',
    '{"id":1 "method":"m"}',
    '{"a":"b""id":1}',
    '{"id":nope',
    '{"id":,"method":"m"}',
  ])('%s', (text) => {
    expect(found(text)).not.toHaveProperty('method');
  });
  test.each(['{"id":{"a":1},"method":"m"}', '{"id":[1],"method":"m"}'])(
    '%s: an id is no structure',
    (text) => {
      expect(found(text)).toBe('broken');
    },
  );
  test.each(['', '{', '{"id', '{"id":"a', '{"id":1', '{"id":"a\\', '{}', '{"method":5}', '{"method":null}'])(
    'nothing is made up from %s',
    (text) => {
      expect(found(text)).toEqual({});
    },
  );
});

test('an id of 64 KiB is kept whole, a longer one is refused rather than cut', () => {
  const [kept, refused] = [65_536, 65_537].map((length) =>
    Buffer.from(`{"id":"${'x'.repeat(length)}","method":"m"}`),
  );
  if (!kept || !refused) throw new Error('no frames');
  const id = `"${'x'.repeat(65_536)}"`;
  for (const parts of [[kept], bytewise(kept)]) expect(fed(parts)).toEqual({ id, method: 'm' });
  for (const parts of [[refused], bytewise(refused)]) expect(fed(parts)).toBe('broken');
  const digits = Buffer.from(`{"id":${'9'.repeat(65_537)},"method":"m"}`);
  for (const parts of [[digits], bytewise(digits)]) expect(fed(parts)).toBe('broken');
});

test('a scanner is settled as soon as the id and the kind are known, and not before', () => {
  const scanner = new TopLevelScanner();
  scanner.feed(Buffer.from('{"result":{"content":[]},"jsonrpc":"2.0","i'));
  expect(scanner.settled).toBe(false);
  scanner.feed(Buffer.from('d":12'));
  expect(scanner.settled).toBe(false);
  scanner.feed(Buffer.from('3}'));
  expect(scanner.settled).toBe(true);
  expect(scanner.id).toBe('123');
});
