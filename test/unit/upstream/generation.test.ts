// A generation's own words when it ends, with real processes: no secret in them, however the server was cut off.
// Not for: frames (integration), the stop ladder (stop.test.ts), containers (container-lifetime.test.ts).
import { EventEmitter, once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { Secret } from '../../../src/base/secret.ts';
import { Generation } from '../../../src/upstream/generation.ts';
import type { EndReport, GenerationSink } from '../../../src/upstream/generation.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { surroundings } from '../../support/spawned.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { startsGrandchild, STAYS } from './processes.ts';

/** As long as the newest kind of installation tokens, so that two of them fill what a report has room for. */
const TOKEN = `ghs_${'0123456789abcdefghijABCDEFGHIJ'.repeat(17)}`;

interface Ended {
  readonly report: EndReport;
  readonly lines: string;
  readonly stderr: string;
  /** Down the stop ladder, for what it left behind. */
  readonly stop: () => Promise<void>;
}

/** Runs `command`, with the token in its environment, to its end. */
async function runToEnd(
  command: readonly string[],
  others: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const redactor = new Redactor();
  redactor.add(new Secret(TOKEN));
  const errorOutput = new PassThrough();
  const stderr = text(errorOutput);
  const lines: Buffer[] = [];
  const tokenlessEnv = { PATH: process.env['PATH'] ?? '', ...others };
  let generation: Generation | undefined;
  const report = await new Promise<EndReport>((ended) => {
    const sink: GenerationSink = {
      lines: (bytes) => void lines.push(bytes),
      large: () => 'collect',
      drained: () => {},
      exited: () => {},
      congested: false,
      ended,
    };
    generation = new Generation({
      command,
      env: { ...tokenlessEnv, TOKEN },
      tokenlessEnv,
      clock: systemClock,
      log: createTestLog(),
      redactor,
      errorOutput,
      sink,
    });
  });
  errorOutput.end();
  return {
    report,
    lines: Buffer.concat(lines).toString(),
    stderr: await stderr,
    stop: async () => generation?.stop(),
  };
}

const node = (code: string): string[] => [process.execPath, '-e', code];

/** Whether more than the kind of the token, and a little, is there. */
const tells = (said: string): boolean => said.includes(TOKEN.slice(0, 8));

describe('no part of a token is in what is told of the end', () => {
  test('where a line has several and is cut in the middle of one', async () => {
    const { report, stderr } = await runToEnd(
      node(
        `process.stderr.write('x'.repeat(60) + (' ' + process.env.TOKEN).repeat(3), () => process.exit(3))`,
      ),
    );
    expect(report.message).toContain('[redacted] [redacted] [redacted]');
    expect(tells(report.message)).toBe(false);
    expect(stderr).toBe(`${'x'.repeat(60)} [redacted] [redacted] [redacted]`);
  });

  test('where the server dies within one', async () => {
    const { report, stderr } = await runToEnd(
      node(`process.stderr.write('token ' + process.env.TOKEN.slice(0, 300), () => process.exit(3))`),
    );
    expect(report).toEqual({
      cannotStart: false,
      message: 'The server ended with exit code 3. The last lines of its stderr:\n  token [redacted]',
    });
    expect(stderr).toBe('token [redacted]');
  });

  test('where it dies within one on stdout, in a line that is no message', async () => {
    const { lines } = await runToEnd(
      node(`process.stdout.write('token ' + process.env.TOKEN.slice(0, 300), () => process.exit(3))`),
    );
    expect(lines).toBe('token [redacted]\n');
  });
});

test('the engine that removes a container, and may outlive the proxy, has no token', async () => {
  const dir = tempDir();
  const [engine, seen] = [path.join(dir, 'docker'), path.join(dir, 'seen')];
  // It fails when the container is there: `docker run --cidfile FILE ...`.
  const fails = `[ "$1" = run ] && printf %s "${'0'.repeat(64)}" > "$3" && env > "${seen}.run" && exit 125`;
  writeFileSync(engine, `#!/bin/sh\n${fails}\nenv > "${seen}.new" && mv "${seen}.new" "${seen}"\n`, {
    mode: 0o755,
  });
  const { stop } = await runToEnd([engine, 'run', '-i', 'image'], { DOCKER_HOST: 'tcp://127.0.0.1:9' });
  await stop();
  await expect.poll(() => existsSync(seen)).toBe(true);
  expect(readFileSync(`${seen}.run`, 'utf8')).toContain(TOKEN);
  expect(readFileSync(seen, 'utf8')).toContain('DOCKER_HOST=tcp://127.0.0.1:9');
  expect(readFileSync(seen, 'utf8')).not.toContain(TOKEN);
});

test('a last message without its newline is delivered as it is', async () => {
  const { lines } = await runToEnd(node(`process.stdout.write('{"jsonrpc":"2.0","id":1,"result":{}}')`));
  expect(lines).toBe('{"jsonrpc":"2.0","id":1,"result":{}}\n');
});

test('a command that does not exist cannot start', async () => {
  const { report } = await runToEnd(['no-such-command-here']);
  expect(report.cannotStart).toBe(true);
  expect(report.message).toContain('no such command in PATH. Install it');
});

test('a client that reads again waits no longer for what a grandchild keeps open than any other', async () => {
  const clock = createFakeClock();
  const { env } = surroundings({});
  let congested = true;
  const [exit, report] = [new EventEmitter(), vi.fn<(end: EndReport) => void>()];
  const exited = once(exit, 'exited');
  const generation = await new Promise<Generation>((ready) => {
    const started: Generation = new Generation({
      command: node(`${startsGrandchild(STAYS)} process.stdin.once('data', () => process.exit(3));`),
      env,
      tokenlessEnv: env,
      clock,
      log: createTestLog(),
      redactor: new Redactor(),
      errorOutput: new PassThrough(),
      sink: {
        lines: () => ready(started),
        large: () => 'collect',
        drained: () => {},
        exited: () => void exit.emit('exited'),
        get congested() {
          return congested;
        },
        ended: report,
      },
    });
  });
  generation.balance();
  generation.write(Buffer.from('end\n'));
  generation.writer?.flush();
  await exited;
  expect(clock.pending()).toEqual([]);
  congested = false;
  generation.balance();
  await clock.pass(200);
  expect(report.mock.lastCall?.[0].message).toContain('ended with exit code 3');
});
