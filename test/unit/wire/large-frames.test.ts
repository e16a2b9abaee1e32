// Frames above LARGE_FRAME (DESIGN 2.1: no cap on frame size, and memory stays bounded).
import { describe, expect, test } from 'vitest';
import type { FrameSink } from '../../../src/wire/frames.ts';
import { COLLECT_LIMIT, FrameReader, LARGE_FRAME } from '../../../src/wire/frames.ts';
import type { Head } from '../../../src/wire/scanner.ts';
import { eachFrame } from './each-frame.ts';
import { pieces, seeded } from '../../support/random.ts';

type Seen =
  | { readonly kind: 'line'; readonly text: string }
  | { readonly kind: 'begin'; readonly head: Head; readonly mustStream: boolean }
  | { readonly kind: 'end'; readonly head: Head; readonly text: string }
  | { readonly kind: 'cut'; readonly text: string };

function record(answer: 'stream' | 'collect' | 'collect while allowed') {
  const seen: Seen[] = [];
  const sink: FrameSink = {
    lines: (region) => eachFrame(region, (frame) => seen.push({ kind: 'line', text: frame.toString() })),
    large: (head, soFar, mustStream) => {
      seen.push({ kind: 'begin', head: copy(head), mustStream });
      if (answer !== 'stream' && !mustStream) return 'collect';
      const parts = [soFar];
      const text = (): string => Buffer.concat(parts).toString();
      return {
        piece: (bytes) => parts.push(bytes),
        end: (whole) => seen.push({ kind: 'end', head: copy(whole), text: text() }),
        cut: () => seen.push({ kind: 'cut', text: text() }),
      };
    },
  };
  return { seen, reader: new FrameReader(sink) };
}

function copy({ id, method, outcome }: Head): Head {
  return { id, method, outcome };
}

function chunksOf(bytes: Buffer, size = 65_536): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
}

const BODY = 'é€𝄞 \\"id\\":7 '.repeat(60_000);
const ID_FIRST = `{"jsonrpc":"2.0","id":1,"result":{"text":"${BODY}"}}\n`;
const ID_LAST = `{"result":{"text":"${BODY}"},"jsonrpc":"2.0","id":"late"}\n`;

test('a large frame streams with its exact bytes, in order, between its neighbours', () => {
  const random = seeded(3);
  const stream = Buffer.from(`{"a":1}\n${ID_FIRST}{"b":2}\n${ID_LAST}{"c":3}\n`);
  for (const parts of [chunksOf(stream), pieces(random, stream, 100_000), pieces(random, stream, 5000)]) {
    const { seen, reader } = record('stream');
    for (const part of parts) reader.push(part);
    const first = { id: '1', method: undefined, outcome: 'result' } as const;
    const last = { id: '"late"', method: undefined, outcome: 'result' } as const;
    expect(seen).toEqual([
      { kind: 'line', text: '{"a":1}\n' },
      { kind: 'begin', head: first, mustStream: false },
      { kind: 'end', head: first, text: ID_FIRST },
      { kind: 'line', text: '{"b":2}\n' },
      { kind: 'begin', head: { ...last, id: undefined }, mustStream: false },
      { kind: 'end', head: last, text: ID_LAST },
      { kind: 'line', text: '{"c":3}\n' },
    ]);
    expect(reader.end().length).toBe(0);
  }
});

test('a frame is held up to LARGE_FRAME bytes, and streams from the next on', () => {
  const { seen, reader } = record('stream');
  reader.push(Buffer.alloc(LARGE_FRAME, 'x'));
  expect(seen).toEqual([]);
  reader.push(Buffer.from('y'));
  expect(seen.map(({ kind }) => kind)).toEqual(['begin']);
  reader.push(Buffer.from('\n'));
  expect(seen.map(({ kind }) => kind)).toEqual(['begin', 'end']);
});

test('a frame that is asked for whole comes whole, and the next one is asked about again', () => {
  const { seen, reader } = record('collect');
  for (const part of chunksOf(Buffer.from(ID_LAST + ID_FIRST))) reader.push(part);
  expect(seen.map(({ kind }) => kind)).toEqual(['begin', 'line', 'begin', 'line']);
  expect(seen.flatMap((one) => (one.kind === 'line' ? [one.text] : []))).toEqual([ID_LAST, ID_FIRST]);
});

describe('the stream ends in mid-frame', () => {
  test('of a frame that streams: it is cut, and nothing is left of it', () => {
    const { seen, reader } = record('stream');
    const part = Buffer.from(ID_FIRST).subarray(0, 400_000);
    reader.push(part);
    expect(reader.end().length).toBe(0);
    expect(seen.at(-1)).toEqual({ kind: 'cut', text: part.toString() });
  });

  test('of a frame that is collected: what came of it is returned', () => {
    const { seen, reader } = record('collect');
    const part = Buffer.from(ID_FIRST).subarray(0, 400_000);
    for (const one of chunksOf(part)) reader.push(one);
    expect(reader.end().equals(part)).toBe(true);
    expect(seen.map(({ kind }) => kind)).toEqual(['begin']);
  });
});

test('a frame that outgrows COLLECT_LIMIT has to stream, with all that was held of it', () => {
  const { seen, reader } = record('collect while allowed');
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  const chunks = COLLECT_LIMIT / chunk.length + 4;
  reader.push(Buffer.from('{"a":"'));
  reader.push(chunk);
  // Met while the frame is collected: neither in its beginning nor in what streams.
  reader.push(Buffer.from('","id":5,"result":"'));
  for (let count = 0; count < chunks; count += 1) reader.push(chunk);
  reader.push(Buffer.from('"}\n{"a":1}\n'));
  expect(seen.map(({ kind }) => kind)).toEqual(['begin', 'begin', 'end', 'line']);
  expect(seen.map((one) => one.kind === 'begin' && one.mustStream)).toEqual([false, true, false, false]);
  const end = seen[2];
  expect(end?.kind === 'end' && end.head.id).toBe('5');
  expect(end?.kind === 'end' && end.text.length).toBe(6 + 19 + (chunks + 1) * chunk.length + 3);
});

test('a frame of 1 GiB leaves no trace in memory while it streams', () => {
  let bytes = 0;
  const reader = new FrameReader({
    lines: () => {},
    large: (_, soFar) => {
      bytes += soFar.length;
      return { piece: (piece) => (bytes += piece.length), end: () => {}, cut: () => {} };
    },
  });
  const chunk = Buffer.alloc(65_536, 'x');
  const before = process.memoryUsage().arrayBuffers;
  reader.push(Buffer.from('{"result":"'));
  for (let count = 0; count < 16_384; count += 1) reader.push(chunk);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * LARGE_FRAME);
  reader.push(Buffer.from('"}\n'));
  expect(bytes).toBe(11 + 16_384 * chunk.length + 3);
});
