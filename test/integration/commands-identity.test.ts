// Several accounts: each under a profile of its own, and none ever switched in silence (DESIGN 2.8).
// Not for: the questions that are asked on a terminal (commands-terminal.test.ts).
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand, startCommand } from '../support/command.ts';
import { CODE_PATH, startTestGithub } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { loginArgs, logInAtShell } from '../support/shell-login.ts';
import { serverCommand } from '../support/spawned.ts';
import { tempDir } from '../support/temp.ts';

test('two accounts at once, each where its profile is named', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'], account: 'hubot' });
  for (const [args, account] of [
    [[], 'octocat'],
    [['--profile', 'work'], 'hubot'],
  ] as const) {
    const client = startProxy({
      args: ['--state-dir', stateDir, ...args],
      command: serverCommand('scripted.mjs'),
    });
    await client.initialize();
    expect(toolText(await client.callTool('get_me'))).toBe(`{"login":"${account}"}`);
    client.end();
    await client.closed;
  }
  const token = await runCommand(['token', '--profile', 'work', '--state-dir', stateDir]);
  expect(token.stdout.trim()).toBe(github.liveTokens()[1]);
});

test('another account under the same profile is refused where nobody can be asked', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const [mine] = github.liveTokens();
  const command = startCommand([...loginArgs(github, stateDir), '--force']);
  github.approve(await github.waitForCode(), 'hubot');
  const { code, stderr } = await command.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/that of octocat, but this one was approved as hubot, so nothing was changed/);
  expect(stderr).toMatch(/Log out first: gh-mcp-proxy logout --profile default/);
  expect(stderr).toMatch(/gh-mcp-proxy login --profile NAME/);
  const token = await runCommand(['token', '--state-dir', stateDir]);
  expect(token.stdout.trim()).toBe(mine);
});

test('a profile does not go to another host where nobody can be asked', async () => {
  const [first, second] = [await startTestGithub(), await startTestGithub()];
  const stateDir = tempDir();
  await logInAtShell(first, stateDir);
  const { code, stderr } = await runCommand(loginArgs(second, stateDir));
  expect(code).toBe(1);
  expect(stderr).toContain('the profile default is logged in to ');
  expect(stderr).toContain(`Log out first: gh-mcp-proxy logout --profile default --gh-host ${first.url}`);
  expect(second.count(CODE_PATH)).toBe(0);
});

test('other scopes: a new login takes the place of the former one, which is logged out', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const app = ['--oauth-client-id', CLIENT_IDS.oauthApp];
  await logInAtShell(github, stateDir, { args: [...app, '--oauth-scopes', 'repo'] });
  const command = startCommand([...loginArgs(github, stateDir), ...app, '--oauth-scopes', 'repo,gist']);
  github.approve(await github.waitForCode());
  const { code, stderr } = await command.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/✓ Logged out of 127\S+ account octocat, the former login of the profile/);
  const { stdout } = await runCommand(['status', '--json', '--state-dir', stateDir]);
  expect(JSON.parse(stdout)).toMatchObject({ logins: [{ scopes: ['repo', 'gist'], profile: 'default' }] });
});

test('another app, approved by somebody else: the new login is given back, the old one stays', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const command = startCommand([...loginArgs(github, stateDir), '--oauth-client-id', CLIENT_IDS.oauthApp]);
  github.approve(await github.waitForCode(), 'hubot');
  const { code, stderr } = await command.ended;
  expect(code).toBe(1);
  expect(stderr).toContain('the profile default is the login of octocat, and you logged in as hubot');
  const { stdout } = await runCommand(['status', '--json', '--state-dir', stateDir]);
  expect(JSON.parse(stdout)).toMatchObject({
    logins: [{ account: 'octocat', clientId: CLIENT_IDS.githubApp, usable: true }],
  });
});
