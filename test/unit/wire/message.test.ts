// What kind of message a frame is (JSON-RPC 2.0; MCP base protocol), and the frames that the proxy writes itself.
import { describe, expect, test } from 'vitest';
import {
  dig,
  errorFrame,
  INVALID_REQUEST,
  notificationFrame,
  parse,
  PARSE_ERROR,
  readFrame,
  readValidFrame,
  requestFrame,
  resultFrame,
} from '../../../src/wire/message.ts';

function kindOf(text: string) {
  const bytes = Buffer.from(text);
  const { bytes: kept, ...rest } = readFrame(bytes);
  expect(kept).toBe(bytes);
  return rest;
}

function lineOf(frame: Buffer): string {
  const text = frame.toString();
  expect(text.indexOf('\n')).toBe(text.length - 1);
  return text.slice(0, -1);
}

describe('readFrame', () => {
  const streaming = false;

  test('tells requests, notifications and responses apart', () => {
    expect(kindOf('{"id":0,"method":"ping"}')).toEqual({
      kind: 'request',
      id: '0',
      method: 'ping',
      streaming,
    });
    expect(kindOf('{"method":"a/b"}')).toEqual({ kind: 'notification', method: 'a/b', streaming });
    expect(kindOf('{"id":"0","result":{}}')).toEqual({
      kind: 'response',
      id: '"0"',
      outcome: 'result',
      streaming,
    });
    expect(kindOf('{"id":7,"error":{}}')).toEqual({ kind: 'response', id: '7', outcome: 'error', streaming });
    expect(kindOf('{"id":7,"result":null}')).toEqual({
      kind: 'response',
      id: '7',
      outcome: 'result',
      streaming,
    });
  });

  test('takes a request with the id null for a notification, and an answer to it for an answer to nobody', () => {
    expect(kindOf('{"id":null,"method":"m"}')).toEqual({ kind: 'notification', method: 'm', streaming });
    expect(kindOf('{"id":null,"error":{}}')).toEqual({
      kind: 'response',
      id: 'null',
      outcome: 'error',
      streaming,
    });
    expect(kindOf('{"error":{}}')).toEqual({ kind: 'response', id: undefined, outcome: 'error', streaming });
  });

  test.each(['Listening on stdio', '[{"id":1,"method":"m"}]', '7', 'null', '{"id":[1],"method":"m"}'])(
    'takes %s for no JSON-RPC at all',
    (text) => {
      expect(kindOf(text)).toEqual({ kind: 'malformed', code: PARSE_ERROR, id: undefined });
    },
  );

  test.each([
    ['{"level":"info","msg":"ready"}', undefined],
    ['{"id":3}', '3'],
    ['{"id":3,"method":5}', '3'],
    ['{}', undefined],
  ])('takes %s for an object that is no message', (text, id) => {
    expect(kindOf(text)).toEqual({ kind: 'malformed', code: INVALID_REQUEST, id });
  });
});

describe('readValidFrame', () => {
  test('is as readFrame for valid JSON', () => {
    const bytes = Buffer.from('{"id":9007199254740993,"method":"é"}\r\n');
    expect(readValidFrame(bytes)).toEqual(readFrame(bytes));
  });

  test.each([
    '{"id":1,"method":"m",}',
    '{"id":1,"method":"m","params":{oops}}',
    '{"id":1,"method":"m"',
    'x',
    '',
  ])('does not let %s through: JSON-RPC 5.1, parse error', (text) => {
    expect(readValidFrame(Buffer.from(text))).toMatchObject({
      kind: 'malformed',
      code: PARSE_ERROR,
      id: undefined,
    });
  });

  test.each(['[]', '[{"id":1,"method":"m"}]', 'null', 'true', '7', '"m"', '{}', '{"id":{},"method":"m"}'])(
    'takes %s for an invalid request; MCP has no batches since 2025-06-18',
    (text) => {
      expect(readValidFrame(Buffer.from(text))).toMatchObject({ kind: 'malformed', code: INVALID_REQUEST });
    },
  );

  test('keeps the id of an invalid request, so that it can be answered', () => {
    expect(readValidFrame(Buffer.from('{"id":"a"}'))).toMatchObject({ code: INVALID_REQUEST, id: '"a"' });
  });
});

describe('frames of our own are one line each, with ids as they came', () => {
  test('results', () => {
    expect(lineOf(resultFrame('9007199254740993', '{"a":1}'))).toBe(
      '{"jsonrpc":"2.0","id":9007199254740993,"result":{"a":1}}',
    );
  });

  test('errors, with data where there is some, and the id null where it is not known', () => {
    expect(lineOf(errorFrame('"é"', -32700, 'a "b"\nc'))).toBe(
      '{"jsonrpc":"2.0","id":"é","error":{"code":-32700,"message":"a \\"b\\"\\nc"}}',
    );
    expect(lineOf(errorFrame(undefined, 4010, 'm', { reason: 'r', retryable: true }))).toBe(
      '{"jsonrpc":"2.0","id":null,"error":{"code":4010,"message":"m","data":{"reason":"r","retryable":true}}}',
    );
  });

  test('requests and notifications, with and without params', () => {
    expect(lineOf(requestFrame('0', 'ping'))).toBe('{"jsonrpc":"2.0","id":0,"method":"ping"}');
    expect(lineOf(requestFrame('"a"', 'm', '[1]'))).toBe(
      '{"jsonrpc":"2.0","id":"a","method":"m","params":[1]}',
    );
    expect(lineOf(notificationFrame('n'))).toBe('{"jsonrpc":"2.0","method":"n"}');
    expect(lineOf(notificationFrame('n', '{}'))).toBe('{"jsonrpc":"2.0","method":"n","params":{}}');
  });

  test('are read back as what they are', () => {
    expect(readValidFrame(resultFrame('0', '{}'))).toMatchObject({
      kind: 'response',
      id: '0',
      outcome: 'result',
    });
    expect(readValidFrame(errorFrame('"0"', 1, 'm'))).toMatchObject({
      kind: 'response',
      id: '"0"',
      outcome: 'error',
    });
    expect(readValidFrame(requestFrame('1', 'm', '{}'))).toMatchObject({
      kind: 'request',
      id: '1',
      method: 'm',
    });
    expect(readValidFrame(notificationFrame('m', '{}'))).toMatchObject({ kind: 'notification', method: 'm' });
  });
});

test('parse gives undefined for what is no JSON, and dig for what is not there', () => {
  expect(parse(Buffer.from('{"a":'))).toBeUndefined();
  expect(parse(Buffer.from('null'))).toBeNull();
  expect(dig(parse(Buffer.from('{"a":{"b":[7]}}')), 'a', 'b', '0')).toBe(7);
  for (const value of [undefined, null, 7, 'text', { a: null }, []])
    expect(dig(value, 'a', 'b')).toBeUndefined();
});
