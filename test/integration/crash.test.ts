// A server that dies under a session (DESIGN 2.5): what was in flight is answered, what is safe is made again, the next
// call works. Not for: servers that keep dying (crash-loop.test.ts).
import { expect, test } from 'vitest';
import { toolText } from '../support/messages.ts';
import { called, closeCleanly, fileIn, generation, openSession } from '../support/session.ts';
import { serverCommand } from '../support/spawned.ts';

test('in the middle of a write: the truth for the caller, one write, and the next call works', async () => {
  const session = await openSession();
  const { client, journal } = session;
  const answer = await client.callTool('write_thing', { key: 'one', thenCrash: true });
  expect(answer.result?.['isError']).toBe(true);
  expect(toolText(answer)).toMatch(/may or may not have run: check before calling again.*code 3/s);
  expect(toolText(await client.callTool('write_thing', { key: 'two' }))).toBe('wrote two');
  expect(journal.writes()).toEqual(['one', 'two']);
  expect(journal.generations()).toHaveLength(2);
  await closeCleanly(session);
});

test('in the middle of a call to a read-only tool: it is made again and gets its real answer', async () => {
  const session = await openSession();
  const { client } = session;
  await client.request('tools/list');
  const write = client.callTool('cancel_me');
  await called(session, 'cancel_me');
  const read = await client.callTool('crash_read', { unlessFile: fileIn(session) });
  expect(toolText(read)).toBe('did not crash');
  expect(toolText(await write)).toContain('may or may not have run');
  await closeCleanly(session);
});

test('in the middle of the answer to a list: the client gets one whole list', async () => {
  const session = await openSession({
    command: (journal) =>
      serverCommand(
        'successive.mjs',
        `${journal}.starts`,
        JSON.stringify(['--journal', journal, '--die-in-frame', 'prompts/list']),
        JSON.stringify(['--journal', journal]),
      ),
  });
  const { client } = session;
  expect((await client.request('prompts/list')).result).toHaveProperty('prompts');
  expect(client.notJson).toEqual([]);
  await closeCleanly(session);
});

test('while nothing is in flight: a new server is there before the next call, and knows the session', async () => {
  const session = await openSession();
  const { client, journal } = session;
  await client.request('logging/setLevel', { level: 'error' });
  process.kill(await generation(session, 1), 'SIGKILL');
  const second = await generation(session, 2);
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(journal.methods(second)).toEqual([
    'initialize',
    'notifications/initialized',
    'logging/setLevel',
    'tools/call',
  ]);
  await closeCleanly(session);
});

test('an id can be used again once it was answered, also by another server', async () => {
  const session = await openSession();
  const { client } = session;
  const crashed = await client.request('tools/call', { name: 'crash' }, 7);
  expect(toolText(crashed)).toContain('may or may not have run');
  const again = await client.request('tools/call', { name: 'echo', arguments: { text: 'seven' } }, 7);
  expect(toolText(again)).toBe('seven');
  await closeCleanly(session);
});

test('what it asked of the client is withdrawn; a late reply goes nowhere, and ids start anew without a mix-up', async () => {
  const session = await openSession({ capabilities: { roots: {} } });
  const { client, journal } = session;
  const asking = client.callTool('ask_client', { method: 'roots/list' });
  const first = await client.nextMessage(({ method }) => method === 'roots/list');
  process.kill(await generation(session, 1), 'SIGKILL');
  const withdrawn = await client.nextNotification('notifications/cancelled');
  expect(withdrawn.params?.['requestId']).toBe(first.id);
  expect(toolText(await asking)).toContain('may or may not have run');
  // The next server counts from 0 again.
  const next = client.callTool('ask_client', { method: 'roots/list' });
  const second = await client.nextMessage(({ method }) => method === 'roots/list');
  expect(second.id).not.toBe(first.id);
  client.send({ jsonrpc: '2.0', id: first.id, result: { roots: [{ uri: 'file:///late' }] } });
  client.send({ jsonrpc: '2.0', id: second.id, result: { roots: [{ uri: 'file:///right' }] } });
  expect(JSON.parse(toolText(await next))).toEqual({ result: { roots: [{ uri: 'file:///right' }] } });
  expect(journal.entries().filter(({ event }) => event === 'response')).toMatchObject([{ id: '0' }]);
  await called(session, 'ask_client', 2);
  await closeCleanly(session);
});
