// What a session does with its one timer and its input: a clock that stands still, and a real server. Not for: what is
// due when (renewal.test.ts), or what a jump of the clock leads to (clock-jump.test.ts).
import { EventEmitter, once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Credential } from '../../../src/auth/token-source.ts';
import type { Audit } from '../../../src/base/audit.ts';
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

/** An audit trail, and what happens around it, in order. */
function order() {
  const happened: string[] = [];
  const audit: Audit = {
    note: ({ event }) => void happened.push(event),
    flush: () => Promise.resolve(void happened.push('written')),
  };
  return { happened, audit };
}

describe('the token at the end', () => {
  test('is handed back when its server has ended, and before the audit trail is written', async () => {
    const { happened, audit } = order();
    const release = ({ accessToken }: Credential): Promise<void> =>
      Promise.resolve(void happened.push(`released ${accessToken.reveal()}`));
    const { input, done } = await startDriven({ audit, source: { release } });
    input.end();
    expect(await done).toBe(0);
    expect(happened).toEqual([
      'generation-start',
      'generation-end',
      'released ghu_the_token_number_1',
      'written',
    ]);
  });

  test('is given up with the time that the goodbye may take', async () => {
    let signal: AbortSignal | undefined;
    const asked = new EventEmitter();
    const release = (_: Credential, given: AbortSignal): Promise<void> => {
      signal = given;
      asked.emit('asked');
      return new Promise(() => {});
    };
    const { clock, input, done } = await startDriven({ source: { release } });
    const releasing = once(asked, 'asked');
    input.end();
    await releasing;
    await clock.pass(1_700);
    expect(await done).toBe(0);
    expect(signal?.aborted).toBe(true);
  });
});
