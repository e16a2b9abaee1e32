// No value of a live token leaves the proxy in what the client gets, on stderr or in a log (DESIGN 2.1, 2.10).
// Not for: files and the login's own secrets (the login tests search those).
import { expect, test } from 'vitest';
import { startTestGithub } from '../support/login.ts';
import { loggedIn } from '../support/logged-in.ts';
import { toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets } from '../support/temp.ts';
import { startVerbatim } from '../support/verbatim.ts';

const MARK = '[redacted]';
/** The token that loggedIn invents. */
const TOKEN = 'ghu_InventedInventedInventedInvented0123';

test.each([
  { pad: 0, split: 1 },
  { pad: 0, split: 2 },
  { pad: 0, split: 40 },
  { pad: 300_000, split: 1 },
  { pad: 300_000, split: 2 },
  { pad: 300_000, split: 40 },
])('a token after $pad bytes of a result, and on stderr, in $split pieces', async ({ pad, split }) => {
  const session = await loggedIn({ github: await startTestGithub() });
  const client = startProxy({
    args: [...session.args, '--log-level', 'debug'],
    command: serverCommand('scripted.mjs'),
  });
  await client.initialize();
  const text = toolText(await client.callTool('say_token', { pad, split }));
  expect(text === `${'x'.repeat(pad)} ${MARK}`).toBe(true);
  await client.waitForStderr(/scripted: the token is \[redacted\]\n/);
  client.end();
  await client.closed;
  const buffers = {
    stdout: client.stdoutBytes(),
    stderr: client.stderrText(),
    arguments: client.child.spawnargs.join(' '),
  };
  assertNoSecrets({ buffers, secrets: [session.token, session.refreshToken ?? ''] });
});

test('tokens at every place of a large frame, and what only begins like one', async () => {
  const { client, write } = await startVerbatim();
  const parts = Array.from(
    { length: 1200 },
    (_, n) => `${'.'.repeat(997 + (n % 7))}${TOKEN}${TOKEN.slice(0, n % 40)}`,
  );
  const frame = `{"jsonrpc":"2.0","id":"write","result":{"text":"${parts.join('')} ghu"}}`;
  write(`${frame}\n`);
  const arrived = client.lineOf(await client.nextMessage(({ id }) => id === 'write')).toString();
  expect(arrived === frame.replaceAll(TOKEN, MARK)).toBe(true);
});

test.each([
  ['an error', `{"jsonrpc":"2.0","id":"write","error":{"code":1,"message":"${TOKEN}","data":["${TOKEN}"]}}`],
  ['a key', `{"jsonrpc":"2.0","id":"write","result":{"${TOKEN}":1}}`],
  ['a notification before it', `{"method":"notifications/${TOKEN}"}\n{"id":"write","result":{}}`],
  [
    'a request of the server',
    `{"id":"${TOKEN}","method":"x","params":{"a":"${TOKEN}"}}\n{"id":"write","result":{}}`,
  ],
  ['noise', `token=${TOKEN}\n{"id":"write","result":{}}`],
  ['300 KB of noise', `${'-'.repeat(262_130)}${TOKEN}${'-'.repeat(40_000)}\n{"id":"write","result":{}}`],
])('a token in %s', async (_, lines) => {
  const { client, write } = await startVerbatim(['--log-level', 'debug']);
  write(`${lines}\n`, { piece: 65_536 });
  await client.nextMessage(({ id }) => id === 'write');
  await client.request('after');
  const everything = client.stdoutBytes().toString() + client.stderrText();
  expect(everything).not.toContain(TOKEN);
  expect(everything).toContain(MARK);
});

test('a token in the last words of a server that died', async () => {
  const session = await loggedIn();
  const script =
    'process.stderr.write(`using ${process.env.GITHUB_PERSONAL_ACCESS_TOKEN} failed`); process.exit(1)';
  const client = startProxy({ args: session.args, command: [process.execPath, '-e', script] });
  const { error } = await client.initialize();
  expect(error?.message).toContain(`using ${MARK} failed`);
  await client.waitForStderr(/using \[redacted\] failed/);
  expect(client.stderrText()).not.toContain(TOKEN);
});
