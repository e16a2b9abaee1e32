// What a session does with its one timer and its input: a clock that stands still, and a real server. Not for: what is
// due when (renewal.test.ts), or what a jump of the clock leads to (clock-jump.test.ts).
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import type { Credential, TokenSource } from '../../../src/auth/token-source.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Session } from '../../../src/session/driver.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { serverCommand, surroundings } from '../../support/spawned.ts';
import { createTestLog } from '../../support/test-log.ts';
import { EIGHT_HOURS } from './running.ts';
import { MINUTE } from './sent.ts';

interface Running {
  readonly clock: FakeClock;
  readonly input: PassThrough;
  readonly errorOutput: PassThrough;
  /** How often the token was renewed. */
  readonly renewals: () => number;
}

/** A session that has shaken hands; its token lives so long in ms, or for ever. */
async function start(
  lifetime?: number,
  command: readonly string[] = serverCommand('scripted.mjs'),
): Promise<Running> {
  const clock = createFakeClock();
  let issued = 0;
  const issue = (): Promise<Credential> => {
    issued += 1;
    return Promise.resolve({
      accessToken: new Secret(`ghu_the_token_number_${issued}`),
      refreshToken: new Secret(`ghr_the_token_number_${issued}`),
      issuedAt: clock.now(),
      ...(lifetime !== undefined && { expiresAt: clock.now() + lifetime }),
      scopes: [],
      rotation: 'exclusive',
    });
  };
  const authFailure = { hints: [], patterns: [] };
  const source: TokenSource = {
    mode: 'device',
    hostLabel: 'github.com',
    authFailure,
    loginObstacle: undefined,
    load: issue,
    refresh: issue,
    login: () => Promise.reject(new Error('not here')),
  };
  const { env } = surroundings({});
  const [input, output, errorOutput] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const session = new Session({
    config: {
      hostLabel: 'github.com',
      beforeLogin: 'placeholder',
      authFailure,
      rotation: undefined,
      version: '0',
      loginWait: 45_000,
      drainTimeout: 30_000,
      patience: 2_000,
      jitter: 0,
    },
    command,
    environment: () => env,
    source,
    openPage: () => {},
    clock,
    log: createTestLog(),
    redactor: new Redactor(),
    input,
    output,
    errorOutput,
  });
  const done = session.run();
  onTestFinished(async () => {
    input.end();
    await done;
  });
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '0' } };
  input.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params })}\n`);
  await once(createInterface({ input: output }), 'line');
  return { clock, input, errorOutput, renewals: () => issued - 1 };
}

test('however far the next deadline is, it looks at the time of day once a minute', async () => {
  const { clock, renewals } = await start(EIGHT_HOURS);
  for (let minute = 0; minute < 5; minute += 1) {
    clock.advance(MINUTE);
    expect(clock.pending()).toHaveLength(1);
    expect(Math.max(...clock.pending())).toBeLessThanOrEqual(MINUTE);
  }
  expect(renewals()).toBe(0);
});

test('so a machine that has slept past the renewal notices that within a minute', async () => {
  const { clock, renewals } = await start(EIGHT_HOURS);
  clock.advance(MINUTE);
  clock.sleep(EIGHT_HOURS - 10 * MINUTE);
  expect(renewals()).toBe(0);
  clock.advance(MINUTE);
  expect(renewals()).toBe(1);
});

test('where nothing is ever due there is no timer', async () => {
  const { clock } = await start();
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
  const { input, errorOutput } = await start(undefined, [process.execPath, '-e', READS_NO_FURTHER]);
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
