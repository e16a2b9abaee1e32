// Frames that are written while they arrive: never one inside another, and each writer keeps its order.
import { describe, expect, test } from 'vitest';
import type { FrameStream } from '../../../src/wire/writer.ts';
import { seeded } from '../../support/random.ts';
import { bytes, open } from './pipe.ts';

describe('a frame that streams', () => {
  test('goes after what was written just before it, and what is written meanwhile waits for its end', () => {
    const { pipe, writer } = open();
    writer.write(bytes('before\n'));
    const stream = writer.openStream();
    stream.write(bytes('one,'));
    writer.write(bytes('after 1\n'));
    writer.flush();
    stream.write(bytes('two\n'));
    writer.write(bytes('after 2\n'));
    expect(pipe.text).toBe('before\none,two\n');
    expect(writer.empty).toBe(false);
    stream.end();
    expect(pipe.text).toBe('before\none,two\nafter 1\nafter 2\n');
    expect(writer.empty).toBe(true);
  });

  test('two at once come one after the other, and the second goes on live once it is first', () => {
    const { pipe, writer } = open();
    const first = writer.openStream();
    const second = writer.openStream();
    second.write(bytes('B1,'));
    first.write(bytes('A1,'));
    writer.write(bytes('whole\n'));
    const third = writer.openStream();
    third.write(bytes('C1\n'));
    third.end();
    first.write(bytes('A2\n'));
    first.end();
    expect(pipe.text).toBe('A1,A2\nB1,');
    second.write(bytes('B2\n'));
    expect(pipe.text).toBe('A1,A2\nB1,B2\n');
    second.end();
    expect(pipe.text).toBe('A1,A2\nB1,B2\nwhole\nC1\n');
  });

  test('one that ended while it waited is written whole', () => {
    const { pipe, writer } = open();
    const first = writer.openStream();
    const second = writer.openStream();
    second.write(bytes('B\n'));
    second.end();
    expect(pipe.text).toBe('');
    first.write(bytes('A\n'));
    first.end();
    expect(pipe.text).toBe('A\nB\n');
  });

  test('one that is cut ends its line, so that the next frame begins on its own', () => {
    const { pipe, writer } = open();
    const stream = writer.openStream();
    stream.write(bytes('{"half":'));
    writer.write(bytes('{"next":1}\n'));
    stream.cut();
    expect(pipe.text).toBe('{"half":\n{"next":1}\n');
  });

  test('one that is cut while it waits ends its line too', () => {
    const { pipe, writer } = open();
    const first = writer.openStream();
    const second = writer.openStream();
    second.write(bytes('{"half":'));
    second.cut();
    first.write(bytes('A\n'));
    first.end();
    writer.write(bytes('next\n'));
    writer.flush();
    expect(pipe.text).toBe('A\n{"half":\nnext\n');
  });

  test('what comes for it after its end is dropped, not put into another frame', () => {
    const { pipe, writer } = open();
    const stream = writer.openStream();
    stream.write(bytes('A\n'));
    stream.end();
    const other = writer.openStream();
    other.write(bytes('{"b":'));
    stream.write(Buffer.alloc(2 * 1024 * 1024, 'x'));
    stream.cut();
    stream.end();
    other.write(bytes('2}\n'));
    other.end();
    expect(pipe.text).toBe('A\n{"b":2}\n');
    expect(writer.congested).toBe(false);
    expect(writer.empty).toBe(true);
  });
});

test('whatever the order of writers, every line is one frame and each writer keeps its order', () => {
  const random = seeded(23);
  for (let run = 0; run < 100; run += 1) {
    const { pipe, writer } = open();
    const streams: { name: string; left: number; stream: FrameStream }[] = [];
    const begun: string[] = [];
    for (let step = 0; step < 40 || streams.length > 0; step += 1) {
      const action = step < 40 ? random.int(4) : 3;
      if (action === 0) {
        begun.push(`w${step}`);
        writer.write(bytes(`w${step}\n`));
      } else if (action === 1) {
        begun.push(`s${step}`);
        streams.push({ name: `s${step}`, left: random.int(4), stream: writer.openStream() });
      } else if (action === 2) writer.flush();
      else if (streams.length > 0) {
        const at = random.int(streams.length);
        const one = streams[at];
        if (one && one.left > 0) {
          one.stream.write(bytes('-'));
          one.left -= 1;
        } else if (one) {
          one.stream.write(bytes(`${one.name}\n`));
          one.stream.end();
          streams.splice(at, 1);
        }
      }
    }
    writer.flush();
    expect(pipe.text.trimEnd().replaceAll('-', '').split('\n')).toEqual(begun);
    expect(writer.empty).toBe(true);
  }
});
