// A server that is stopped (SIGSTOP): it reads nothing, says nothing, and does not end when it is asked to (DESIGN 2.4, 2.5).
// Not for: servers that run and do not answer (drain-timeout.test.ts, goodbye.test.ts).
import { expect, test } from 'vitest';
import { closeWithoutTrace, listTools, makeDue, openFaultSession } from '../../support/fault-session.ts';
import type { FaultOptions, FaultSession } from '../../support/fault-session.ts';
import { toolText } from '../../support/messages.ts';
import { called, fileIn, generation, refreshes } from '../../support/session.ts';
import { kill, proceed, stop, stopped } from '../../support/signals.ts';

const ME = '{"login":"octocat"}';
/** More than the pipe to a server takes, so that the proxy has to keep some. */
const CALLS = 300;
const TEXT = 'x'.repeat(1000);

/** A session whose server has been stopped. */
async function openStopped(options: FaultOptions = {}): Promise<{ session: FaultSession; pid: number }> {
  const session = await openFaultSession({ args: ['--drain-timeout', '0.3'], ...options });
  await listTools(session);
  const pid = await generation(session, 1);
  await stop(pid);
  return { session, pid };
}

/** @throws {Error} ESRCH: there is no such process */
function findProcess(pid: number): void {
  process.kill(pid, 0);
}

test('during calls: all of them are answered as soon as it goes on', async () => {
  const { session, pid } = await openStopped();
  const { client, journal } = session;
  const calls = Array.from({ length: CALLS }, (_, n) => client.callTool('echo', { text: `${n} ${TEXT}` }));
  const write = client.callTool('write_thing', { key: 'one' });
  proceed(pid);
  const texts = (await Promise.all(calls)).map(toolText);
  expect(texts).toEqual(texts.map((_, n) => `${n} ${TEXT}`));
  expect(toolText(await write)).toBe('wrote one');
  expect(journal.generations()).toEqual([pid]);
  await closeWithoutTrace(session);
});

test('during calls, then killed: what only reads is made again, the rest hears the truth', async () => {
  const { session, pid } = await openStopped();
  const { client, journal } = session;
  const calls = Array.from({ length: CALLS }, (_, n) => client.callTool('echo', { text: `${n} ${TEXT}` }));
  const write = client.callTool('write_thing', { key: 'one' });
  kill(pid);
  const texts = (await Promise.all(calls)).map(toolText);
  expect(texts).toEqual(texts.map((_, n) => `${n} ${TEXT}`));
  // It may have been on its way still when the end was seen, and then it went to the next server.
  const written = toolText(await write);
  expect(written).toMatch(/^wrote one$|may or may not have run/);
  expect(journal.writes()).toEqual(written === 'wrote one' ? ['one'] : []);
  await closeWithoutTrace(session);
});

test.each(['exclusive', 'overlapping'] as const)(
  'when it has to be replaced (%s): the deadline answers its calls, the rotation goes on, and it is killed',
  async (rotation) => {
    const { session, pid } = await openStopped({ rotation, args: ['--drain-timeout', '0.3'] });
    const { client, github, journal } = session;
    const write = client.callTool('write_thing', { key: 'never' });
    await makeDue(session);
    // Held for the new one; or sent to the old one, and made again.
    const me = client.callTool('get_me');
    expect(toolText(await me)).toBe(ME);
    const answer = await write;
    expect(answer.result?.['isError']).toBe(true);
    expect(toolText(answer)).toContain('may or may not have run');
    await client.waitForStderr(new RegExp(`upstream ${pid}: still running, SIGTERM[^]*generation stopped`));
    expect(() => findProcess(pid)).toThrow('ESRCH');
    // It is continued so that it can end, and may get to what it had not read: that is why nobody can know.
    expect(journal.writes().length).toBeLessThan(2);
    expect(journal.generations()).toHaveLength(2);
    expect(refreshes(session)).toHaveLength(1);
    expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
    await closeWithoutTrace(session);
  },
);

test.each(['start', 'initialize', 'half'])(
  'in its handshake (%s): what waits goes to it when it goes on, ping is answered meanwhile',
  async (step) => {
    const session = await openFaultSession({ starts: [[], ['--signal-at', `${step}:SIGSTOP`], []] });
    const { client, journal } = session;
    await listTools(session);
    await makeDue(session);
    const second = await generation(session, 2);
    await stopped(second);
    const waiting = [client.callTool('get_me'), client.callTool('write_thing', { key: 'one' })];
    expect((await client.request('ping')).result).toEqual({});
    proceed(second);
    expect((await Promise.all(waiting)).map(toolText)).toEqual([ME, 'wrote one']);
    expect(journal.writes()).toEqual(['one']);
    expect(journal.generations()).toHaveLength(2);
    await closeWithoutTrace(session);
  },
);

test.each(['start', 'initialize', 'half'])(
  'in the handshake of the first one (%s): the client hears from it when it goes on',
  async (step) => {
    const session = await openFaultSession({
      starts: [['--signal-at', `${step}:SIGSTOP`]],
      capabilities: false,
    });
    const { client } = session;
    const hello = client.initialize();
    const pid = await generation(session, 1);
    await stopped(pid);
    expect((await client.request('ping')).result).toEqual({});
    proceed(pid);
    expect(await hello).toHaveProperty('result.serverInfo.name', 'scripted');
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    await closeWithoutTrace(session);
  },
);

test('at the goodbye, idle: it is killed in time', async () => {
  const { session, pid } = await openStopped();
  await closeWithoutTrace(session);
  expect(() => findProcess(pid)).toThrow('ESRCH');
});

test('at the goodbye, with a call that it owes: it is killed in time', async () => {
  const { session, pid } = await openStopped();
  session.client.send({ jsonrpc: '2.0', id: 'owed', method: 'tools/call', params: { name: 'echo' } });
  await closeWithoutTrace(session, { unanswered: ['"owed"'] });
  expect(() => findProcess(pid)).toThrow('ESRCH');
});

test.each(['exclusive', 'overlapping'] as const)(
  'at the goodbye, both of a rotation (%s): they are killed in time',
  async (rotation) => {
    const starts = [[], ['--signal-at', 'initialize:SIGSTOP']];
    const session = await openFaultSession({ rotation, starts, args: ['--drain-timeout', '1'] });
    const { client } = session;
    await listTools(session);
    const params = { name: 'slow', arguments: { until: fileIn(session) } };
    client.send({ jsonrpc: '2.0', id: 'owed', method: 'tools/call', params });
    await called(session, 'slow');
    const first = await generation(session, 1);
    // Before the renewal: a server that has not answered by the deadline may be gone when the next one is there.
    await stop(first);
    await makeDue(session);
    const second = await generation(session, 2);
    await stopped(second);
    // Answered or not: where it was given up in time, it was to be made again on the new one, which says nothing.
    await closeWithoutTrace(session, { unanswered: ['"owed"'] });
    for (const pid of [first, second]) expect(() => findProcess(pid)).toThrow('ESRCH');
  },
);
