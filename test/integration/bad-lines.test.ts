// Lines that are no messages, from either side (DESIGN 2.1): neither side sees the other's, and the session lives on.
// Not for: a server that dies in the middle of a line (broken-frames.test.ts).
import { expect, test } from 'vitest';
import { startVerbatim } from '../support/verbatim.ts';

/** Lines of a client that no server should be given, with the code of the answer (JSON-RPC 2.0, 5.1) and its id. */
const BAD_LINES: readonly (readonly [line: string, code: number, id: string | number | null])[] = [
  ['not JSON', -32700, null],
  ['{"jsonrpc":"2.0","id":7,"method":"x"', -32700, null],
  ['{"jsonrpc":"2.0","id":7,"method":"x"}}', -32700, null],
  ['{"jsonrpc":"2.0","id":7,"method":"x"}{"jsonrpc":"2.0","id":8,"method":"x"}', -32700, null],
  ['{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":\u0001}}', -32700, null],
  ["{'id':7}", -32700, null],
  ['\ufeff{"jsonrpc":"2.0","id":7,"method":"x"}', -32700, null],
  ['[{"jsonrpc":"2.0","id":7,"method":"x"}]', -32600, null],
  ['[]', -32600, null],
  ['42', -32600, null],
  ['null', -32600, null],
  ['"text"', -32600, null],
  ['{}', -32600, null],
  ['{"jsonrpc":"2.0","id":"seven"}', -32600, 'seven'],
  ['{"jsonrpc":"2.0","id":7,"method":7}', -32600, 7],
];

test.each(BAD_LINES)('the client is told what is wrong with %s', async (line, code, id) => {
  const { client, received } = await startVerbatim();
  client.send(line);
  const answer = await client.nextMessage(({ error }) => error !== undefined);
  expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code } });
  expect((await client.request('after')).result).toEqual({});
  expect(received().toString()).not.toContain(line);
});

test('blank lines of either side are passed over', async () => {
  const { client, write, received } = await startVerbatim();
  await client.sendBytes(Buffer.from('\n\r\n \t\n\n{"jsonrpc":"2.0","id":"blank","method":"x"}\n\n'));
  await client.nextMessage(({ id }) => id === 'blank');
  expect(received().toString()).toBe('{"jsonrpc":"2.0","id":"blank","method":"x"}\n');
  write('\n\r\n  \n{"id":"write","result":{}}\n\n');
  await client.nextMessage(({ id }) => id === 'write');
  await client.request('after');
  expect(client.rawLines.filter((line) => line.toString().trim() === '')).toEqual([]);
});

test.each([
  ['plain text', 'starting up...'],
  ['a JSON text that is no message', '{"level":"info","message":"starting"}'],
  ['an array', '[1, 2]'],
  ['half an object', '{"half": '],
  ['half a response, then a log line', '{"jsonrpc":"2.0","id":"write","result":{"a":[INFO] more'],
  ['a request with garbage in it', '{"jsonrpc":"2.0","id":5,"method":"roots/list","params":{garbage}}'],
  ['a notification with garbage in it', '{"jsonrpc":"2.0","method":"notifications/x","params":[,]}'],
  ['an answer without an id', '{"jsonrpc":"2.0","result":{}}'],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe, 0x80, 0x41])],
  ['300 KB of text', 'x'.repeat(300_000)],
])('noise of the server goes to stderr, marked, and never to the client: %s', async (_, noise) => {
  const { client, write } = await startVerbatim();
  const before = client.rawLines.length;
  const answer = '{"jsonrpc":"2.0","id":"write","result":{"after":"noise"}}';
  write(Buffer.concat([Buffer.from(noise), Buffer.from(`\n${answer}\n`)]));
  expect((await client.nextMessage(({ id }) => id === 'write')).result).toEqual({ after: 'noise' });
  expect(client.rawLines.slice(before).map(String)).toEqual([answer]);
  const shown = noise.toString().trimEnd().slice(0, 60);
  const [marked] = await client.waitForStderr(/^gh-mcp-proxy: server stdout: .*$/m);
  expect(marked).toContain(shown);
});

test('what the server says last without a newline is shown, half a message is not', async () => {
  const { client, write } = await startVerbatim();
  write('Killed', { exit: 9 });
  await client.waitForStderr(/server stdout: Killed/);
  await client.nextMessage(({ id }) => id === 'write');
  expect((await client.request('after')).result).toEqual({});
  write('{"jsonrpc":"2.0","id":"write","result":{"half', { exit: 9 });
  const lost = await client.nextMessage(({ id }) => id === 'write');
  expect(lost.result?.['isError']).toBe(true);
  expect(client.notJson).toEqual([]);
  // It may hold the half of a token, which nobody would know.
  expect(client.stderrText()).not.toContain('half');
});

test.each([
  ['a cancellation', '{"method":"notifications/cancelled","params":{garbage}}'],
  ['a request', '{"\\q":1,"method":"ping","id":5}'],
  ['a request with a broken string', '{"a\u0001":1,"method":"roots/list","id":5}'],
  ['a response with an impossible id', '{"id":"\\q","result":{}}'],
  ['a response with an object as its id', '{"id":{"a":1},"result":{}}'],
])('a broken line that looks like %s does not end the session', async (_, line) => {
  const { client, write } = await startVerbatim();
  write(`${line}\n{"id":"write","result":{}}\n`);
  await client.nextMessage(({ id }) => id === 'write');
  expect((await client.request('after')).result).toEqual({});
  expect(client.stderrText()).not.toContain('internal error');
});

test('a broken list of tools does not end the session', async () => {
  const { client, write } = await startVerbatim();
  write('{"id":"list","result":{garbage,"tools":[]}}\n{"id":"write","result":{}}\n');
  client.send('{"id":"list","method":"tools/list"}');
  await client.nextMessage(({ id }) => id === 'write');
  expect((await client.request('after')).result).toEqual({});
  expect(client.stderrText()).not.toContain('internal error');
});
