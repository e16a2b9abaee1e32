// `gh-mcp-proxy status`, for people and for scripts: every login with its state, never a token.
// Not for: colours (commands-terminal.test.ts).
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand } from '../support/command.ts';
import { loggedIn } from '../support/logged-in.ts';
import { startTestGithub } from '../support/login.ts';
import { logInAtShell } from '../support/shell-login.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';

interface Login {
  readonly account: string | null;
  readonly profile: string;
  readonly state: string;
  readonly usable: boolean;
  readonly problem: string | null;
}

async function statusOf(stateDir: string, ...args: readonly string[]) {
  const ended = await runCommand(['status', '--state-dir', stateDir, '--json', ...args]);
  return { ...ended, logins: (JSON.parse(ended.stdout) as { logins: Login[] }).logins };
}

test('a login of a GitHub App, as a person sees it', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const { code, stdout, stderr } = await runCommand(['status', '--state-dir', stateDir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const host = github.url.replace('http://', '');
  const lines = stdout.split('\n');
  expect(lines).toEqual([
    'Mode: device, because the profile default says so',
    '',
    host,
    `  ✓ Logged in to ${host} account octocat (file (key file))`,
    '  - Profile: default',
    expect.stringMatching(
      /^ {2}- Token: expires in 7 h 59 min \(\d{4}-\d\d-\d\d \d\d:\d\d\); renewed automatically$/,
    ) as string,
    '  - Token scopes: none',
    expect.stringMatching(/^ {2}- Token fingerprint: [0-9a-f]{8}$/) as string,
    `  - Client id: ${CLIENT_IDS.githubApp}`,
    '',
  ]);
  assertNoSecrets({ buffers: { stdout }, secrets: github.secrets() });
});

test('the same for a script: every key, whatever is known', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const args = ['--oauth-client-id', CLIENT_IDS.oauthApp, '--oauth-scopes', 'repo gist'];
  await logInAtShell(github, stateDir, { args });
  const { code, stdout } = await runCommand(['status', '--json', '--state-dir', stateDir]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    mode: 'device',
    because: 'the profile default says so',
    logins: [
      {
        mode: 'device',
        issuer: github.url,
        host: github.url,
        account: 'octocat',
        profile: 'default',
        state: 'usable',
        usable: true,
        store: 'file (key file)',
        expiresAt: null,
        renewedAutomatically: false,
        refreshTokenExpiresAt: null,
        scopes: ['repo', 'gist'],
        clientId: CLIENT_IDS.oauthApp,
        tokenFingerprint: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
        problem: null,
      },
    ],
  });
  assertNoSecrets({ buffers: { stdout }, secrets: github.secrets() });
});

test('times are ISO 8601', async () => {
  const expiresAt = Date.UTC(2099, 0, 31, 1, 2, 3);
  const { stateDir } = await loggedIn({ github: await startTestGithub(), expiresAt });
  const { logins } = await statusOf(stateDir);
  expect(logins).toMatchObject([
    {
      expiresAt: '2099-01-31T01:02:03.000Z',
      renewedAutomatically: true,
      refreshTokenExpiresAt: expect.stringMatching(/^20\d\d-.*Z$/) as string,
    },
  ]);
});

test('an expired token that is renewed without a person is usable', async () => {
  const { stateDir } = await loggedIn({ github: await startTestGithub(), expiresAt: Date.now() - 61_000 });
  const { code, stdout } = await runCommand(['status', '--state-dir', stateDir]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /✓ Logged in .*\n.*\n {2}- Token: expired 1 min ago \(.*\); renewed at the next use\n/,
  );
});

test('one that a person has to renew is not: exit code 4 and the command', async () => {
  const github = await startTestGithub({
    clients: [{ clientId: 'Iv23liNOREFRESH', kind: 'github-app', refreshLifetime: 0 }],
  });
  const { stateDir } = await loggedIn({ github, clientId: 'Iv23liNOREFRESH', expiresAt: Date.now() - 1000 });
  const { code, stdout, stderr } = await runCommand(['status', '--state-dir', stateDir]);
  expect(code).toBe(4);
  expect(stdout).toMatch(/X The login to \S+ account octocat .* has expired/);
  expect(stdout).toContain(
    `run: gh-mcp-proxy login --gh-host ${github.url} --oauth-client-id Iv23liNOREFRESH`,
  );
  expect(stderr).toMatch(/^gh-mcp-proxy: you are not logged in\n/);
});

test('nobody is logged in: exit code 4, the mode alone, an empty list for a script', async () => {
  const text = await runCommand(['status', '--state-dir', tempDir()]);
  expect(text).toMatchObject({ code: 4, stdout: 'Mode: device, because nothing else is configured\n' });
  expect(text.stderr).toMatch(
    /^gh-mcp-proxy: you are not logged in\nTo log in, run: gh-mcp-proxy login .*\n$/,
  );
  const { code, logins } = await statusOf(tempDir());
  expect({ code, logins }).toEqual({ code: 4, logins: [] });
});

test('a profile without a login is shown with the command for it', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'] });
  await runCommand(['logout', '--state-dir', stateDir]);
  const { code, stdout } = await runCommand(['status', '--state-dir', stateDir]);
  expect(code).toBe(4);
  expect(stdout).toMatch(
    /X Not logged in to .*\n {2}- Profile: work\n.*\n.*run: gh-mcp-proxy login --profile work/,
  );
});

test('a login that cannot be opened is shown with the reason; exit code 1', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const passphrase = path.join(tempDir(), 'passphrase');
  writeFileSync(passphrase, 'correct horse battery staple\n', { mode: 0o600 });
  await logInAtShell(github, stateDir, { args: ['--passphrase-file', passphrase] });
  expect((await statusOf(stateDir)).logins).toMatchObject([
    { account: 'octocat', store: 'file (passphrase)' },
  ]);
  writeFileSync(passphrase, 'a wrong one\n');
  const { code, stdout } = await runCommand(['status', '--state-dir', stateDir]);
  expect(code).toBe(1);
  expect(stdout).toMatch(/X The login to \S+ \(file \(passphrase\)\) cannot be opened\n/);
  expect(stdout).toMatch(/ {2}- .*passphrase/);
  const [login] = (await statusOf(stateDir)).logins;
  expect(login).toMatchObject({ account: null, state: 'unreadable', usable: false });
  expect(login?.problem).toMatch(/passphrase/);
  // Nothing was done to it.
  writeFileSync(passphrase, 'correct horse battery staple\n');
  expect(await statusOf(stateDir)).toMatchObject({ code: 0, logins: [{ account: 'octocat', usable: true }] });
});

test('what is asked for by name decides, of several', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'], account: 'hubot' });
  const both = (await statusOf(stateDir)).logins.map(({ profile, account }) => `${profile}: ${account}`);
  expect(new Set(both)).toEqual(new Set(['default: octocat', 'work: hubot']));
  const { stdout } = await runCommand(['status', '--state-dir', stateDir]);
  // One host, and an empty line between its accounts.
  expect(stdout.trimEnd().split('\n\n')).toEqual([
    'Mode: device, because the profile default says so',
    expect.stringMatching(/^127\.0\.0\.1:\d+\n {2}✓ Logged in to /) as string,
    expect.stringMatching(/^ {2}✓ Logged in to /) as string,
  ]);
  const { logins } = await statusOf(stateDir, '--profile', 'work');
  expect(logins.map(({ account }) => account)).toEqual(['hubot']);
  expect(await statusOf(stateDir, '--profile', 'other')).toMatchObject({ code: 4, logins: [] });
  expect(await statusOf(stateDir, '--gh-host', 'github.com')).toMatchObject({ code: 4, logins: [] });
});

test('a state directory that cannot be read is an error, not an empty list', async () => {
  const stateDir = tempDir();
  writeFileSync(path.join(stateDir, 'credentials'), 'no directory');
  chmodSync(path.join(stateDir, 'credentials'), 0o600);
  const { code, stdout, stderr } = await runCommand(['status', '--state-dir', stateDir]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(path.join(stateDir, 'credentials'));
});
