// The commands where nobody logs in, and where several ways to a token meet in one state directory: what is kept, what is
// said, and that no secret is in either. Not for: which way is chosen (unit/cli/auth-choice.test.ts), or sessions.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeHosts } from '../../fixtures/gh/hosts.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { OIDC_CLIENTS, OIDC_SECRET, startIssuer } from '../../fixtures/oidc/issuer.mjs';
import { runCommand, startCommand } from '../support/command.ts';
import { logInAtShell, loginArgs } from '../support/shell-login.ts';
import { startTestGithub } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import { visit } from '../support/page-visitor.ts';
import { descendantsOf, readEnviron } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../support/temp.ts';
import { atTestEnd } from '../support/test-end.ts';
import { newToken } from '../support/unattended.ts';

const APP = { appId: 4711, installations: [{ id: 11, account: 'octocat' }] };

/** What is in the profiles of a state directory. */
function profilesIn(stateDir: string): unknown {
  return JSON.parse(readFileSync(path.join(stateDir, 'profiles.json'), 'utf8'));
}

test('an app as a profile: its settings are tried and kept, its key and its tokens are not', async () => {
  const github = await startTestGithub({ apps: [APP] });
  const [app] = github.apps;
  if (!app) throw new Error('the emulator has no app');
  const stateDir = tempDir();
  const at = ['--state-dir', stateDir];
  const env = { GITHUB_APP_PRIVATE_KEY: app.privateKey };
  const flags = ['--gh-host', github.url, '--app-id', '4711', '--app-permissions', 'contents:read'];
  const login = await runCommand(['login', '--profile', 'ci', ...flags, ...at], { env });
  expect(login).toMatchObject({ code: 0, stdout: '' });
  expect(login.stderr).toMatch(
    /Got a token for 127\.0\.0\.1:\d+ as \S+\[bot\]; such a token lasts (?:1 h|59 min)/,
  );
  expect(login.stderr).toContain('GITHUB_APP_PRIVATE_KEY has to be set for each session');
  // It was given up again, and of what is kept nothing is secret.
  expect(github.liveTokens()).toEqual([]);
  expect(profilesIn(stateDir)).toEqual({
    profiles: {
      ci: {
        auth: 'github-app',
        host: github.url,
        options: { 'app-id': '4711', 'app-permissions': 'contents:read' },
      },
    },
  });

  const named = ['--profile', 'ci', ...at];
  const token = await runCommand(['token', ...named], { env });
  // It belongs to whoever asked for it.
  expect([token.stdout.trim()]).toEqual(github.liveTokens());
  expect(token.stderr).toBe('');
  const status = await runCommand(['status', ...named], { env });
  expect(status).toMatchObject({ code: 0, stderr: '' });
  expect(status.stdout).toBe(
    'Mode: github-app, because the profile ci says so\n' +
      '- Each session gets installation tokens of its own, which are revoked at its end; nobody logs in, and nothing is stored\n',
  );
  for (const [name, so] of [
    ['refresh', 'nothing to renew'],
    ['logout', 'nothing to log out of'],
  ] as const) {
    const { code, stderr } = await runCommand([name, ...named], { env });
    expect(code).toBe(0);
    expect(stderr).toContain(
      `Nothing is stored with --auth github-app (chosen because the profile ci says so), so there is ${so}`,
    );
  }
  assertNoSecrets({
    dirs: [stateDir],
    buffers: { said: login.stderr + status.stdout },
    secrets: [...github.secrets(), ...app.privateKey.split('\n').filter((line) => line.length > 20)],
  });
});

test('what brings no token is not kept, and says which setting is wrong', async () => {
  const stateDir = tempDir();
  const command = ['--token-command', 'echo "vault is sealed" >&2; exit 3', '--state-dir', stateDir];
  const { code, stderr } = await runCommand(['login', '--profile', 'ci', ...command]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/command of --token-command failed with exit code 3: .*vault is sealed/);
  expect(filesUnder(stateDir).filter((file) => file.endsWith('profiles.json'))).toEqual([]);
});

test('a profile that goes from a person to an app is given up only by somebody who was asked', async () => {
  const github = await startTestGithub({ apps: [APP] });
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const login = await runCommand(
    ['login', '--gh-host', github.url, '--app-id', '4711', '--state-dir', stateDir],
    { env: { GITHUB_APP_PRIVATE_KEY: github.apps[0]?.privateKey ?? '' } },
  );
  expect(login.code).toBe(1);
  expect(login.stderr).toContain('account octocat, and this login is for --auth github-app');
  expect(login.stderr).toContain('Log out first: gh-mcp-proxy logout --profile default');
  expect(profilesIn(stateDir)).toMatchObject({ profiles: { default: { clientId: CLIENT_IDS.githubApp } } });
});

test('logins of one app by two flows are told apart, by the commands that are printed as well', async () => {
  const client = {
    clientId: 'Iv23liBOTH',
    clientSecret: 'client-secret-of-this-test',
    kind: 'github-app',
  } as const;
  const github = await startTestGithub({ clients: [client] });
  const stateDir = tempDir();
  // A browser is wanted, and none is there: the test opens the page itself.
  const env = { GITHUB_OAUTH_CLIENT_SECRET: client.clientSecret, PATH: '' };
  const id = ['--oauth-client-id', client.clientId];
  const device = startCommand(loginArgs(github, stateDir, ...id, '--auth', 'device'), { env });
  github.approve(await github.waitForCode());
  expect((await device.ended).code).toBe(0);
  const args = loginArgs(github, stateDir, ...id, '--profile', 'page', '--open-browser', 'always');
  const browser = startCommand(args, { env });
  const [page] = await browser.waitFor(/http:\S+authorize\S+/);
  await visit(page);
  expect(await browser.ended).toMatchObject({ code: 0 });

  const at = ['--state-dir', stateDir];
  const status = await runCommand(['status', '--json', ...at], { env });
  const { logins } = JSON.parse(status.stdout) as { logins: { mode: string; profile: string }[] };
  expect(new Set(logins.map(({ mode, profile }) => `${profile}: ${mode}`))).toEqual(
    new Set(['default: device', 'page: browser']),
  );
  const which = await runCommand(['logout', ...at], { env });
  const commands = [...which.stderr.matchAll(/gh-mcp-proxy (logout .*)/g)].map(([, words = '']) =>
    words.split(' '),
  );
  expect(commands).toHaveLength(2);
  for (const words of commands) expect(await runCommand(words, { env })).toMatchObject({ code: 0 });
  const after = await runCommand(['status', '--json', ...at], { env });
  expect(JSON.parse(after.stdout)).toMatchObject({ logins: [{ state: 'none' }, { state: 'none' }] });
});

test('the secret of a client whose file a profile names is found by every command of that login', async () => {
  const issuer = await startIssuer({ interval: 0.05 });
  atTestEnd(() => issuer.close());
  const github = await startTestGithub();
  const stateDir = tempDir();
  const at = ['--state-dir', stateDir];
  await logInAtShell(github, stateDir, { args: ['--profile', 'github'] });
  const file = path.join(tempDir(), 'secret');
  writeFileSync(file, OIDC_SECRET, { mode: 0o600 });
  const client = ['--oauth-client-id', OIDC_CLIENTS.confidential, '--oauth-client-secret-file', file];
  const login = startCommand(['login', '--issuer', issuer.url, ...client, '--oauth-scopes', 'openid', ...at]);
  const [, code = ''] = await login.waitFor(/one-time code: (\S+)/);
  await issuer.approve(code);
  expect(await login.ended).toMatchObject({ code: 0 });

  // What is not asked for is not said to be missing.
  const status = await runCommand(['status', '--auth', 'oauth', '--json', ...at]);
  expect(JSON.parse(status.stdout)).toMatchObject({ logins: [{ mode: 'oauth', profile: 'default' }] });
  expect((JSON.parse(status.stdout) as { logins: unknown[] }).logins).toHaveLength(1);

  expect(await runCommand(['refresh', ...at])).toMatchObject({ code: 0 });
  const token = (await runCommand(['token', ...at])).stdout.trim();
  expect(await issuer.accountOf(token)).toBe('tanuki');
  expect((await runCommand(['logout', '--profile', 'default', ...at])).code).toBe(0);
  expect(await issuer.accountOf(token)).toBeUndefined();
});

test('where nothing is configured, auth_login offers the login that gh has', async () => {
  const github = await startTestGithub();
  const HOME = tempDir();
  const { host } = new URL(github.url);
  writeHosts({ HOME }, { [host]: { user: 'octocat', users: { octocat: newToken(github) } } });
  const bin = path.join(import.meta.dirname, '../../fixtures/gh/bin');
  const client = startProxy({
    args: ['--gh-host', github.url],
    env: { HOME, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` },
    command: serverCommand('scripted.mjs'),
  });
  await client.initialize();
  const text = toolText(await client.callTool('auth_login'));
  expect(text).toMatch(/gh is logged in to 127\.0\.0\.1:\d+ on this machine/);
  expect(text).toContain('add --auth gh');
  expect(text).toMatch(/No client id is configured[^]*settings\/apps\/new/);
  expect(text).toMatch(/Other ways to a token.*browser.*github-app/);
});

test('a key in a variable of any name, and what it is found by, never reach the server', async () => {
  const github = await startTestGithub({ apps: [APP] });
  const env = {
    HOME: tempDir(),
    THE_KEY: github.apps[0]?.privateKey ?? '',
    GITHUB_APP_ID: '4711',
    GH_MCP_PROXY_APP_PRIVATE_KEY: 'env:THE_KEY',
    GITHUB_TOOLSETS: 'all',
  };
  const client = startProxy({ args: ['--gh-host', github.url], env, command: serverCommand('scripted.mjs') });
  await client.initialize();
  await client.request('tools/list');
  const [server = 0] = descendantsOf(client.pid);
  const { PATH: _path, ...rest } = readEnviron(server);
  expect(Object.keys(rest).sort()).toEqual([
    'GITHUB_HOST',
    'GITHUB_PERSONAL_ACCESS_TOKEN',
    'GITHUB_TOOLSETS',
    'HOME',
  ]);
});
