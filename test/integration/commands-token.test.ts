// `gh-mcp-proxy token` and `refresh`: what a script gets, when it is renewed, and what windows do meanwhile.
// Not for: the refresh itself (unit/auth), or many processes at once (sharing-*.test.ts).
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand } from '../support/command.ts';
import { loggedIn } from '../support/logged-in.ts';
import { startTestGithub, TOKEN_PATH } from '../support/login.ts';
import { logInAtShell } from '../support/shell-login.ts';
import { due } from '../support/session.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';

test('stdout has the token and a newline, stderr nothing', async () => {
  const github = await startTestGithub();
  const { token, stateDir } = await loggedIn({ github });
  expect(await runCommand(['token', '--state-dir', stateDir])).toMatchObject({
    code: 0,
    stdout: `${token}\n`,
    stderr: '',
  });
  expect(github.requests).toEqual([]);
});

test('one that is due is renewed first', async () => {
  const github = await startTestGithub();
  const { token, stateDir } = await loggedIn({ github, ...due() });
  const { code, stdout, stderr } = await runCommand(['token', '--state-dir', stateDir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(`${github.liveTokens()[0]}\n`);
  expect(stdout).not.toContain(token);
  // Kept for the next one, and for every window.
  expect((await runCommand(['token', '--state-dir', stateDir])).stdout).toBe(stdout);
  expect(github.count(TOKEN_PATH)).toBe(1);
});

test('one that is due while GitHub cannot answer is given out all the same, with a warning', async () => {
  const github = await startTestGithub();
  const { token, stateDir } = await loggedIn({ github, ...due() });
  github.fault({ path: TOKEN_PATH, kind: 'status', status: 500, times: 9 });
  const { code, stdout, stderr } = await runCommand(['token', '--state-dir', stateDir]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${token}\n` });
  expect(stderr).toMatch(/warn: the token could not be renewed, and will soon expire/);
});

test('one that has expired while GitHub cannot answer: exit code 1, for it may be had later', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
  github.fault({ path: TOKEN_PATH, kind: 'status', status: 500, times: 9 });
  const { code, stdout, stderr } = await runCommand(['token', '--state-dir', stateDir]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('HTTP 500');
});

test.each(['token', 'refresh'])(
  '%s, and nobody is logged in: exit code 4 and the command',
  async (command) => {
    const { code, stdout, stderr } = await runCommand([command, '--state-dir', tempDir()]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(
      /^gh-mcp-proxy: you are not logged in to github\.com\nTo log in, run: gh-mcp-proxy login --oauth-client-id CLIENT_ID --state-dir \S+\n$/,
    );
  },
);

test.each(['token', 'refresh'])(
  '%s, and GitHub renews it no more: exit code 4 and the command',
  async (command) => {
    const github = await startTestGithub();
    const { stateDir } = await loggedIn({ github, expiresAt: Date.now() - 1000 });
    github.revokeAll('octocat');
    const { code, stdout, stderr } = await runCommand([command, '--state-dir', stateDir]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(
      /does not accept the refresh token.*\nTo log in again, run: gh-mcp-proxy login --gh-host/,
    );
    expect(stderr).not.toContain('auth_login');
  },
);

test('logins of other profiles only: none is taken in silence, and each is named', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir, { args: ['--profile', 'one'] });
  await logInAtShell(github, stateDir, { args: ['--profile', 'two'], account: 'hubot' });
  const { code, stdout, stderr } = await runCommand(['token', '--state-dir', stateDir]);
  expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
  expect(stderr).toMatch(
    /^gh-mcp-proxy: you are not logged in to github\.com\nTo log in, run: .*\nThere are other logins:/,
  );
  expect(stderr).toContain('  gh-mcp-proxy token --profile one ');
  const [, words = ''] = /^ {2}gh-mcp-proxy (token --profile two .*)$/m.exec(stderr) ?? [];
  expect((await runCommand(words.split(' '))).stdout.trim()).toBe(github.liveTokens()[1]);
});

test('a login that was made inside a client, under no profile, is found without being named', async () => {
  const github = await startTestGithub();
  const { stateDir, token } = await loggedIn({ github });
  expect((await runCommand(['token', '--state-dir', stateDir])).stdout).toBe(`${token}\n`);
  await loggedIn({ github, stateDir, clientId: CLIENT_IDS.oauthApp });
  const { code, stderr } = await runCommand(['token', '--state-dir', stateDir]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^gh-mcp-proxy: there are 2 logins\nSay which one:\n {2}gh-mcp-proxy token --profile default /,
  );
});

test('refresh renews although it is not due, and says until when', async () => {
  const github = await startTestGithub();
  const { token, stateDir } = await loggedIn({ github });
  const { code, stdout, stderr } = await runCommand(['refresh', '--state-dir', stateDir]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
  expect(stderr).toMatch(
    /^✓ Renewed the token of 127\S+ account octocat; it expires in 7 h 59 min \(\d{4}-\d\d-\d\d \d\d:\d\d\)\n$/,
  );
  expect(github.liveTokens()).not.toContain(token);
  expect((await runCommand(['token', '--state-dir', stateDir])).stdout.trim()).toBe(github.liveTokens()[0]);
  assertNoSecrets({ dirs: [stateDir], buffers: { stderr }, secrets: github.secrets() });
});

test('refresh spends no token where it could not store the next one', async () => {
  const github = await startTestGithub();
  const { stateDir, token } = await loggedIn({ github });
  const records = path.join(stateDir, 'credentials');
  const name = readdirSync(records).find((file) => file.endsWith('.json')) ?? '';
  // In the place of the lock: nobody can take that.
  writeFileSync(path.join(records, name.replace('json', 'refresh.lock')), '');
  const { code, stderr } = await runCommand(['refresh', '--state-dir', stateDir]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot lock .*refresh\.lock/);
  expect(github.count(TOKEN_PATH)).toBe(0);
  expect((await runCommand(['token', '--state-dir', stateDir])).stdout).toBe(`${token}\n`);
});

test('a token that does not expire is not renewed, and that is no failure', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github, clientId: CLIENT_IDS.oauthApp });
  const { code, stderr } = await runCommand(['refresh', '--state-dir', stateDir]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/^! The token of \S+ account octocat does not expire: there is nothing to renew\n$/);
  expect(github.requests).toEqual([]);
});

test('ten at once: one of them asks GitHub, all print the same', async () => {
  const github = await startTestGithub();
  const { stateDir } = await loggedIn({ github, ...due() });
  const all = await Promise.all(
    Array.from({ length: 10 }, () => runCommand(['token', '--state-dir', stateDir])),
  );
  expect(all.map(({ code }) => code)).toEqual(Array.from({ length: 10 }, () => 0));
  expect(new Set(all.map(({ stdout }) => stdout))).toEqual(new Set([`${github.liveTokens()[0]}\n`]));
  expect(github.count(TOKEN_PATH)).toBe(1);
});
