// On Windows a batch file that does not exist starts cmd.exe all the same; cross-spawn then tells of it by an error in
// the place of the exit. Not for: errors of the start itself (spawn.test.ts).
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { Generation } from '../../../src/upstream/generation.ts';
import type { EndReport } from '../../../src/upstream/generation.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { createTestLog } from '../../support/test-log.ts';

const child = vi.hoisted(() => ({ start: (): unknown => undefined }));

vi.mock(import('../../../src/upstream/spawn.ts'), async (original) => ({
  ...(await original()),
  spawnUpstream: async () => child.start() as never,
}));

/** How a generation ends whose child emits `error` after it has started. */
function endBy(error: Error): Promise<EndReport> {
  const fake = Object.assign(new EventEmitter(), {
    pid: undefined,
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
  });
  child.start = () => {
    setImmediate(() => fake.emit('error', error));
    return fake;
  };
  return new Promise((ended) => {
    void new Generation({
      command: ['no-such-server.cmd'],
      env: {},
      tokenlessEnv: {},
      clock: systemClock,
      log: createTestLog(),
      redactor: new Redactor(),
      errorOutput: new PassThrough(),
      sink: {
        lines: () => {},
        large: () => 'collect',
        drained: () => {},
        exited: () => {},
        congested: false,
        ended,
      },
    });
  });
}

test('a command that turns out not to exist cannot start, and a person is told what to do', async () => {
  const error = Object.assign(new Error('spawn no-such-server.cmd ENOENT'), { code: 'ENOENT' });
  const report = await endBy(error);
  expect(report.cannotStart).toBe(true);
  expect(report.message).toMatch(/^cannot start "no-such-server\.cmd": no such command in PATH\. Install it/);
});

test('any other error ends it as it is: another start may help', async () => {
  expect(await endBy(new Error('kill EPERM'))).toEqual({ cannotStart: false, message: 'kill EPERM' });
});
