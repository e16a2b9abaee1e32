// Forwarded frames keep their exact bytes (DESIGN 2.1), whatever is in them and however they are cut.
// Not for: frames above 256 KiB (large-frames.test.ts), or lines that are no messages (bad-lines.test.ts).
import { expect, test } from 'vitest';
import type { Message } from '../support/messages.ts';
import type { RawClient } from '../support/raw-client.ts';
import { startVerbatim } from '../support/verbatim.ts';

/** JSON texts of ids, and how the server may write them back: the same value, not the same text. */
const IDS: readonly (readonly [text: string, answered: string])[] = [
  ...['0', '"0"', '-1', '9007199254740993', '"9007199254740993"', '""', '"a \\"quoted\\" one"'].map(
    (text) => [text, text] as const,
  ),
  // Go escapes these, Python's json escapes all that is not ASCII, PHP escapes slashes.
  ['"<1>&"', '"\\u003c1\\u003e\\u0026"'],
  ['"\u00e9 \u{1f991}/"', '"\\u00e9 \\ud83e\\udd91\\/"'],
  ['"\\u0061\\/"', '"a/"'],
];

/** What a re-serialiser would change: white space, key order, unknown keys, numbers, escapes, repeated text. */
const ODD =
  '  {"zeta" : [1.0, 1e2,-0, 123456789012345678901234567890 , 0.1000] ,\t"id":ID,"extra":{"b":1,"a":{}},' +
  '"text":"\\u00e9\\/\\ud83e\\udd91 \u00e9\u20ac\u{1f991}\\n \u2028", TAIL , "jsonrpc" :"2.0" }  ';

const inResult = (id: string): string => ODD.replace('ID', id).replace('TAIL', '"result" : { }');
const inRequest = (id: string): string =>
  ODD.replace('ID', id).replace('TAIL', '"params":{"name":"nobody", "arguments":{}}, "method":"x\\/y"');

async function nextLine(client: RawClient, matches: (message: Message) => boolean): Promise<string> {
  return client.lineOf(await client.nextMessage(matches)).toString();
}

test.each(IDS)(
  'a request with the id %s gets its answer when the server writes it as %s',
  async (id, answered) => {
    const { client, write } = await startVerbatim();
    const line = `{"jsonrpc":"2.0","id":${answered},"result":{}}`;
    write(`${line}\n`, { idText: id });
    expect(await nextLine(client, (message) => message.id === JSON.parse(id))).toBe(line);
  },
);

test('what the server writes arrives byte for byte', async () => {
  const { client, write } = await startVerbatim();
  const lines = [inResult('9007199254740993'), '{"method":"notifications/x","n":1.0}', inResult('-7')];
  client.send(
    '{"jsonrpc":"2.0","id":-7,"method":"x/slow","params":{"name":"write","arguments":{"file":"/dev/null"}}}',
  );
  write(`${lines.join('\n')}\n`, { idText: '9007199254740993' });
  await nextLine(client, (message) => message.id === -7);
  expect(client.rawLines.slice(-3).map(String)).toEqual(lines);
});

test('what the client writes arrives byte for byte, with CRLF or LF at its end', async () => {
  const { client, received } = await startVerbatim();
  const text = `${inRequest('1')}\r\n${inRequest('"1"')}\n{"method":"notifications/x" ,"n":1.0}\r\n`;
  await client.sendBytes(Buffer.from(text));
  await client.request('last');
  expect(received().toString().slice(0, text.length)).toBe(text);
});

test('CRLF at the end of what the server writes stays', async () => {
  const { client, write } = await startVerbatim();
  write('{"jsonrpc":"2.0","id":"write","result":{}}\r\n');
  expect(await nextLine(client, (message) => message.id === 'write')).toMatch(/\}\r$/);
});

test.each([1, 2, 3, 7])(
  'frames that come in pieces of %i bytes are whole again on the other side',
  async (piece) => {
    const { client, write, received } = await startVerbatim();
    const request = Buffer.from(`${inRequest('"pieces"')}\n`);
    for (let at = 0; at < request.length; at += piece)
      await client.sendBytes(request.subarray(at, at + piece));
    await nextLine(client, (message) => message.id === 'pieces');
    expect(received()).toEqual(request);
    const answer = inResult('"write"');
    write(`${answer}\n`, { piece });
    expect(await nextLine(client, (message) => message.id === 'write')).toBe(answer);
  },
);

test('many frames in one chunk are all forwarded, in order', async () => {
  const { client, write, received } = await startVerbatim();
  const requests = Array.from(
    { length: 2000 },
    (_, n) => `{"jsonrpc":"2.0","id":${n},"method":"many/${n}"}\n`,
  );
  await client.sendBytes(Buffer.from(requests.join('')));
  await nextLine(client, (message) => message.id === 1999);
  expect(received().toString()).toBe(requests.join(''));
  const notifications = Array.from({ length: 2000 }, (_, n) => `{"method":"notifications/many","n":${n}}\n`);
  const end = '{"id":"write","result":{}}\n';
  write(notifications.join('') + end);
  await nextLine(client, (message) => message.id === 'write');
  expect(client.stdoutBytes().toString()).toContain(notifications.join('') + end);
});

test('a last line without its newline is a line all the same, from the client and from the server', async () => {
  const fromClient = await startVerbatim();
  fromClient.client.child.stdin.end('{"jsonrpc":"2.0","id":"last","method":"x"}');
  await nextLine(fromClient.client, (message) => message.id === 'last');
  expect(await fromClient.client.exited).toEqual({ code: 0, signal: null });
  const fromServer = await startVerbatim();
  const line = '{"jsonrpc":"2.0","id":"write","result":{"last":true}}';
  fromServer.write(line, { exit: 0 });
  expect(await nextLine(fromServer.client, (message) => message.id === 'write')).toBe(line);
});

test('every request of a pipe gets its answer though stdin ends right behind it', async () => {
  const { client } = await startVerbatim();
  for (let id = 0; id < 50; id += 1) client.send({ jsonrpc: '2.0', id: `piped ${id}`, method: 'x' });
  client.end();
  expect(await client.exited).toEqual({ code: 0, signal: null });
  await client.closed;
  const answered = client.messages.filter(({ id }) => String(id).startsWith('piped'));
  expect(answered.map(({ result }) => result)).toEqual(Array.from({ length: 50 }, () => ({})));
});
