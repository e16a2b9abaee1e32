// What proves in the fault tests that nothing was lost has to fail when something is. Not for: the raw client's own ways.
import { expect, test } from 'vitest';
import { assertAnsweredOnce, RecordingClient } from '../../support/recording-client.ts';
import { serverCommand, spawnInTest } from '../../support/spawned.ts';

function start(): RecordingClient {
  return new RecordingClient(spawnInTest(serverCommand('scripted.mjs', '--journal', '/dev/null'), {}));
}

test('each request answered once: also those whose ids differ by a type only', async () => {
  const client = start();
  await Promise.all([client.request('ping', {}, 0), client.request('ping', {}, '0')]);
  client.notify('notifications/initialized');
  assertAnsweredOnce(client);
  expect(client.asked).toEqual(['0', '"0"']);
});

test('a request without an answer fails, unless it is said to have none', async () => {
  const client = start();
  client.send({ jsonrpc: '2.0', id: 'never', method: 'tools/call', params: { name: 'cancel_me' } });
  await client.request('ping');
  expect(() => assertAnsweredOnce(client)).toThrow('never');
  assertAnsweredOnce(client, ['"never"']);
});

test('a second answer fails, and so does one to nobody', async () => {
  const client = start();
  await client.request('ping', {}, 'twice');
  client.asked.push('"twice"');
  expect(() => assertAnsweredOnce(client)).toThrow('twice');
  client.asked.length = 0;
  expect(() => assertAnsweredOnce(client)).toThrow('twice');
});
