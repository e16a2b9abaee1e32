// A login that outlives the process with --store file, and one that does not (DESIGN 2.8).
// Not for: damaged files (store-damage.test.ts) or the sealing itself (unit tests of the vault).
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { CODE_PATH, loginOptions, logIn, startTestGithub, TOKEN_PATH } from '../support/login.ts';
import type { LoginOptions } from '../support/login.ts';
import { loggedIn } from '../support/logged-in.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../support/temp.ts';

async function open(github: GithubEmulator, stateDir: string, { args = [], ...options }: LoginOptions = {}) {
  const store = ['--store', 'file', '--state-dir', stateDir];
  const client = startProxy(loginOptions(github, { ...options, args: [...store, ...args] }));
  await client.initialize();
  return client;
}

async function close(client: Awaited<ReturnType<typeof open>>) {
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
}

const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);

test('a second start needs no login, and asks GitHub for nothing before the first call', async () => {
  const github = await startTestGithub();
  const stateDir = path.join(tempDir(), 'not', 'there', 'yet');
  const first = await open(github, stateDir);
  await logIn(first, github);
  await close(first);

  const asked = github.requests.length;
  const second = await open(github, stateDir);
  expect(toolNames(await second.request('tools/list'))).not.toContain('auth_login');
  expect(toolText(await second.callTool('auth_login'))).toMatch(/^Logged in as octocat \(/);
  expect(github.requests).toHaveLength(asked);
  expect(toolText(await second.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(github.count(CODE_PATH)).toBe(1);
});

test('files are for their owner only, and say nothing in plain', async () => {
  const github = await startTestGithub();
  const stateDir = path.join(tempDir(), 'state');
  const client = await open(github, stateDir);
  const before = filesUnder(path.dirname(stateDir)).map((file) => path.basename(file));
  expect(before.filter((name) => name !== 'audit.jsonl')).toEqual([]);
  await logIn(client, github);
  const files = filesUnder(stateDir);
  expect(files.map((file) => path.relative(stateDir, file))).toEqual([
    'audit.jsonl',
    'credentials.key',
    expect.stringMatching(/^credentials\/[0-9a-f]{64}\.json$/) as string,
  ]);
  expect(files.map(mode)).toEqual(['600', '600', '600']);
  expect([stateDir, path.join(stateDir, 'credentials')].map(mode)).toEqual(['700', '700']);
  assertNoSecrets({ dirs: [stateDir], secrets: github.secrets() });
  expect(readFileSync(files[2] ?? '', 'utf8')).not.toContain('octocat');
});

test('a login belongs to its client id and its host', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github });
  const other = await open(github, stateDir, { clientId: CLIENT_IDS.oauthApp });
  expect(toolNames(await other.request('tools/list'))[0]).toBe('auth_login');
  const elsewhere = await open(await startTestGithub(), stateDir);
  expect(toolNames(await elsewhere.request('tools/list'))[0]).toBe('auth_login');
  const same = await open(github, stateDir);
  expect(toolNames(await same.request('tools/list'))).not.toContain('auth_login');
});

test.each([
  ['nothing', [], []],
  ['the trail alone where a state directory is named', ['--state-dir', 'state'], ['state/audit.jsonl']],
])('--store memory writes %s', async (_name, where, written) => {
  const github = await startTestGithub();
  const home = tempDir();
  const args = ['--store', 'memory', ...where];
  const client = startProxy(loginOptions(github, { args, env: { HOME: home }, cwd: home }));
  await client.initialize();
  await logIn(client, github);
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  await close(client);
  expect(filesUnder(home).map((file) => path.relative(home, file))).toEqual(written);
});

test('a state directory that cannot be written: the login works, and stderr says that it will not last', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github });
  const client = await open(github, path.join(stateDir, 'credentials.key', 'state'));
  expect(await logIn(client, github)).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(client.stderrText()).toMatch(/error: the new login could not be stored/);
});

test('a stored token that has expired is renewed at the start, without a person', async () => {
  const github = await startTestGithub();
  const { stateDir, token } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
  const client = await open(github, stateDir);
  await github.waitForRequest(({ body, status }) => body['grant_type'] === 'refresh_token' && status === 200);
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  expect(github.count(CODE_PATH)).toBe(0);
  expect(github.liveTokens()).not.toContain(token);
  await close(client);
  // The new one was stored in the place of the old one.
  const next = await open(github, stateDir);
  expect(toolText(await next.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(github.count(TOKEN_PATH)).toBe(1);
});

test.each([
  ['placeholder', ['get_me', 'echo']],
  ['auth-only', []],
])(
  'while GitHub hangs at such a start, handshake and lists are answered (%s)',
  async (beforeLogin, tools) => {
    const github = await startTestGithub();
    github.fault({ path: TOKEN_PATH, kind: 'hang', times: 9 });
    const { stateDir } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
    const client = await open(github, stateDir, { args: ['--before-login', beforeLogin] });
    const names = toolNames(await client.request('tools/list'));
    expect(names.slice(0, 2)).toEqual(tools);
    expect((await client.request('prompts/list')).result).toHaveProperty('prompts');
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    await close(client);
  },
);

test('auth-only: the lists that were empty during that renewal are announced when it is through', async () => {
  const github = await startTestGithub();
  github.fault({ path: TOKEN_PATH, kind: 'slow', delayMs: 400 });
  const { stateDir } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
  const client = await open(github, stateDir, { args: ['--before-login', 'auth-only'] });
  expect(toolNames(await client.request('tools/list'))).toEqual([]);
  await client.nextNotification('notifications/tools/list_changed');
  expect(toolNames(await client.request('tools/list'))).toContain('get_me');
});

test('a stored login that GitHub does not renew any more leads back to a login', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
  github.revokeAll('octocat');
  const client = await open(github, stateDir);
  await client.waitForStderr(/does not accept the refresh token/);
  expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
  expect(await logIn(client, github)).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
});
