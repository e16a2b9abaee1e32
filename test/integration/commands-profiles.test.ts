// Profiles under a real `run`: which one is used, one that is missing, and a file of them that is damaged.
// Not for: which of its values count (unit/cli/profiles.test.ts).
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, startCommand } from '../support/command.ts';
import { codeIn, startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { loginArgs, logInAtShell } from '../support/shell-login.ts';
import { serverCommand } from '../support/spawned.ts';
import { tempDir } from '../support/temp.ts';

const command = serverCommand('scripted.mjs');

test('--profile NAME and its variable choose the account', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir, { args: ['--profile', 'work'] });
  for (const options of [{ args: ['--profile', 'work'] }, { env: { GH_MCP_PROXY_PROFILE: 'work' } }]) {
    const client = startProxy({
      command,
      env: { ...options.env, GH_MCP_PROXY_STATE_DIR: stateDir },
      args: options.args ?? [],
    });
    await client.initialize();
    expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
    client.end();
    await client.closed;
  }
});

test('after a logout the profile still leads to a login, with nothing else given', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  await runCommand(['logout', '--state-dir', stateDir]);
  const client = startProxy({ args: ['--state-dir', stateDir, '--open-browser', 'never'], command });
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
  expect(codeIn(toolText(await client.callTool('auth_login')))).toBe(await github.waitForCode());
});

test('a profile that does not exist: exit code 2, and the command that makes it', async () => {
  const stateDir = tempDir();
  const client = startProxy({ args: ['--profile', 'wrok', '--state-dir', stateDir], command });
  expect(await client.closed).toMatchObject({ code: 2 });
  expect(client.stdoutBytes()).toHaveLength(0);
  expect(client.stderrText()).toBe(
    `gh-mcp-proxy: there is no profile wrok in ${stateDir}/profiles.json\n` +
      'Make it: gh-mcp-proxy login --profile wrok --oauth-client-id CLIENT_ID (and --gh-host HOST, if it is not github.com).\n',
  );
});

test('a damaged file is kept aside and named; the next login makes a new one', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  await logInAtShell(github, stateDir);
  const file = path.join(stateDir, 'profiles.json');
  const good = readFileSync(file);
  writeFileSync(file, good.subarray(0, -5));
  const client = startProxy({ args: ['--state-dir', stateDir], command });
  await client.initialize();
  await client.waitForStderr(
    /warn: the profiles in .*profiles\.json are damaged; kept as .*profiles\.json\.damaged-1\./,
  );
  client.end();
  await client.closed;
  expect(readFileSync(`${file}.damaged-1`)).toEqual(good.subarray(0, -5));
  expect(readdirSync(stateDir)).not.toContain('profiles.json');
  // The login itself was never in it.
  const again = await runCommand(loginArgs(github, stateDir));
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('octocat already') as string });
  expect(readFileSync(file)).toEqual(good);
});

test('logins under several profiles at once are all kept', async () => {
  const github = await startTestGithub();
  const stateDir = tempDir();
  const names = ['a', 'b', 'c', 'd'];
  const commands = names.map((name) => startCommand(loginArgs(github, stateDir, '--profile', name)));
  for (const _ of names) github.approve(await github.waitForCode());
  for (const one of commands) expect(await one.ended).toMatchObject({ code: 0 });
  const { profiles } = JSON.parse(readFileSync(path.join(stateDir, 'profiles.json'), 'utf8')) as {
    profiles: Record<string, unknown>;
  };
  expect(Object.keys(profiles).toSorted()).toEqual(names);
});
