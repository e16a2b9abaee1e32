// Frames above 256 KiB stream through, with their exact bytes and among others (DESIGN 2.1).
// Not for: memory (bench/), or a server that dies in the middle of one (broken-frames.test.ts).
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { toolText } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { startVerbatim } from '../support/verbatim.ts';

const KIB = 1024;
const MB = 1_000_000;

/** About `size` bytes in which any byte that matters to JSON or UTF-8 comes at any offset. */
function text(size: number): string {
  const unit = '\u00e9\u20ac\u{1f991} {[}],: \\"\\\\ \\\\\\" \\ud83e\\udd91 \\u000a abcdefg ';
  const bytes = Buffer.byteLength(unit);
  return unit.repeat(Math.floor(size / bytes)) + 'x'.repeat(size % bytes);
}

/** Keys as servers in Go write them, and as version 1 of the TypeScript SDK does. */
const ORDERS = [
  ['first', (id: string, rest: string) => `{"jsonrpc":"2.0","id":${id},${rest}}`],
  ['last', (id: string, rest: string) => `{${rest},"jsonrpc":"2.0" , "id" : ${id} }`],
] as const;

const answerOf = (size: number): string =>
  `"result":{"id":"not this","content":[{"type":"text","text":"${text(size)}"}]}`;
const callOf = (size: number): string =>
  `"method":"tools/call","params":{"name":"digest","id":"not this","arguments":{"text":"${text(size)}"}}`;

const digest = (line: string): string =>
  `${createHash('sha256').update(line).digest('hex')} ${Buffer.byteLength(line)}`;

/** The line of the answer, without a message for a difference in megabytes. */
async function lineWithId(client: RawClient, id: unknown): Promise<string> {
  return client
    .lineOf(await client.nextMessage((message) => message.id === id && !message.method))
    .toString();
}

const SIZES = [256 * KIB - 100, 256 * KIB, 256 * KIB + 1, 300 * KIB, 1.5 * MB, 30 * MB];
const CASES = ORDERS.flatMap(([order, line]) => SIZES.map((size) => ({ order, line, size })));

test.each(CASES)('an answer of $size bytes with its id $order keeps its bytes', async ({ line, size }) => {
  const { client, write } = await startVerbatim();
  const answer = line('"write"', answerOf(size));
  write(`${answer}\r\n`);
  const arrived = await lineWithId(client, 'write');
  expect(arrived === `${answer}\r`).toBe(true);
  expect((await client.request('after')).result).toEqual({});
});

test.each(CASES)('a request of $size bytes with its id $order keeps its bytes', async ({ line, size }) => {
  const { client, received } = await startVerbatim();
  const request = line('9007199254740993', callOf(size));
  client.send(request);
  const answer = await client.nextMessage((message) => message.result?.['content'] !== undefined);
  expect(toolText(answer)).toBe(digest(request));
  expect(client.lineOf(answer).toString()).toContain('"id":9007199254740993,');
  expect((await client.request('after')).result).toEqual({});
  expect(
    received()
      .subarray(0, Buffer.byteLength(request) + 1)
      .equals(Buffer.from(`${request}\n`)),
  ).toBe(true);
});

test('a large notification passes, and a large answer of the client finds the server that asked', async () => {
  const { client, write, received } = await startVerbatim();
  const notification = `{"method":"notifications/message","params":{"level":"info","data":"${text(400 * KIB)}"}}`;
  write(`${notification}\n{"id":"write","method":"sampling/createMessage","params":{}}\n`);
  const asked = await client.nextMessage(({ method }) => method === 'sampling/createMessage');
  expect(client.rawLines.some((line) => line.equals(Buffer.from(notification)))).toBe(true);
  const body = `"result":{"text":"${text(400 * KIB)}"}`;
  client.send(`{"jsonrpc":"2.0","id":${JSON.stringify(asked.id)},${body}}`);
  await client.request('after');
  expect(received().includes(`{"jsonrpc":"2.0","id":"write",${body}}\n`)).toBe(true);
});

test('several large messages at once, in both directions, with small ones among them', async () => {
  const { client, write } = await startVerbatim();
  const order = ORDERS[1][1];
  const expected = new Map<string, string>();
  for (let round = 0; round < 4; round += 1) {
    const request = order(`"up ${round}"`, callOf(2 * MB + round));
    const answer = order(`"down ${round}"`, answerOf(3 * MB + round));
    expected.set(`up ${round}`, digest(request)).set(`down ${round}`, digest(answer));
    write(`${answer}\n`, { idText: `"down ${round}"` });
    client.send(request);
    client.send(`{"jsonrpc":"2.0","id":"small ${round}","method":"x"}`);
  }
  for (const [id, wanted] of expected) {
    const line = await lineWithId(client, id);
    expect([id, id.startsWith('up') ? line.includes(wanted) : digest(line) === wanted]).toEqual([id, true]);
  }
  for (let round = 0; round < 4; round += 1)
    expect(await lineWithId(client, `small ${round}`)).toContain('"result":{}');
  expect(client.notJson).toEqual([]);
});

test('what the proxy says itself does not land within a frame that is still coming, but after it', async () => {
  const { client, write } = await startVerbatim();
  const answer = `{"jsonrpc":"2.0","id":"write","result":{"text":"${text(2 * MB)}"}}\n`;
  write(answer.slice(0, MB));
  await arrival(client, 512 * KIB);
  const before = client.rawLines.length;
  client.send('not JSON');
  write(answer.slice(MB), { idText: '"second half"' });
  await client.nextMessage(({ id }) => id === 'write');
  await client.nextMessage(({ error }) => error?.code === -32700);
  expect(client.rawLines[before]?.toString() === answer.trimEnd()).toBe(true);
});

/** Resolves when so many bytes of stdout have come. */
async function arrival(client: RawClient, bytes: number): Promise<void> {
  while (client.stdoutBytes().length < bytes)
    await new Promise((resolve) => {
      client.child.stdout.once('data', resolve);
    });
}
