// The wall clock that the fault tests set, and what it must leave alone. Not for: what the proxy makes of it.
import { expect, test } from 'vitest';
import { createClockJumps } from '../../support/clock-jumps.ts';
import { spawnInTest } from '../../support/spawned.ts';

const HOUR = 3_600_000;

/** Prints both clocks, as a line, whenever it is given a line. */
const PRINT = `process.stdin.on('data', () => console.log(JSON.stringify(
  [Date.now(), new Date().getTime(), performance.now(), new Date(5).getTime(), new Date() instanceof Date])));`;

test('a jump is seen by Date, at once, and by nothing else', async () => {
  const clock = createClockJumps();
  const child = spawnInTest([process.execPath, ...clock.nodeArgs, '-e', PRINT], {});
  const read = async (): Promise<[number, number, number, number, boolean]> => {
    const line = new Promise<Buffer>((resolve) => {
      child.stdout.once('data', resolve);
    });
    child.stdin.write('\n');
    return JSON.parse(String(await line)) as [number, number, number, number, boolean];
  };
  const [wall, date, steady] = await read();
  expect(Math.abs(wall - clock.now())).toBeLessThan(HOUR / 60);
  expect(date - wall).toBeLessThan(HOUR / 60);
  clock.jump(-2 * HOUR);
  clock.jump(HOUR);
  const [later, laterDate, laterSteady, five, isDate] = await read();
  expect(Math.round((later - wall) / HOUR)).toBe(-1);
  expect(Math.round((laterDate - wall) / HOUR)).toBe(-1);
  expect(laterSteady).toBeGreaterThan(steady);
  expect(laterSteady - steady).toBeLessThan(HOUR / 60);
  expect([five, isDate]).toEqual([5, true]);
});
