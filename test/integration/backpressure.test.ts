// Neither a slow client nor a slow server makes the proxy hold much, and a standstill does not keep it from ending
// (DESIGN 2.1, 2.5). Not for: throughput (bench/).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { startMarked } from '../support/marked.ts';
import { toolText } from '../support/messages.ts';
import { descendantsOf, waitUntilGone } from '../support/processes.ts';
import { closeCleanly, dueIn, generation, openSession } from '../support/session.ts';
import { proceed, stop } from '../support/signals.ts';
import { startVerbatim } from '../support/verbatim.ts';

const MB = 1_000_000;
/** The budget of DESIGN 4 is 32 MB; garbage that was not yet collected is on top. */
const GROWTH = 64 * MB;
const LIMIT_MS = 4000;

/** A number from /proc/PID/status or /proc/PID/io, in its unit. */
function measured(pid: number, file: 'status' | 'io', name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  if (!match) throw new Error(`no ${name} in /proc/PID/${file}`);
  return Number(match[1]);
}

/** The most that the process ever had in memory, in bytes. */
const peak = (pid: number): number => measured(pid, 'status', 'VmHWM') * 1024;

/** Resolves when the process has read and written nothing between two looks. */
async function standstill(pid: number): Promise<void> {
  let before = -1;
  await expect
    .poll(
      () => {
        const now = measured(pid, 'io', 'rchar') + measured(pid, 'io', 'wchar');
        const same = now === before;
        before = now;
        return same;
      },
      { interval: 150, timeout: 10_000 },
    )
    .toBe(true);
}

function serverOf(pid: number): number {
  const [server] = descendantsOf(pid);
  if (server === undefined) throw new Error('the proxy has no server');
  return server;
}

test('200 MB for a client that does not read, and then reads', async () => {
  const { client } = await startMarked('scripted.mjs');
  const before = peak(client.pid);
  const { stdout } = client.child;
  // The raw client would keep all of it.
  stdout.removeAllListeners('data');
  stdout.pause();
  const call = { name: 'big', arguments: { bytes: 200 * MB } };
  client.send({ jsonrpc: '2.0', id: 'big', method: 'tools/call', params: call });
  await standstill(client.pid);
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
  let bytes = 0;
  await new Promise<void>((resolve) => {
    stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (chunk.at(-1) === 10) resolve();
    });
    stdout.resume();
  });
  expect(bytes).toBeGreaterThan(200 * MB);
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
});

test('thousands of small answers for a client that does not read', async () => {
  const { client } = await startMarked('scripted.mjs');
  const before = peak(client.pid);
  client.child.stdout.pause();
  for (let call = 0; call < 8000; call += 1) {
    const params = { name: 'big', arguments: { bytes: 10_000 } };
    client.child.stdin.write(`${JSON.stringify({ id: `call ${call}`, method: 'tools/call', params })}\n`);
  }
  await standstill(client.pid);
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
  client.child.stdout.resume();
  const last = await client.nextMessage(({ id }) => id === 'call 7999');
  expect(toolText(last)).toHaveLength(10_000);
  expect(client.messages.filter(({ id }) => String(id).startsWith('call'))).toHaveLength(8000);
});

test('100 MB for a server that does not read, and then reads', async () => {
  const { client } = await startVerbatim();
  const before = peak(client.pid);
  const server = serverOf(client.pid);
  process.kill(server, 'SIGSTOP');
  const { stdin } = client.child;
  const text = Buffer.alloc(MB, 'x');
  stdin.write('{"jsonrpc":"2.0","id":"up","method":"tools/call","params":{"name":"digest","text":"');
  for (let part = 0; part < 100; part += 1) stdin.write(text);
  stdin.write('"}}\n');
  await standstill(client.pid);
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
  process.kill(server, 'SIGCONT');
  expect(toolText(await client.nextMessage(({ id }) => id === 'up'))).toMatch(/^[0-9a-f]{64} 1000000\d\d$/);
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
});

test('100 MB for a server that was replaced meanwhile, does not read, and then reads', async () => {
  const clients = [{ clientId: CLIENT_IDS.githubApp, kind: 'github-app', refreshKeepsOld: true }] as const;
  const session = await openSession({
    ...dueIn(2_000),
    github: { clients: [...clients] },
    args: ['--rotation', 'overlapping'],
  });
  const { client, journal } = session;
  const { stdin } = client.child;
  const text = Buffer.alloc(MB, 'x');
  const call =
    '{"jsonrpc":"2.0","id":"up","method":"tools/call","params":{"name":"write_thing","arguments":{';
  stdin.write(`${call}"key":"one","text":"${'x'.repeat(MB)}`);
  const first = await generation(session, 1);
  await stop(first);
  const second = await generation(session, 2);
  await journal.waitFor(({ pid, method }) => pid === second && method === 'notifications/initialized');
  const before = peak(client.pid);
  for (let part = 0; part < 100; part += 1) stdin.write(text);
  stdin.write('"}}}\n');
  await standstill(client.pid);
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
  proceed(first);
  expect(toolText(await client.nextMessage(({ id }) => id === 'up', 20_000))).toBe('wrote one');
  await closeCleanly(session);
});

test.each([
  ['SIGTERM comes', 0, 143],
  ['the client leaves', 0, 0],
  ['the client leaves in mid-frame', 5 * MB, 0],
] as const)('a server that hangs with its pipe full, and %s: nothing is left', async (how, bytes, code) => {
  const { client, mark } = await startMarked('scripted.mjs');
  process.kill(serverOf(client.pid), 'SIGSTOP');
  const line = `{"jsonrpc":"2.0","method":"notifications/x","params":{"text":"${'x'.repeat(10_000)}"}}\n`;
  if (bytes > 0) client.child.stdin.write(`{"method":"x","id":"cut","text":"${'x'.repeat(bytes)}`);
  else for (let count = 0; count < 500; count += 1) client.child.stdin.write(line);
  await standstill(client.pid);
  if (how === 'SIGTERM comes') client.kill('SIGTERM');
  else client.child.stdin.destroy();
  await waitUntilGone(mark, LIMIT_MS);
  expect(await client.exited).toEqual({ code, signal: null });
});

test('nobody reads stderr: what the server writes there and noise on stdout do not pile up', async () => {
  const { client, write } = await startVerbatim();
  client.child.stderr.pause();
  const before = peak(client.pid);
  const noise = 'noise of the server\n'.repeat(50_000);
  for (let round = 0; round < 10; round += 1) {
    write(noise, { stderr: true });
    write(`${noise}{"id":"round ${round}","result":{}}\n`, { idText: `"round ${round}"` });
    await client.nextMessage(({ id }) => id === `round ${round}`);
  }
  expect(peak(client.pid) - before).toBeLessThan(GROWTH);
});

test('stderr is closed: a server that writes much there goes on, and so does the session', async () => {
  const { client, write } = await startVerbatim();
  client.child.stderr.destroy();
  // It ends when all of it is written.
  write('noise of the server\n'.repeat(100_000), { stderr: true, exit: 5 });
  expect(toolText(await client.nextMessage(({ id }) => id === 'write'))).toContain('exit code 5');
  expect((await client.request('after')).result).toEqual({});
});
