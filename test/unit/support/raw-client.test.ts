// The raw client must fail where something is missing, and say what it saw: tests are as good as that.
// Not for: the happy path; every test of the fixture servers takes it.
import { expect, test } from 'vitest';
import { openJournal } from '../../support/journal.ts';
import { RawClient } from '../../support/raw-client.ts';
import { startServer } from '../../support/server.ts';
import { spawnInTest } from '../../support/spawned.ts';

test('a wait that is not fulfilled fails with the transcript', async () => {
  const server = startServer('scripted.mjs');
  await server.request('ping');
  await expect(server.nextNotification('notifications/none', 20)).rejects.toThrow(
    /^notifications\/none: nothing after 20 ms\n-> .*"ping".*\n<- \{"jsonrpc":"2\.0","id":1,"result":\{\}\}/,
  );
  await expect(server.waitForStderr(/nothing there/, 20)).rejects.toThrow('nothing there on stderr');
});

test('a wait fails at once when the process ends, and afterwards', async () => {
  const server = startServer('scripted.mjs');
  await server.initialize();
  const waiting = server.nextMessage(() => true, 15_000);
  server.end();
  await expect(waiting).rejects.toThrow('the process ended (code 0');
  await expect(server.request('ping')).rejects.toThrow('the process ended (code 0');
});

test('a message is given once: the second wait gets the second message', async () => {
  const server = startServer('scripted.mjs');
  for (const value of [1, 2]) {
    await server.callTool('notify', { method: 'notifications/x', params: { value } });
  }
  expect((await server.nextNotification('notifications/x')).params).toEqual({ value: 1 });
  expect((await server.nextNotification('notifications/x')).params).toEqual({ value: 2 });
  await expect(server.nextNotification('notifications/x', 20)).rejects.toThrow('nothing after');
});

test('a reply with another id text is not the reply', async () => {
  const server = startServer('scripted.mjs');
  server.send('{"jsonrpc":"2.0","id":"7","method":"ping"}');
  expect(await server.requestRaw('7', 'silly/method')).toMatchObject({ id: 7, error: { code: -32601 } });
  expect(await server.nextMessage(() => true)).toMatchObject({ id: '7', result: {} });
});

test('bytes go out as they are given, a frame in two writes', async () => {
  const server = startServer('scripted.mjs');
  await server.sendBytes(Buffer.from('{"jsonrpc":"2.0","id":1,'));
  await server.sendBytes(Buffer.from('"method":"ping"}\n'));
  expect((await server.nextMessage(({ id }) => id === 1)).result).toEqual({});
  expect(server.stdoutBytes().toString()).toBe('{"jsonrpc":"2.0","id":1,"result":{}}\n');
});

test('a program that is not there fails the waits and exited', async () => {
  const client = new RawClient(spawnInTest(['/nowhere/at/all'], {}));
  await expect(client.request('ping')).rejects.toThrow('the process ended');
  await expect(client.exited).rejects.toThrow('ENOENT');
  expect(() => client.pid).toThrow('not started');
});

test('a journal entry that does not come fails with the journal', async () => {
  const journal = openJournal();
  const server = startServer('scripted.mjs', ['--journal', journal.file]);
  await server.request('ping');
  await expect(journal.waitFor(({ event }) => event === 'write', { ms: 20 })).rejects.toThrow(
    /not in the journal after 20 ms:\n.*"start".*\n.*"ping"/,
  );
});
