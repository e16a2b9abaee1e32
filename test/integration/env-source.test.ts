// A token that is in the environment already, passed through to the server. Not for: which way is taken (unit/cli).
import { expect, test } from 'vitest';
import { toolNames, toolText } from '../support/messages.ts';
import { endCleanly, newToken, openUnattended } from '../support/unattended.ts';

const ME = '{"login":"octocat"}';
const NAME = 'GITHUB_PERSONAL_ACCESS_TOKEN';

test.each([
  ['--auth env', ['--auth', 'env']],
  ['nothing else is configured', []],
])('%s: the token serves until it is refused; then its variable is named', async (_why, args) => {
  let token = '';
  const session = await openUnattended((github) => {
    token = newToken(github);
    return { args, env: { [NAME]: token } };
  });
  const { client, github } = session;
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  github.revoke(token);
  const refused = toolText(await client.callTool('get_me'));
  expect(refused).toContain('--auth env has brought the same one again');
  expect(refused).toContain(`Put a new one into ${NAME} and restart this server`);
  expect(refused).not.toContain('auth_login');
  await endCleanly(session);
});
