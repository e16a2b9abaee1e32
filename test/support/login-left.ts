// What a login leaves behind that nobody has approved yet. Not for: what a session leaves (fault-session.ts).
import { expect } from 'vitest';
import { filesUnder } from './temp.ts';

/** The code, sealed, for whoever asks next, its key (or what names it), and the trail; no lock, no record, nothing else. */
export function assertOnlyCodeLeft(dir: string): void {
  const expected = /\/(?:audit\.jsonl|credentials\.key(?:chain)?|credentials\/[0-9a-f]{64}\.login\.json)$/;
  expect(filesUnder(dir).filter((file) => !expected.test(file))).toEqual([]);
}
