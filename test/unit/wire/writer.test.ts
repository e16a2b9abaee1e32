// Whole frames on their way into a pipe: exact bytes, in order, few writes, and never without bound.
import { describe, expect, test } from 'vitest';
import { bytes, open } from './pipe.ts';

describe('whole frames', () => {
  test('leave at the next flush, in one write, with their exact bytes in order', () => {
    const { pipe, writer } = open();
    const chunk = bytes('{"a":1}\n{"b":2}\n{"c":3}\n');
    writer.write(chunk.subarray(0, 8));
    writer.write(chunk.subarray(8, 16));
    writer.write(bytes('{"own":true}\n'));
    writer.write(chunk.subarray(16));
    expect(pipe.writes).toEqual([]);
    expect(writer.empty).toBe(false);
    writer.flush();
    expect(pipe.writes.map(String)).toEqual(['{"a":1}\n{"b":2}\n{"own":true}\n{"c":3}\n']);
    expect(writer.empty).toBe(true);
  });

  test('that are neighbours in one chunk are not copied', () => {
    const { pipe, writer } = open();
    const chunk = bytes('{"a":1}\n{"b":2}\n');
    writer.write(chunk.subarray(0, 8));
    writer.write(chunk.subarray(8));
    writer.flush();
    expect(pipe.writes.map(String)).toEqual([chunk.toString()]);
    expect(pipe.writes[0]?.buffer).toBe(chunk.buffer);
  });

  test('of one chunk that change places are not taken for neighbours', () => {
    const { pipe, writer } = open();
    const chunk = bytes('{"a":1}\n{"b":2}\n{"c":3}\n');
    for (const [from, to] of [
      [8, 16],
      [0, 8],
      [16, 24],
      [16, 24],
    ])
      writer.write(chunk.subarray(from, to));
    writer.flush();
    expect(pipe.text).toBe('{"b":2}\n{"a":1}\n{"c":3}\n{"c":3}\n');
  });

  test('a flush of nothing writes nothing', () => {
    const { pipe, writer } = open();
    writer.flush();
    expect(pipe.writes).toEqual([]);
  });
});

describe('a slow reader', () => {
  const chunk = Buffer.alloc(512 * 1024, 'x');

  test('makes the writer congested, and the writer says when there is room again', async () => {
    let drains = 0;
    const { pipe, writer } = open(() => (drains += 1));
    pipe.held = true;
    for (let count = 0; count < 3; count += 1) {
      writer.write(chunk);
      writer.flush();
    }
    expect(writer.congested).toBe(true);
    expect(writer.empty).toBe(false);
    expect(drains).toBe(0);
    const drained = new Promise((resolve) => pipe.once('drain', resolve));
    pipe.held = false;
    pipe.take();
    await drained;
    expect(drains).toBe(1);
    expect(writer.congested).toBe(false);
    expect(writer.empty).toBe(true);
  });

  test('frames that wait behind a stream count, and its end gives room', () => {
    let drains = 0;
    const { writer } = open(() => (drains += 1));
    const stream = writer.openStream();
    for (let count = 0; count < 3; count += 1) writer.write(chunk);
    expect(writer.congested).toBe(true);
    stream.end();
    expect(writer.congested).toBe(false);
    expect(drains).toBe(1);
  });
});

test('a pipe whose reader is gone ends nothing but itself', async () => {
  const { pipe, writer } = open();
  const closed = new Promise((resolve) => pipe.once('close', resolve));
  pipe.destroy(new Error('EPIPE'));
  await closed;
  writer.write(bytes('a\n'));
  expect(() => writer.flush()).not.toThrow();
  const stream = writer.openStream();
  expect(() => stream.cut()).not.toThrow();
});
