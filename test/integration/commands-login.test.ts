// `gh-mcp-proxy login` without a terminal: what is said, what is kept, and what it refuses.
// Not for: a terminal (commands-terminal.test.ts), or other accounts (commands-identity.test.ts).
import { readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand, startCommand } from '../support/command.ts';
import { loginArgs, logInAtShell } from '../support/shell-login.ts';
import { CODE_PATH, loginOptions, startTestGithub } from '../support/login.ts';
import { loggedIn } from '../support/logged-in.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';

test('code and address in plain lines on stderr, a profile, and a login that every start finds', async () => {
  const github = await startTestGithub();
  const stateDir = path.join(tempDir(), 'state');
  const command = startCommand(loginArgs(github, stateDir));
  command.child.stdin.end();
  const code = await github.waitForCode();
  await command.waitFor(/Open this URL/);
  github.approve(code);
  const { code: exitCode, stdout, stderr } = await command.ended;
  expect(exitCode).toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toBe(
    `! First copy your one-time code: ${code}\n` +
      `Open this URL to continue in your web browser: ${github.url}/login/device\n` +
      '✓ Authentication complete.\n' +
      '✓ Logged in as octocat\n' +
      '- Kept in: file (key file), as the profile default\n',
  );
  const profiles = path.join(stateDir, 'profiles.json');
  expect(JSON.parse(readFileSync(profiles, 'utf8'))).toEqual({
    profiles: {
      default: { host: github.url, clientId: CLIENT_IDS.githubApp, scopes: [], store: 'file' },
    },
  });
  expect((statSync(profiles).mode & 0o777).toString(8)).toBe('600');

  // No option but where the state is: `mcp.json` needs nothing else.
  const client = startProxy({ args: ['--state-dir', stateDir], command: serverCommand('scripted.mjs') });
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  client.end();
  await client.closed;
  expect(github.count(CODE_PATH)).toBe(1);
  assertNoSecrets({ dirs: [stateDir], buffers: { stdout, stderr }, secrets: github.secrets() });
});

test('a login that works is not made again, unless it is asked for', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const again = await runCommand(['login', '--state-dir', stateDir]);
  expect(again).toMatchObject({ code: 0, stdout: '' });
  expect(again.stderr).toMatch(/^✓ Logged in to 127\.0\.0\.1:\d+ account octocat already\. .*--force/);
  expect(github.count(CODE_PATH)).toBe(1);

  const forced = startCommand(['login', '--state-dir', stateDir, '--force']);
  github.approve(await github.waitForCode());
  expect(await forced.ended).toMatchObject({ code: 0 });
  expect(forced.text()).toContain('✓ Logged in as octocat\n');
  expect(github.count(CODE_PATH)).toBe(2);
});

test('a stored login that GitHub does not accept any more is made anew', async () => {
  const github = await startTestGithub();
  const { args, stateDir } = await loggedIn({ github });
  github.revokeAll('octocat');
  const command = startCommand(['login', ...args]);
  github.approve(await github.waitForCode());
  expect(await command.ended).toMatchObject({ code: 0 });
  expect((await runCommand(['token', '--state-dir', stateDir])).stdout.trim()).toBe(
    github.liveTokens().at(-1),
  );
});

test('a stored login that has expired is renewed instead of asking a person', async () => {
  const github = await startTestGithub();
  const { args } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
  const { code, stderr } = await runCommand(['login', ...args]);
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('account octocat already') as string,
  });
  expect(github.count(CODE_PATH)).toBe(0);
});

test('two logins at once show one code, and both are through with it', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const first = startCommand(loginArgs(github, stateDir));
  const code = await github.waitForCode();
  const second = startCommand(loginArgs(github, stateDir));
  await second.waitFor(new RegExp(code));
  github.approve(code);
  expect(await first.ended).toMatchObject({ code: 0 });
  expect(await second.ended).toMatchObject({ code: 0 });
  expect(github.count(CODE_PATH)).toBe(1);
  expect(github.liveTokens()).toHaveLength(1);
});

test('a proxy that waits for the login of its session takes over the one that is made at a shell', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const store = ['--store', 'file', '--state-dir', stateDir];
  const client = startProxy(loginOptions(github, { args: store }));
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
  await logInAtShell(github, stateDir);
  await client.nextNotification('notifications/tools/list_changed');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
});

test.each([
  [
    'denied',
    (github: Emulator, code: string) => github.deny(code),
    /the login was denied/,
    /run gh-mcp-proxy login/,
  ],
  [
    'expired',
    (github: Emulator, code: string) => github.expireCode(code),
    /the code expired/,
    /Run gh-mcp-proxy login/,
  ],
] as const)('a code that is %s: exit code 1, and what to run', async (_, end, what, next) => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const command = startCommand(loginArgs(github, stateDir));
  end(github, await github.waitForCode());
  const { code, stdout, stderr } = await command.ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(what);
  expect(stderr).toMatch(next);
  expect(stderr).not.toContain('auth_login');
});

test('an app without device flow: the person is told what its owner does', async () => {
  const github = await startTestGithub();
  const args = ['--gh-host', github.url, '--oauth-client-id', CLIENT_IDS.deviceFlowOff];
  const { code, stderr } = await runCommand(['login', ...args, '--store', 'file', '--state-dir', tempDir()]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /device flow is switched off.*\n.*Enable Device Flow.*[Tt]hen run gh-mcp-proxy login/,
  );
});

test.each([
  ['SIGINT', 2, 'cancelled'],
  ['SIGTERM', 143, 'ended by SIGTERM'],
] as const)(
  '%s ends it with exit code %i; the next login shows the same code',
  async (signal, exitCode, words) => {
    const github = await startTestGithub();
    const stateDir = tempDir();
    const command = startCommand(loginArgs(github, stateDir));
    const code = await github.waitForCode();
    await command.waitFor(/Open this URL/);
    command.child.kill(signal);
    expect(await command.ended).toMatchObject({
      code: exitCode,
      stderr: expect.stringContaining(`gh-mcp-proxy: ${words}\n`) as string,
    });
    const next = startCommand(loginArgs(github, stateDir));
    await next.waitFor(new RegExp(code));
    github.approve(code);
    expect(await next.ended).toMatchObject({ code: 0 });
    expect(github.count(CODE_PATH)).toBe(1);
  },
);

test.each([
  [
    'no client id',
    ['--profile', 'work'],
    /no client id is given\n.*Register an app[^]*\n3\. Run: gh-mcp-proxy login --profile work --oauth-client-id CLIENT_ID --state-dir/,
  ],
  [
    'memory',
    ['--oauth-client-id', 'Iv23liX', '--store', 'memory'],
    /end together with this command\n.*keychain or file/,
  ],
  ['an option of `run`', ['--drain-timeout', '3'], /--drain-timeout is no option of gh-mcp-proxy login/],
] as const)('%s is wrong usage', async (_, args, says) => {
  const stateDir = path.join(tempDir(), 'state');
  const { code, stdout, stderr } = await runCommand(['login', '--state-dir', stateDir, ...args]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(says);
  expect(() => statSync(stateDir)).toThrow('ENOENT');
});

test('a login that cannot be stored is a failure: it would end with the command', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github });
  const nowhere = path.join(stateDir, 'credentials.key', 'state');
  const { code, stderr } = await runCommand(loginArgs(github, nowhere));
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot (?:read|create|write) .*credentials\.key/);
  expect(stderr).toContain('--state-dir');
});

test('where nothing can be stored nobody is asked for a code', async () => {
  const github = await startTestGithub();
  // What is not there can be read: there is nothing. It cannot be made, by nobody.
  const nowhere = path.join(tempDir(), 'state');
  symlinkSync(path.join(tempDir(), 'gone', 'state'), nowhere);
  const { code, stderr } = await runCommand(loginArgs(github, nowhere));
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot create .*state/);
  expect(github.requests).toEqual([]);
});

test('a login that cannot be stored after all is a failure as well, and no profile names it', async () => {
  const github = await startTestGithub();
  const stateDir = path.join(tempDir(), 'state');
  const login = startCommand(loginArgs(github, stateDir));
  const shown = await github.waitForCode();
  const records = path.join(stateDir, 'credentials');
  rmSync(records, { recursive: true });
  writeFileSync(records, '');
  github.approve(shown);
  const { code, stdout, stderr } = await login.ended;
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/gh-mcp-proxy: the login could not be stored, so it ends with this command\n/);
  expect(stderr).not.toContain('Logged in as');
});

test('GitHub out of reach: exit code 1, why, and no code', async () => {
  const args = ['--gh-host', 'http://127.0.0.1:9', '--oauth-client-id', 'Iv23liX'];
  const { code, stdout, stderr } = await runCommand([
    'login',
    ...args,
    '--store',
    'file',
    '--state-dir',
    tempDir(),
  ]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/127\.0\.0\.1:9/);
});

type Emulator = Awaited<ReturnType<typeof startTestGithub>>;
