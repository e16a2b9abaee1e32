// A server that dies within a frame, or right behind one (DESIGN 2.1, 2.5): the line is ended, every call is answered,
// the next call works. Not for: when a call may be made again after a crash; the raw bytes are the subject here.
import { expect, test } from 'vitest';
import { descendantsOf } from '../support/processes.ts';
import { toolText } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { startVerbatim } from '../support/verbatim.ts';

const MB = 1_000_000;

/** The answer of the proxy to the call whose server died. */
async function lossOf(client: RawClient): Promise<string> {
  const lost = await client.nextMessage(({ id }) => id === 'write');
  expect(lost.result?.['isError']).toBe(true);
  return toolText(lost);
}

const ANSWER = '{"jsonrpc":"2.0","id":"write","result":{"a":{},"text":"never to be seen"}}';

test.each([1, 10, 46, 60])(
  'after %i bytes of an answer nothing of it reaches the client, and the call is answered',
  async (bytes) => {
    const { client, write } = await startVerbatim();
    const before = client.rawLines.length;
    write(ANSWER.slice(0, bytes), { exit: 3 });
    const text = await lossOf(client);
    expect(text).toContain('may or may not have run');
    expect(text).toContain('exit code 3');
    expect(client.rawLines.length).toBe(before + 1);
    expect((await client.request('after')).result).toEqual({});
  },
);

test.each([
  ['first', '{"jsonrpc":"2.0","id":"write","result":{"text":"'],
  ['last', '{"result":{"text":"'],
])(
  'after megabytes of an answer with its id %s its line is ended, and the call is answered',
  async (_, head) => {
    const { client, write } = await startVerbatim();
    const before = client.rawLines.length;
    write(head + 'x'.repeat(2 * MB), { exit: 3 });
    expect(await lossOf(client)).toContain('may or may not have run');
    const [cut, ...rest] = client.rawLines.slice(before);
    expect(cut?.toString() === head + 'x'.repeat(2 * MB)).toBe(true);
    expect(rest).toHaveLength(1);
    expect((await client.request('after')).result).toEqual({});
  },
);

test('all the calls that were in flight are answered, and the calls after them', async () => {
  const { client, write } = await startVerbatim();
  for (let call = 0; call < 20; call += 1) write('', { idText: `"call ${call}"` });
  write('{"jsonrpc":"2.0","id":"call 7","res', { exit: 0 });
  for (let call = 0; call < 20; call += 1) {
    const answer = await client.nextMessage(({ id }) => id === `call ${call}`);
    expect(toolText(answer)).toContain('may or may not have run');
  }
  expect((await client.request('after')).result).toEqual({});
});

test('what was written right before the end arrives whole, also for a client that reads late', async () => {
  const { client, write } = await startVerbatim();
  const answer = `{"jsonrpc":"2.0","id":"write","result":{"text":"${'x'.repeat(1.22 * MB)}"}}`;
  client.child.stdout.pause();
  write(`${answer}\n`, { exit: 0 });
  // Above what the proxy holds (1 MiB) and what the pipes do: the last of it lies in the pipe of a process that is
  // gone, and nobody may give it up meanwhile.
  await expect(client.waitForStderr(/server ended/, 1000)).rejects.toThrow('nothing after');
  client.child.stdout.resume();
  const arrived = await client.nextMessage(({ id }) => id === 'write');
  expect(client.lineOf(arrived).toString() === answer).toBe(true);
  // Until its end is seen, a request would still go to the one that is gone, and be answered so (5031).
  await client.waitForStderr(/server ended/);
  expect((await client.request('after')).result).toEqual({});
});

test('a request that is still being sent when its server dies is answered once', async () => {
  const { client, write } = await startVerbatim();
  const params = `{"name":"digest","arguments":{"text":"${'x'.repeat(1.3 * MB)}"}}`;
  const call = `{"jsonrpc":"2.0","id":"large","method":"tools/call","params":${params}}\n`;
  await client.sendBytes(Buffer.from(call.slice(0, MB)));
  process.kill(descendantsOf(client.pid)[0] ?? 0, 'SIGKILL');
  const lost = await client.nextMessage(({ id }) => id === 'large');
  expect(toolText(lost)).toContain('may or may not have run');
  await client.sendBytes(Buffer.from(call.slice(MB)));
  expect((await client.request('after')).result).toEqual({});
  write('{"jsonrpc":"2.0","id":"write","result":{}}\n');
  await client.nextMessage(({ id }) => id === 'write');
  expect(client.messages.filter(({ id }) => id === 'large')).toHaveLength(1);
});
