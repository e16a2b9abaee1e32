// Who has to stop feeding a writer when several frames stream into it (DESIGN 2.1). With the wrong one stopped nobody
// goes on: the frame in front would never end. Not for: the order of bytes (writer-streams.test.ts).
import { expect, test } from 'vitest';
import { bytes, open } from './pipe.ts';

const MUCH = Buffer.alloc(2 * 1024 * 1024, 'x');

test('much that waits behind a frame congests those behind it, not the frame itself', () => {
  const { writer } = open();
  const front = writer.openStream();
  const behind = writer.openStream();
  behind.write(MUCH);
  expect(writer.congested).toBe(true);
  expect(behind.congested).toBe(true);
  expect(front.congested).toBe(false);
  front.write(bytes('{}\n'));
  front.end();
  expect(behind.congested).toBe(false);
});

test('a pipe that takes no more congests the frame in front as well', () => {
  const { pipe, writer } = open();
  pipe.held = true;
  const front = writer.openStream();
  front.write(MUCH);
  expect(front.congested).toBe(true);
});

test('the frame in front is told of room also while others wait behind it', async () => {
  let drains = 0;
  const { pipe, writer } = open(() => (drains += 1));
  pipe.held = true;
  const front = writer.openStream();
  front.write(MUCH);
  writer.openStream().write(MUCH);
  const drained = new Promise((resolve) => pipe.once('drain', resolve));
  pipe.held = false;
  pipe.take();
  await drained;
  expect(drains).toBe(1);
  expect(front.congested).toBe(false);
  expect(writer.congested).toBe(true);
});
