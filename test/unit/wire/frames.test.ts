// A byte stream cut into lines (DESIGN 2.1): nothing is lost, doubled or reordered, wherever the chunks end.
import { describe, expect, test } from 'vitest';
import { FrameReader } from '../../../src/wire/frames.ts';
import { eachFrame } from './each-frame.ts';
import { bytewise, pieces, seeded } from '../../support/random.ts';

/** The frames that come out of `parts`, without blank ones, and what is left at the end. */
function framesOf(parts: readonly Buffer[]): { frames: string[]; rest: string } {
  const frames: string[] = [];
  const reader = new FrameReader({
    lines: (region) => eachFrame(region, (frame) => frames.push(frame.toString())),
    large: () => 'collect',
  });
  for (const part of parts) reader.push(part);
  return { frames, rest: reader.end().toString() };
}

const LINES = ['{"id":0,"text":"é€𝄞"}\n', '{"a":"\\n"}\r\n', '[]\n', 'not JSON at all\n', '{"b":" "}\n'];
const STREAM = Buffer.from(LINES.join(''));

describe('the same lines come out', () => {
  test('in one chunk', () => {
    expect(framesOf([STREAM])).toEqual({ frames: LINES, rest: '' });
  });

  test('split at every byte, also within a UTF-8 character', () => {
    for (let at = 0; at <= STREAM.length; at += 1)
      expect(framesOf([STREAM.subarray(0, at), STREAM.subarray(at)])).toEqual({ frames: LINES, rest: '' });
  });

  test('byte by byte, and in random pieces', () => {
    const random = seeded(5);
    expect(framesOf(bytewise(STREAM))).toEqual({ frames: LINES, rest: '' });
    for (let run = 0; run < 200; run += 1)
      expect(framesOf(pieces(random, STREAM, 30))).toEqual({ frames: LINES, rest: '' });
  });
});

test('whole lines of a chunk are handed on together, as a view of that chunk', () => {
  const regions: Buffer[] = [];
  const reader = new FrameReader({ lines: (region) => regions.push(region), large: () => 'collect' });
  const chunk = Buffer.from('{"a":1}\n{"b":2}\n{"c":');
  reader.push(chunk);
  expect(regions.map(String)).toEqual(['{"a":1}\n{"b":2}\n']);
  expect(regions[0]?.buffer).toBe(chunk.buffer);
  expect(regions[0]?.byteOffset).toBe(chunk.byteOffset);
  reader.push(Buffer.from('3}\n{"d":4}\n'));
  expect(regions.map(String).slice(1)).toEqual(['{"c":3}\n', '{"d":4}\n']);
});

test('blank lines are passed over, with or without a carriage return', () => {
  const { frames } = framesOf([Buffer.from('\n\r\n{"a":1}\n \t\r\n\n{"b":2}\n\n')]);
  expect(frames).toEqual(['{"a":1}\n', '{"b":2}\n']);
});

test('what never ended in a newline is returned at the end, and only once', () => {
  const reader = new FrameReader({ lines: () => {}, large: () => 'collect' });
  reader.push(Buffer.from('{"a":1}\n{"b":'));
  reader.push(Buffer.from('2'));
  expect(reader.end().toString()).toBe('{"b":2');
  expect(reader.end().length).toBe(0);
});

test('a last frame without its newline is a frame of its region', () => {
  const frames: string[] = [];
  eachFrame(Buffer.from('{"a":1}\n{"b":2}'), (frame) => frames.push(frame.toString()));
  expect(frames).toEqual(['{"a":1}\n', '{"b":2}']);
});
