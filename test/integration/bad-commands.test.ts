// Wrapped commands that do not work: told to the client in its own words and on stderr, and nothing hangs.
// Not for: servers that die later (broken-frames.test.ts and the crash tests).
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loggedIn } from '../support/logged-in.ts';
import { loginOptions, startTestGithub } from '../support/login.ts';
import { toolNames } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';
import { tempDir } from '../support/temp.ts';

/** A file with this text, executable or not. */
function fileWith(text: string, mode: number): string {
  const file = path.join(tempDir(), 'server');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

const NO_START: readonly (readonly [string, () => readonly string[], RegExp])[] = [
  [
    'a command that does not exist',
    () => ['no-such-command'],
    /"no-such-command": no such command in PATH\. Install it/,
  ],
  ['a path that does not exist', () => ['./nowhere/server'], /no such file\. Check the path/],
  [
    'a file that is not executable',
    () => [fileWith('#!/bin/sh\n', 0o644)],
    /not an executable file.*chmod \+x/,
  ],
  ['a directory', () => ['/tmp'], /not an executable file/],
  [
    'a script for an interpreter that is not there',
    () => [fileWith('#!/no/such/thing\n', 0o755)],
    /interpreter/,
  ],
  ['a whole command line as one word', () => ['docker run -i image'], /one single word/],
];

test.each(NO_START)('%s: the client, stderr and the exit code say so', async (_, command, says) => {
  const { args } = await loggedIn();
  for (const options of [args, ['--oauth-client-id', 'Iv23liANYTHING']]) {
    const client = startProxy({ args: options, command: command() });
    const { error } = await client.initialize();
    expect(error).toMatchObject({ code: 5030, data: { reason: 'upstream_unavailable' } });
    expect(error?.message).toMatch(says);
    expect(await client.closed).toEqual({ code: 1, signal: null });
    expect(client.stderrText()).toMatch(says);
    expect(client.rawLines).toHaveLength(1);
  }
});

test('a command that does not exist is told by the exit code also where no client says a word', async () => {
  const silent = startProxy({ command: ['no-such-command'] });
  expect(await silent.closed).toEqual({ code: 1, signal: null });
  const gone = startProxy({ command: ['no-such-command'] });
  gone.end();
  expect(await gone.closed).toEqual({ code: 1, signal: null });
  expect(gone.stderrText()).toContain('no-such-command');
  expect(gone.stdoutBytes().toString()).toBe('');
});

test('every request that came with the initialize of such a command is answered', async () => {
  const client = startProxy({ command: ['no-such-command'] });
  const [initialized, listed] = await Promise.all([
    client.request('initialize', {}),
    client.request('tools/list'),
  ]);
  expect(initialized.error?.message).toContain('no-such-command');
  expect(listed.error?.message).toContain('no-such-command');
  expect((await client.closed).code).toBe(1);
});

test('logged in: of a command that exits at once the initialize shows the last lines', async () => {
  const { args } = await loggedIn();
  const client = startProxy({ args, command: serverCommand('exits-at-once.mjs') });
  const { error } = await client.initialize();
  expect(error?.code).toBe(5030);
  expect(error?.message).toContain('exit code 7');
  expect(error?.message).toMatch(/line 3 of 12\n[^]*line 12 of 12$/);
  expect(error?.message).not.toContain('line 2 of 12');
  await client.waitForStderr(/error: The server ended with exit code 7/);
  expect(client.stderrText()).toContain('exits-at-once: line 1 of 12\n');
  // The command may work the next time, as with a network that was down: the proxy is still there.
  expect((await client.request('ping')).result).toEqual({});
  client.end();
  expect((await client.exited).code).toBe(0);
});

test('logged in: a command that exits with nothing to say is named as that', async () => {
  const { args } = await loggedIn();
  const client = startProxy({ args, command: ['true'] });
  const { error } = await client.initialize();
  expect(error?.message).toBe('The server ended with exit code 0 and wrote nothing to stderr.');
});

test('locked: of a command that exits at once auth_login is listed, and stderr has the lines', async () => {
  const github = await startTestGithub();
  const client = startProxy(loginOptions(github, { server: 'exits-at-once.mjs' }));
  const { result } = await client.initialize();
  expect(result).toMatchObject({
    capabilities: { tools: { listChanged: true } },
    serverInfo: { name: 'gh-mcp-proxy' },
  });
  expect(toolNames(await client.request('tools/list'))).toEqual(['auth_login']);
  await client.waitForStderr(/error: The server ended with exit code 7[^]*line 12 of 12/);
});

test('a server that prints half a megabyte and dies: the session says why, in few words', async () => {
  const { args } = await loggedIn();
  const script = `process.stderr.write('x'.repeat(500_000) + '\\n\\u00e9 last line\\n', () => process.exit(2))`;
  const client = startProxy({ args, command: [process.execPath, '-e', script] });
  const { error } = await client.initialize();
  expect(error?.message).toMatch(/\u00e9 last line$/);
  expect(error?.message.length).toBeLessThan(1000);
});

test('a state directory that cannot be made: said at once and at the login, which works all the same', async () => {
  const github = await startTestGithub();
  const stateDir = path.join(fileWith('', 0o600), 'state');
  const client = startProxy(loginOptions(github, { args: ['--store', 'file', '--state-dir', stateDir] }));
  await client.initialize();
  await client.waitForStderr(/error: .*server\/state.* another place with --state-dir/);
  await client.callTool('auth_login');
  github.approve(await github.waitForCode());
  expect(JSON.stringify(await client.callTool('get_me'))).toContain('octocat');
  await client.waitForStderr(
    /could not be stored: .*lasts only as long as this process.*server\/state.* another place with --state-dir/,
  );
});

test('a pipe of printf gets its answers and exit code 0', async () => {
  const { args } = await loggedIn();
  const messages = [
    '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}',
    '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    '{"jsonrpc":"2.0","id":"0","method":"tools/call","params":{"name":"echo","arguments":{"text":"piped"}}}',
  ];
  const client = startProxy({ args, command: serverCommand('scripted.mjs') });
  client.child.stdin.end(messages.join('\n'));
  expect(await client.closed).toEqual({ code: 0, signal: null });
  expect(client.messages.map(({ id }) => id)).toEqual([0, '0']);
  expect(client.stderrText()).toBe('');
});
