// Options of `run` about what is kept and what is told: the default store, the log file, and that nothing secret gets into
// it, not even by a crash. Not for: passphrases (passphrase.test.ts), or the trail (commands-audit.test.ts).
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand, startCommand } from '../support/command.ts';
import { loggedIn } from '../support/logged-in.ts';
import { loginOptions, logIn, startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { loginArgs, logInAtShell } from '../support/shell-login.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';

const command = serverCommand('scripted.mjs');

function passphraseFile(): string {
  const file = path.join(tempDir(), 'passphrase');
  writeFileSync(file, 'correct horse battery staple\n', { mode: 0o600 });
  return file;
}

test('without --store a login outlives its process: in a file where there is no keychain', async () => {
  const github = await startTestGithub();
  const home = tempDir();
  const first = startProxy(loginOptions(github, { env: { HOME: home } }));
  await first.initialize();
  await logIn(first, github);
  first.end();
  await first.closed;
  const second = startProxy(loginOptions(github, { env: { HOME: home } }));
  await second.initialize();
  expect(toolNames(await second.request('tools/list'))).not.toContain('auth_login');
});

test('with a passphrase from a file, whose path the profile remembers', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir, { args: ['--passphrase-file', passphraseFile()] });
  expect(readdirSync(stateDir)).not.toContain('credentials.key');
  const client = startProxy({ args: ['--state-dir', stateDir], command });
  await client.initialize();
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
});

test('--auth-tools: who is logged in, and a logout that every window and the shell see', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const names = ['auth_login', 'auth_status', 'auth_logout'];
  const client = startProxy({ args: ['--state-dir', stateDir, '--auth-tools'], command });
  await client.initialize();
  expect(toolNames(await client.request('tools/list')).slice(0, 3)).toEqual(names);
  const status = toolText(await client.callTool('auth_status'));
  expect(status).toMatch(/octocat/);
  expect(status).toMatch(/profile.*default/i);
  const plain = startProxy({ args: ['--state-dir', stateDir], command });
  await plain.initialize();
  expect(toolNames(await plain.request('tools/list'))).not.toContain('auth_status');
  expect(toolText(await client.callTool('auth_logout'))).toMatch(/^Logged out of \S+ account octocat/);
  await plain.nextNotification('notifications/tools/list_changed');
  expect(toolNames(await plain.request('tools/list'))[0]).toBe('auth_login');
  expect(await runCommand(['token', '--state-dir', stateDir])).toMatchObject({ code: 4, stdout: '' });
  assertNoSecrets({
    dirs: [stateDir],
    buffers: { client: client.stdoutBytes(), plain: plain.stdoutBytes() },
    secrets: github.secrets(),
  });
});

test('--log-file has what stderr has and more, for its owner only, and no secret', async () => {
  const github = await startTestGithub();
  const dir = tempDir();
  const file = path.join(dir, 'log');
  const args = ['--store', 'file', '--state-dir', path.join(dir, 'state'), '--log-file', file];
  const client = startProxy(loginOptions(github, { args: [...args, '--log-level', 'debug'] }));
  await client.initialize();
  await logIn(client, github);
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  client.end();
  await client.closed;
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(
    lines.every((line) =>
      /^(?:\d{4}-\d\d-\d\dT[\d:.]+Z \[\d+\] (?:error|warn|info|debug): | {2})/.test(line),
    ),
  ).toBe(true);
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  assertNoSecrets({ dirs: [dir], buffers: { stderr: client.stderrText() }, secrets: github.secrets() });
});

test('a log file that cannot be opened: exit code 1, and what to do', async () => {
  const file = path.join(tempDir(), 'no', 'directory', 'log');
  const client = startProxy({ args: ['--log-file', file], command });
  expect(await client.closed).toMatchObject({ code: 1 });
  expect(client.stderrText()).toMatch(/cannot open the log file .*\n.*--log-file/);
});

test('a crash of a command prints no token', async () => {
  const github = await startTestGithub();
  const { accessToken } = github.issue(CLIENT_IDS.githubApp);
  const crash = path.join(tempDir(), 'crash.mjs');
  writeFileSync(crash, `process.once('SIGUSR2', () => { throw new Error('with ${accessToken}') });\n`);
  const env = { NODE_OPTIONS: `--import file://${crash}` };
  const running = startCommand(loginArgs(github, tempDir()), { env });
  await running.waitFor(/one-time code/);
  running.child.kill('SIGUSR2');
  const { code, stdout, stderr } = await running.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^gh-mcp-proxy: internal error: Error: with \[redacted\]\n {4}at /m);
  assertNoSecrets({ buffers: { stdout, stderr }, secrets: github.secrets() });
});

test('a crash of a session does not either, and ends its server', async () => {
  const github = await startTestGithub();
  const { args, token } = await loggedIn({ github });
  const crash = path.join(tempDir(), 'crash.mjs');
  writeFileSync(crash, `process.once('SIGUSR2', () => { throw new Error('with ${token}') });\n`);
  const client = startProxy({ args, command, env: { NODE_OPTIONS: `--import file://${crash}` } });
  await client.initialize();
  client.kill('SIGUSR2');
  expect(await client.closed).toMatchObject({ code: 1 });
  expect(client.stderrText()).toMatch(/error: internal error: Error: with \[redacted\]\n/);
  assertNoSecrets({
    buffers: { stdout: client.stdoutBytes(), stderr: client.stderrText() },
    secrets: github.secrets(),
  });
});
