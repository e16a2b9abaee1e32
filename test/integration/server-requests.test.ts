// What a server asks of the client, progress, and cancellations of both sides (DESIGN 2.5; MCP 2025-11-25, basic
// utilities): ids of servers are mapped for each generation, ids of the client pass unchanged.
// Not for: the proxy's own elicitations (the login tests).
import { expect, test } from 'vitest';
import { loggedIn } from '../support/logged-in.ts';
import { openJournal } from '../support/journal.ts';
import { toolText } from '../support/messages.ts';
import type { Json, Message } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';

async function open(capabilities: Json = {}) {
  const journal = openJournal();
  const { args } = await loggedIn();
  const client = startProxy({ args, command: serverCommand('scripted.mjs', '--journal', journal.file) });
  await client.initialize(capabilities);
  return { client, journal };
}

const isAsked = (message: Message): boolean => message.method !== undefined && message.id !== undefined;

test.each([
  ['sampling/createMessage', { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' }],
  ['elicitation/create', { action: 'accept', content: { sure: true } }],
  ['roots/list', { roots: [{ uri: 'file:///x' }] }],
  ['ping', {}],
  ['x/unheard-of', { any: 'thing' }],
])('a %s of the server reaches the client, and the answer the server', async (method, result) => {
  const { client } = await open();
  const call = client.callTool('ask_client', { method, params: { kept: [1, 'two'] } });
  const asked = await client.nextMessage(isAsked);
  expect(asked).toEqual({ jsonrpc: '2.0', id: 'g1:0', method, params: { kept: [1, 'two'] } });
  client.send({ jsonrpc: '2.0', id: asked.id, result });
  expect(JSON.parse(toolText(await call))).toEqual({ result });
});

test('an error of the client reaches the server, and so does an id written in another way', async () => {
  const { client } = await open();
  const call = client.callTool('ask_client', { method: 'roots/list' });
  await client.nextMessage(isAsked);
  client.send(String.raw`{"jsonrpc":"2.0","error":{"code":-1,"message":"no"},"id":"\u0067\u0031:0"}`);
  expect(JSON.parse(toolText(await call))).toEqual({ error: { code: -1, message: 'no' } });
});

test('several questions at once find their way back, in any order', async () => {
  const { client } = await open();
  const calls = [0, 1, 2].map((n) => client.callTool('ask_client', { method: `x/${n}` }));
  const asked = [];
  for (let n = 0; n < 3; n += 1) asked.push(await client.nextMessage(isAsked));
  for (const { id, method } of asked.toReversed())
    client.send({ jsonrpc: '2.0', id, result: { to: method } });
  const answers = (await Promise.all(calls)).map((answer) => JSON.parse(toolText(answer)) as unknown);
  expect(answers).toEqual([0, 1, 2].map((n) => ({ result: { to: `x/${n}` } })));
});

test('a question of a server that has ended is withdrawn, its answer goes nowhere, ids do not repeat', async () => {
  const { client, journal } = await open();
  void client.callTool('ask_client', { method: 'x/first' });
  const first = await client.nextMessage(isAsked);
  expect(toolText(await client.callTool('crash'))).toContain('exit code 3');
  const cancelled = await client.nextNotification('notifications/cancelled');
  expect(cancelled.params).toMatchObject({ requestId: 'g1:0' });
  const second = client.callTool('ask_client', { method: 'x/second' });
  expect(await client.nextMessage(isAsked)).toMatchObject({ id: 'g2:0', method: 'x/second' });
  client.send({ jsonrpc: '2.0', id: first.id, result: { for: 'the first' } });
  client.send({ jsonrpc: '2.0', id: 'g2:0', result: { for: 'the second' } });
  expect(JSON.parse(toolText(await second))).toEqual({ result: { for: 'the second' } });
  const [, generation] = journal.generations();
  const answers = journal.entries().filter(({ event, pid }) => event === 'response' && pid === generation);
  expect(answers).toHaveLength(1);
});

test('a server can withdraw its question, once', async () => {
  const { client } = await open();
  const call = { name: 'ask_client', arguments: { method: 'x/never-answered' } };
  client.send({ jsonrpc: '2.0', id: 'asks', method: 'tools/call', params: call });
  await client.nextMessage(isAsked);
  const params = { requestId: 0, reason: 'no longer needed' };
  await client.callTool('notify', { method: 'notifications/cancelled', params });
  const cancelled = await client.nextNotification('notifications/cancelled');
  expect(cancelled.params).toEqual({ requestId: 'g1:0', reason: 'no longer needed' });
  await client.callTool('notify', { method: 'notifications/cancelled', params });
  await client.callTool('notify', { method: 'notifications/cancelled', params: { requestId: 'unknown' } });
  expect(client.messages.filter(({ method }) => method === 'notifications/cancelled')).toHaveLength(1);
});

test.each(['7', '"0"', '0', '9007199254740993', String.raw`"\u0041/"`])(
  'the client cancels the call with the id %s',
  async (id) => {
    const { client, journal } = await open();
    client.send(`{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"cancel_me"}}`);
    client.send(
      `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${id},"reason":"x"}}`,
    );
    const cancelled = await journal.waitFor(({ event }) => event === 'cancelled');
    expect(cancelled).toMatchObject({ tool: 'cancel_me', id });
    client.end();
    expect(await client.exited).toEqual({ code: 0, signal: null });
    expect(client.messages.filter((message) => message.id !== 1)).toEqual([]);
  },
);

test('a cancellation of what nobody asked changes nothing', async () => {
  const { client, journal } = await open();
  client.notify('notifications/cancelled', { requestId: 'unknown' });
  client.notify('notifications/cancelled', {});
  client.notify('notifications/cancelled');
  expect(toolText(await client.callTool('echo', { text: 'on' }))).toBe('on');
  expect(journal.methods()).not.toContain('notifications/cancelled');
});

test.each(['"token"', '0', '9007199254740993'])(
  'progress under the token %s reaches the client',
  async (token) => {
    const { client } = await open();
    const params = `{"name":"slow","arguments":{"ms":0},"_meta":{"progressToken":${token}}}`;
    client.send(`{"jsonrpc":"2.0","id":"slow","method":"tools/call","params":${params}}`);
    await client.nextMessage(({ id }) => id === 'slow');
    const progress = client.messages.filter(({ method }) => method === 'notifications/progress');
    expect(progress.map(({ params: { progress: done } = {} }) => done)).toEqual([0, 1]);
    expect(progress[0]?.params?.['progressToken']).toBe(JSON.parse(token));
  },
);

test('notifications of the client reach the server, those of the server the client, in order', async () => {
  const { client, journal } = await open();
  client.notify('notifications/roots/list_changed');
  client.notify('notifications/x', { a: 1 });
  const params = { level: 'info', data: 'hello' };
  await client.callTool('notify', { method: 'notifications/message', params });
  expect((await client.nextNotification('notifications/message')).params).toEqual(params);
  expect(journal.methods()).toEqual([
    'initialize',
    'notifications/initialized',
    'notifications/roots/list_changed',
    'notifications/x',
    'tools/call',
  ]);
});
