// `--auth command` in a session: the first token, a new one after a 401, a command that fails or hangs.
// Not for: what a command may print (unit/auth/command-output.test.ts) or its end (unit/auth/helper-command.test.ts).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { toolNames, toolText } from '../support/messages.ts';
import { waitUntilGone } from '../support/processes.ts';
import { endCleanly, newToken, openUnattended } from '../support/unattended.ts';

const ME = '{"login":"octocat"}';

test('a token that is refused is printed anew, and the call gets its real result', async () => {
  let [home, first] = ['', ''];
  const session = await openUnattended((github, HOME) => {
    [home, first] = [HOME, newToken(github)];
    writeFileSync(path.join(HOME, 'token'), `${first}\n`);
    // By which the library that runs commands would show what they print.
    return { args: ['--token-command', 'cat "$HOME/token"'], env: { NODE_DEBUG: 'execa' } };
  });
  const { client, github, journal } = session;
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  github.revoke(first);
  const same = toolText(await client.callTool('get_me'));
  expect(same).toContain('--auth command has brought the same one again');
  expect(same).toContain('Have the command of --token-command print a new one');
  expect(same).not.toContain('auth_login');
  writeFileSync(path.join(home, 'token'), JSON.stringify({ token: newToken(github), expires_in: 3600 }));
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(journal.generations().length).toBeGreaterThan(1);
  await endCleanly(session);
});

test('a command that fails: its last words are the answer, until it is mended', async () => {
  let home = '';
  const session = await openUnattended((_github, HOME) => {
    home = HOME;
    return {
      env: { GH_MCP_PROXY_TOKEN_COMMAND: 'cat "$HOME/token" || { echo "vault is sealed" >&2; exit 2; }' },
    };
  });
  const { client, github } = session;
  expect(toolNames(await client.request('tools/list'))).toContain('get_me');
  const text = toolText(await client.callTool('get_me'));
  expect(text).toMatch(/command of --token-command failed with exit code 2: .*vault is sealed/);
  expect(text).not.toContain('auth_login');
  writeFileSync(path.join(home, 'token'), newToken(github));
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  await endCleanly(session);
});

test('a command that hangs keeps no client waiting, and does not outlive it', async () => {
  let home = '';
  const session = await openUnattended((_github, HOME) => {
    home = HOME;
    return { args: ['--token-command', `trap '' TERM; sleep 600; sleep 600`] };
  });
  expect(toolNames(await session.client.request('tools/list'))).toContain('get_me');
  session.client.end();
  expect(await session.client.closed).toEqual({ code: 0, signal: null });
  await waitUntilGone(`HOME=${home}`, 2_000);
});
