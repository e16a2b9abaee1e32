// A login under a passphrase, as the command line takes one. Not for: what is made of it (unit tests of the vault).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CODE_PATH, loginOptions, logIn, startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { proxyCommand, startProxy } from '../support/proxy.ts';
import { RawClient } from '../support/raw-client.ts';
import { spawnInTest } from '../support/spawned.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../support/temp.ts';

const WORDS = 'correct horse battery staple of this test';

async function loggedInWithPassphrase() {
  const github = await startTestGithub();
  const dir = tempDir();
  const stateDir = path.join(dir, 'state');
  const file = path.join(dir, 'passphrase');
  writeFileSync(file, `${WORDS}\n`, { mode: 0o600 });
  const optionsFor = (...args: string[]) =>
    loginOptions(github, { args: ['--store', 'file', '--state-dir', stateDir, ...args] });
  const client = startProxy(optionsFor('--passphrase-file', file));
  await client.initialize();
  expect(await logIn(client, github)).toMatch(/^Logged in as octocat/);
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  return { github, dir, stateDir, file, optionsFor };
}

test('a second start opens it with the same passphrase, from a file, a descriptor or a pipe', async () => {
  const { github, stateDir, file, optionsFor } = await loggedInWithPassphrase();
  assertNoSecrets({ dirs: [stateDir], secrets: [...github.secrets(), WORDS] });
  const fromFile = startProxy(optionsFor('--passphrase-file', file));
  const command = proxyCommand(optionsFor('--passphrase-fd', '3'));
  const through = (script: string): RawClient =>
    new RawClient(spawnInTest(['sh', '-c', `file=$1; shift; ${script}`, 'sh', file, ...command], {}));
  const fromDescriptor = through('exec "$@" 3<"$file"');
  const fromPipe = through('mkfifo pipe; cat "$file" >pipe & exec "$@" 3<pipe');
  for (const client of [fromFile, fromDescriptor, fromPipe]) {
    await client.initialize();
    expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
    assertNoSecrets({ buffers: { stderr: client.stderrText() }, secrets: [...github.secrets(), WORDS] });
  }
  expect(github.count(CODE_PATH)).toBe(1);
});

test.each([
  ['without it', undefined, /a passphrase is needed to open/],
  ['with another one', 'wrong', /the passphrase is wrong/],
])('%s the session is locked and says why, and what is stored stays as it is', async (_name, words, why) => {
  const { dir, stateDir, optionsFor } = await loggedInWithPassphrase();
  const contents = () =>
    filesUnder(path.join(stateDir, 'credentials')).map((file) => readFileSync(file, 'utf8'));
  const before = contents();
  const other = path.join(dir, 'other');
  if (words !== undefined) writeFileSync(other, words, { mode: 0o600 });
  const client = startProxy(optionsFor(...(words === undefined ? [] : ['--passphrase-file', other])));
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))).toContain('auth_login');
  await client.waitForStderr(why);
  expect(contents()).toEqual(before);
});

test('a pipe that nobody ends keeps the proxy from nothing, its own end included', async () => {
  const { optionsFor } = await loggedInWithPassphrase();
  const command = proxyCommand(optionsFor('--passphrase-fd', '3'));
  // The shell's child holds the other end for as long as the test lasts.
  const script = 'mkfifo pipe; sleep 60 >pipe & exec "$@" 3<pipe';
  const client = new RawClient(spawnInTest(['sh', '-c', script, 'sh', ...command], {}));
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))).toContain('auth_login');
  client.end();
  expect(await client.exited).toEqual({ code: 0, signal: null });
});
