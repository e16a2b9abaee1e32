// Every frame of a region, for tests that only want to see them. Not a test.
import { oneFrame } from '../../../src/wire/frames.ts';

export function eachFrame(region: Buffer, each: (frame: Buffer) => void): void {
  for (let at = 0; at < region.length;) at = oneFrame(region, at, each);
}
