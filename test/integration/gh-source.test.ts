// `--auth gh` in a session, with a gh that keeps its logins in a file. Not for: each of gh's answers (unit/auth/gh.test.ts).
import path from 'node:path';
import { expect, test } from 'vitest';
import { writeHosts } from '../../fixtures/gh/hosts.mjs';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { toolNames, toolText } from '../support/messages.ts';
import { endCleanly, newToken, openUnattended } from '../support/unattended.ts';

const ME = '{"login":"octocat"}';
const GH = path.join(import.meta.dirname, '../../fixtures/gh/bin');

/** gh is in PATH, and a token in the environment that is not its login's. */
const env = {
  PATH: `${GH}${path.delimiter}${process.env['PATH'] ?? ''}`,
  GITHUB_TOKEN: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
  GH_ENTERPRISE_TOKEN: 'ghp_0123456789abcdefghijABCDEFGHIJ012345',
};

/** Logs gh in. */
function keep(home: string, github: GithubEmulator, token: string): void {
  const { host } = new URL(github.url);
  writeHosts({ HOME: home }, { [host]: { user: 'octocat', users: { octocat: token } } });
}

test("gh's login serves; once it is refused the answer is gh's own command, and what that brings serves", async () => {
  let [home, first] = ['', ''];
  const session = await openUnattended((github, HOME) => {
    [home, first] = [HOME, newToken(github)];
    keep(HOME, github, first);
    return { args: ['--auth', 'gh'], env };
  });
  const { client, github } = session;
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  github.revoke(first);
  const refused = toolText(await client.callTool('get_me'));
  expect(refused).toContain(`gh auth refresh --hostname ${new URL(github.url).host}`);
  expect(refused).not.toContain('auth_login');
  keep(home, github, newToken(github));
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  await endCleanly(session);
});

test('without gh the answer says how to get it', async () => {
  const session = await openUnattended(() => ({ args: ['--auth', 'gh'], env: { GH_PATH: '/nowhere/gh' } }));
  expect(toolText(await session.client.callTool('get_me'))).toContain('gh auth login --hostname 127.0.0.1');
  session.client.end();
  expect(await session.client.closed).toEqual({ code: 0, signal: null });
});
