import { spawn, type ChildProcess } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.ts';
import { createLog } from '../../../src/base/log.ts';
import { posixGroup, windowsTree } from '../../../src/upstream/process-tree.ts';
import { spawnUpstream } from '../../../src/upstream/spawn.ts';
import { DEFAULT_PATIENCE, stopProcess, type StopResult } from '../../../src/upstream/stop.ts';
import {
  ENDS_ON_EOF,
  IGNORES_TERM,
  likeNpx,
  READY,
  runningIn,
  startNode,
  startReady,
  startsGrandchild,
  STAYS,
} from './processes.ts';

/** Longer than any test may take: a rung with it ends by what happens, never by time. */
const FOREVER = 60_000;
const SHORT = 100;

const logged: string[] = [];
const log = createLog(
  'debug',
  (line) => logged.push(line),
  (line) => line,
);
const groups: number[] = [];

afterEach(() => {
  logged.length = 0;
  for (const group of groups.splice(0)) {
    for (const pid of runningIn(group)) process.kill(pid, 'SIGKILL');
  }
});

async function stop(
  child: ChildProcess,
  patience: { eofMs?: number; termMs?: number; killMs?: number } = {},
): Promise<StopResult> {
  const full = { eofMs: FOREVER, termMs: FOREVER, killMs: FOREVER, ...patience };
  groups.push(child.pid ?? 0);
  return stopProcess({ child, clock: systemClock, log, patience: full });
}

describe.skipIf(process.platform === 'win32')('stopProcess', () => {
  it('waits for a child that ends when its input does', async () => {
    const child = await startNode(ENDS_ON_EOF + READY);
    expect(await stop(child)).toEqual({ how: 'eof', code: 0, signal: null });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('sends SIGTERM to one that ignores the end of its input', async () => {
    const child = await startNode(STAYS + READY);
    expect(await stop(child, { eofMs: SHORT })).toEqual({ how: 'term', code: null, signal: 'SIGTERM' });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('sends SIGKILL to one that ignores SIGTERM too', async () => {
    const child = await startNode(STAYS + IGNORES_TERM + READY);
    expect(await stop(child, { eofMs: SHORT, termMs: SHORT })).toEqual({
      how: 'kill',
      code: null,
      signal: 'SIGKILL',
    });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('keeps the exit code of one that handles SIGTERM', async () => {
    const child = await startNode(`${STAYS} process.on('SIGTERM', () => process.exit(7)); ${READY}`);
    expect(await stop(child, { eofMs: SHORT })).toEqual({ how: 'term', code: 7, signal: null });
  });

  it('reaches the server under a shell', async () => {
    const server = `"${process.execPath}" -e "${STAYS} console.log(1)"`;
    const child = await startReady(['sh', '-c', `${server}; echo never`]);
    expect(runningIn(child.pid ?? 0)).toHaveLength(2);
    expect(await stop(child, { eofMs: SHORT })).toMatchObject({ how: 'term' });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('reaches the server under a shell that takes SIGTERM for itself and passes nothing on', async () => {
    const server = `"${process.execPath}" -e "${STAYS} console.log(1)"`;
    const child = await startReady(['sh', '-c', `trap : TERM; ${server}; exit 7`]);
    expect(runningIn(child.pid ?? 0)).toHaveLength(2);
    expect(await stop(child, { eofMs: SHORT })).toEqual({ how: 'term', code: 7, signal: null });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('kills the server under a shell that dies of SIGTERM while the server ignores it', async () => {
    const server = `"${process.execPath}" -e "${STAYS} ${IGNORES_TERM} console.log(1)"`;
    const child = await startReady(['sh', '-c', `${server}; echo never`]);
    expect(await stop(child, { eofMs: SHORT, termMs: SHORT })).toMatchObject({
      how: 'term',
      signal: 'SIGTERM',
    });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it.each([
    ['ends with its input', ENDS_ON_EOF, { eofMs: FOREVER }, { how: 'eof', code: 0 }],
    ['ignores the end of its input', STAYS, { eofMs: SHORT }, { how: 'term' }],
    // npx and its shell are gone by then: the server alone is killed.
    ['ignores SIGTERM too', STAYS + IGNORES_TERM, { eofMs: SHORT, termMs: SHORT }, { how: 'term' }],
  ])('reaches a server under npx that %s', async (_, code, patience, end) => {
    const child = await startNode(likeNpx(code));
    expect(runningIn(child.pid ?? 0)).toHaveLength(3);
    expect(await stop(child, patience)).toMatchObject(end);
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('reaches all of a tree that was stopped as a whole', async () => {
    const child = await startNode(likeNpx(STAYS));
    process.kill(-(child.pid ?? 0), 'SIGSTOP');
    expect(await stop(child, { eofMs: SHORT })).toMatchObject({ how: 'term' });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('gives a grandchild the time to tidy up after the child has ended by SIGTERM', async () => {
    const tidies = `${STAYS} process.on('SIGTERM', () => setImmediate(() => console.log('tidy') ?? process.exit(0)));`;
    const child = await startNode(STAYS + startsGrandchild(tidies));
    const output = text(child.stdout);
    expect(await stop(child, { eofMs: SHORT })).toMatchObject({ how: 'term' });
    expect(await output).toContain('tidy');
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('takes away a grandchild that holds stdout after the child has ended by itself', async () => {
    const child = await startNode(ENDS_ON_EOF + startsGrandchild(STAYS));
    const closed = once(child, 'close');
    expect(await stop(child)).toEqual({ how: 'eof', code: 0, signal: null });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
    await closed;
  });

  it('takes away a grandchild that also ignores SIGTERM', async () => {
    const child = await startNode(ENDS_ON_EOF + startsGrandchild(STAYS + IGNORES_TERM));
    expect(await stop(child, { termMs: SHORT })).toEqual({ how: 'eof', code: 0, signal: null });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('wakes a stopped child so that it can take SIGTERM', async () => {
    const child = await startNode(`${STAYS} process.on('SIGTERM', () => process.exit(7)); ${READY}`);
    process.kill(child.pid ?? 0, 'SIGSTOP');
    expect(await stop(child, { eofMs: SHORT })).toEqual({ how: 'term', code: 7, signal: null });
  });

  it('kills a stopped child that ignores SIGTERM', async () => {
    const child = await startNode(STAYS + IGNORES_TERM + READY);
    process.kill(child.pid ?? 0, 'SIGSTOP');
    expect(await stop(child, { eofMs: SHORT, termMs: SHORT })).toMatchObject({ how: 'kill' });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('sweeps what a crashed child left, and says that it had ended before', async () => {
    const child = await startNode(
      `process.stdin.once('data', () => process.exit(3)); ${startsGrandchild(STAYS)}`,
    );
    const exited = once(child, 'exit');
    child.stdin.write('crash');
    await exited;
    expect(runningIn(child.pid ?? 0)).toHaveLength(1);
    expect(await stop(child)).toEqual({ how: 'gone', code: 3, signal: null });
    expect(runningIn(child.pid ?? 0)).toEqual([]);
  });

  it('says of a child that died by a signal that it had ended', async () => {
    const child = await startNode(STAYS + READY);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await stop(child)).toEqual({ how: 'gone', code: null, signal: 'SIGKILL' });
  });

  it('has nothing to do for a child that never started', async () => {
    const child = spawn('/no/such/command', { detached: true });
    const failed = once(child, 'error');
    expect(await stop(child)).toEqual({ how: 'gone', code: null, signal: null });
    await failed;
  });

  it('stops once, however often it is asked', async () => {
    const child = await startNode(ENDS_ON_EOF + READY);
    const first = stopProcess({ child, clock: systemClock, log });
    const second = stopProcess({ child, clock: systemClock, log });
    expect(second).toBe(first);
    await first;
    expect(stopProcess({ child, clock: systemClock, log })).toBe(first);
  });

  it('survives a pipe that is already broken', async () => {
    const child = await startNode(`require('node:fs').closeSync(0); ${STAYS} ${READY}`);
    child.stdin.write('x'.repeat(1 << 20));
    expect(await stop(child, { eofMs: SHORT })).toMatchObject({ how: 'term' });
  });

  it('gives up in bounded time on what not even SIGKILL ends, and says so', async () => {
    const child = await startNode(ENDS_ON_EOF + READY);
    const done: string[] = [];
    const tree = {
      alive: () => true,
      terminate: () => done.push('term') > 0,
      kill: () => void done.push('kill'),
    };
    const patience = { eofMs: FOREVER, termMs: 20, killMs: 20 };
    const result = await stopProcess({ child, clock: systemClock, log, patience, tree });
    expect(result.how).toBe('eof');
    expect(done).toEqual(['term', 'kill']);
    expect(logged.join('')).toMatch(/warn: .*SIGKILL has not ended it within 20 ms/);
  });

  it('waits less than 1.8 s by default, all rungs together', () => {
    const { eofMs, termMs, killMs } = DEFAULT_PATIENCE;
    expect(eofMs + termMs + killMs).toBeLessThan(1800);
  });
});

describe.skipIf(process.platform === 'win32')('what a child left', () => {
  it.skipIf(process.platform !== 'linux')('does not wait for zombies that nobody reaps', async () => {
    // The parent is stopped before its child ends: from then on it cannot reap it.
    const parent = await spawnUpstream({
      command: [
        process.execPath,
        '-e',
        `${STAYS} console.log(require('node:child_process').spawn(process.execPath,
          ['-e', ${JSON.stringify(STAYS)}], { detached: true, stdio: 'ignore' }).pid);`,
      ],
      env: {},
    });
    const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
    const group = Number(line);
    groups.push(group, parent.pid ?? 0);
    process.kill(parent.pid ?? 0, 'SIGSTOP');
    const ended = await startNode(READY);
    await once(ended, 'close');
    const patience = { eofMs: FOREVER, termMs: FOREVER, killMs: FOREVER };
    await stopProcess({ child: ended, clock: systemClock, log, patience, tree: posixGroup(group) });
    expect(runningIn(group)).toEqual([]);
    expect(process.kill(-group, 0)).toBe(true); // it is still there, as a zombie
  });

  it('keeps the proxy alive until it is done, though nothing else does', async () => {
    const leader = `${startsGrandchild(STAYS + IGNORES_TERM)} process.stdin.once('data', () => process.exit(3));`;
    const program = `
      import { spawn } from 'node:child_process';
      import { systemClock } from './src/base/clock.ts';
      import { createLog } from './src/base/log.ts';
      import { stopProcess } from './src/upstream/stop.ts';
      const child = spawn(process.execPath, ['-e', ${JSON.stringify(leader)}], { detached: true });
      child.stdout.once('data', () => child.stdin.write('x'));
      child.on('exit', async () => {
        child.stdout.destroy();
        child.stderr.destroy();
        const patience = { eofMs: 0, termMs: ${SHORT}, killMs: 5000 };
        const log = createLog('silent', () => {}, (text) => text);
        await stopProcess({ child, clock: systemClock, log, patience });
        console.log(child.pid);
      });`;
    const bundle = await build({
      stdin: { contents: program, resolveDir: process.cwd(), loader: 'ts' },
      bundle: true,
      write: false,
      platform: 'node',
      format: 'esm',
    });
    const code = bundle.outputFiles[0]?.text ?? '';
    const proxy = spawn(process.execPath, ['--input-type=module', '-e', code]);
    const group = Number(await text(proxy.stdout));
    groups.push(group);
    expect(group).toBeGreaterThan(0);
    expect(runningIn(group)).toEqual([]);
  });
});

/** A child and a taskkill that exist only here: neither Windows nor its programs are at hand. */
function windowsFakes() {
  const killed = vi.fn<(signal: string) => boolean>();
  const child = Object.assign(new EventEmitter(), {
    pid: 42,
    exitCode: null,
    signalCode: null,
    kill: killed,
  });
  const taskkill = Object.assign(new EventEmitter(), { unref: vi.fn<() => void>() });
  const run = vi.fn<(file: string, args: string[], options: object) => EventEmitter>(() => taskkill);
  const tree = windowsTree(child as unknown as ChildProcess, run as unknown as typeof spawn);
  return { child: child as unknown as ChildProcess, killed, taskkill, run, tree };
}

describe('on Windows', () => {
  it('ends the tree by taskkill, without a SIGTERM that the platform does not have', async () => {
    const { child, run, taskkill, tree } = windowsFakes();
    run.mockImplementation(() => {
      Object.assign(child, { exitCode: 1 }).emit('exit', 1, null);
      return taskkill;
    });
    const patience = { eofMs: 1, termMs: FOREVER, killMs: FOREVER };
    const result = await stopProcess({ child, clock: systemClock, log, patience, tree });
    expect(result).toEqual({ how: 'kill', code: 1, signal: null });
    expect(run).toHaveBeenCalledOnce();
    expect(run.mock.calls[0]?.[0]).toMatch(/System32\\taskkill\.exe$/);
    expect(run.mock.calls[0]?.[1]).toEqual(['/pid', '42', '/T', '/F']);
  });

  it('lets taskkill finish when the proxy ends before it', () => {
    const { run, taskkill, tree } = windowsFakes();
    tree.kill();
    expect(run.mock.calls[0]?.[2]).toEqual({ stdio: 'ignore', windowsHide: true, detached: true });
    expect(taskkill.unref).toHaveBeenCalledOnce();
  });

  it('gives a server the time to end by itself before that', async () => {
    const { child, run, tree } = windowsFakes();
    const stdin = Object.assign(new EventEmitter(), {
      end: () => Object.assign(child, { exitCode: 0 }).emit('exit', 0, null),
    });
    Object.assign(child, { stdin });
    const patience = { eofMs: FOREVER, termMs: FOREVER, killMs: FOREVER };
    const result = await stopProcess({ child, clock: systemClock, log, patience, tree });
    expect(result).toEqual({ how: 'eof', code: 0, signal: null });
    expect(run).not.toHaveBeenCalled();
  });

  it('falls back to the child alone where taskkill fails', () => {
    const { killed, taskkill, tree } = windowsFakes();
    tree.kill();
    expect(killed).not.toHaveBeenCalled();
    taskkill.emit('exit', 128);
    expect(killed).toHaveBeenCalledWith('SIGKILL');
  });

  it('falls back to the child alone where there is no taskkill', () => {
    const { killed, taskkill, tree } = windowsFakes();
    tree.kill();
    taskkill.emit('error', new Error('ENOENT'));
    expect(killed).toHaveBeenCalledWith('SIGKILL');
  });
});
