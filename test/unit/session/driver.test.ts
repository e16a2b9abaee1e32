// What a session does with its one timer and its input: a clock that stands still, and a real server. Not for: what is
// due when (renewal.test.ts), or what a jump of the clock leads to (clock-jump.test.ts).
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { startDriven } from './driven.ts';
import { EIGHT_HOURS } from './running.ts';
import { MINUTE } from './sent.ts';

test('however far the next deadline is, it looks at the time of day once a minute', async () => {
  const { clock, renewals } = await startDriven({ lifetime: EIGHT_HOURS });
  for (let minute = 0; minute < 5; minute += 1) {
    clock.advance(MINUTE);
    expect(clock.pending()).toHaveLength(1);
    expect(Math.max(...clock.pending())).toBeLessThanOrEqual(MINUTE);
  }
  expect(renewals()).toBe(0);
});

test('so a machine that has slept past the renewal notices that within a minute', async () => {
  const { clock, renewals } = await startDriven({ lifetime: EIGHT_HOURS });
  clock.advance(MINUTE);
  clock.sleep(EIGHT_HOURS - 10 * MINUTE);
  expect(renewals()).toBe(0);
  clock.advance(MINUTE);
  // What is made ready for it takes a turn, though there is nothing to do.
  await expect.poll(renewals).toBe(1);
});

test('where nothing is ever due there is no timer', async () => {
  const { clock } = await startDriven();
  clock.advance(MINUTE);
  expect(clock.pending()).toEqual([]);
});

/** Says its process id on stderr, shakes hands, and reads no further. */
const READS_NO_FURTHER = `
  process.stdin.once('data', (line) => {
    process.stdin.pause();
    const { id, params } = JSON.parse(line);
    const result = { protocolVersion: params.protocolVersion, capabilities: {}, serverInfo: { name: 's', version: '0' } };
    console.error(process.pid);
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
  });
  setInterval(() => {}, 1 << 30);`;

test('what a server has not read when it dies keeps nobody from reading the client on', async () => {
  const { input, errorOutput } = await startDriven({
    command: [process.execPath, '-e', READS_NO_FURTHER],
  });
  const [pid] = (await once(errorOutput, 'data')) as [Buffer];
  const paused = once(input, 'pause');
  const params = { name: 'echo', arguments: { text: 'x'.repeat(4_000_000) } };
  input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params })}\n`);
  await paused;
  const resumed = once(input, 'resume');
  process.kill(Number(pid.toString()), 'SIGKILL');
  await resumed;
  expect(input.isPaused()).toBe(false);
});
