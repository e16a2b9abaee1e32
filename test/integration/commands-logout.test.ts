// `gh-mcp-proxy logout`: what it forgets, what it says of the rest, and which login it means.
// Not for: the revocation itself (unit/github/revoke.test.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand } from '../support/command.ts';
import { loggedIn } from '../support/logged-in.ts';
import { startTestGithub } from '../support/login.ts';
import { logInAtShell } from '../support/shell-login.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../support/temp.ts';

test('the only login there is: forgotten, and where its token has to be revoked by hand', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const { code, stdout, stderr } = await runCommand(['logout', '--state-dir', stateDir]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toMatch(/^✓ Logged out of 127\.0\.0\.1:\d+ account octocat\n! /);
  expect(stderr).toContain(`${github.url}/settings/`);
  expect(await runCommand(['token', '--state-dir', stateDir])).toMatchObject({ code: 4, stdout: '' });
  assertNoSecrets({ dirs: [stateDir], buffers: { stderr }, secrets: github.secrets() });
});

test('with the client secret of the app the tokens are revoked', async () => {
  const github = await startTestGithub({
    clients: [{ clientId: CLIENT_IDS.githubApp, kind: 'github-app', clientSecret: 'app-secret-of-a-test' }],
  });
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const env = { GITHUB_OAUTH_CLIENT_SECRET: 'app-secret-of-a-test' };
  const { code, stderr } = await runCommand(['logout', '--state-dir', stateDir], { env });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^✓ Logged out of \S+ account octocat\n$/);
  expect(github.liveTokens()).toEqual([]);
  assertNoSecrets({
    dirs: [stateDir],
    buffers: { stderr },
    secrets: [...github.secrets(), 'app-secret-of-a-test'],
  });
});

test('nobody is logged in: exit code 1, as with gh', async () => {
  const { code, stdout, stderr } = await runCommand(['logout', '--state-dir', tempDir()]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^gh-mcp-proxy: you are not logged in\nTo log in, run: gh-mcp-proxy login/);
});

test('several logins: each with the command for it, and each command works', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'], account: 'hubot' });
  const { code, stderr } = await runCommand(['logout', '--state-dir', stateDir]);
  expect(code).toBe(1);
  const commands = [...stderr.matchAll(/^ {2}gh-mcp-proxy (logout .*)$/gm)].map(([, words = '']) => words);
  expect(commands).toHaveLength(2);
  const work = commands.find((words) => words.includes('--profile work')) ?? '';
  const ended = await runCommand(work.split(' '));
  expect(ended).toMatchObject({ code: 0, stderr: expect.stringContaining('account hubot') as string });
  const { stdout } = await runCommand(['status', '--json', '--state-dir', stateDir]);
  const { logins } = JSON.parse(stdout) as { logins: { account: string; state: string }[] };
  expect(logins.map(({ account, state }) => [account, state])).toEqual([
    ['octocat', 'usable'],
    [null, 'none'],
  ]);
});

test('a profile that is named, of several', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'], account: 'hubot' });
  const { code, stderr } = await runCommand(['logout', '--state-dir', stateDir, '--profile', 'work']);
  expect(code).toBe(0);
  expect(stderr).toContain('account hubot');
  const absent = await runCommand(['logout', '--state-dir', stateDir, '--profile', 'work']);
  expect(absent).toMatchObject({ code: 1, stderr: expect.stringContaining('not logged in') as string });
});

test('the profile stays, so that the next login needs no client id', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'] });
  const before = readFileSync(path.join(stateDir, 'profiles.json'), 'utf8');
  await runCommand(['logout', '--state-dir', stateDir]);
  expect(readFileSync(path.join(stateDir, 'profiles.json'), 'utf8')).toBe(before);
  const { code, stderr } = await runCommand(['token', '--state-dir', stateDir, '--profile', 'work']);
  expect(code).toBe(4);
  expect(stderr).toContain(`run: gh-mcp-proxy login --profile work --state-dir ${stateDir}\n`);
});

test('a login whose key is gone is forgotten all the same', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github });
  const key = filesUnder(stateDir).find((file) => file.endsWith('.key')) ?? '';
  writeFileSync(key, Buffer.alloc(32, 7));
  const { code, stderr } = await runCommand(['logout', '--state-dir', stateDir]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/✓ Logged out of 127\.0\.0\.1:\d+\n/);
  expect(await runCommand(['logout', '--state-dir', stateDir])).toMatchObject({ code: 1 });
});
