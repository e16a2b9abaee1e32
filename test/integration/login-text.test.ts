// The lowest rung of the login ladder (DESIGN 2.3): text that is enough by itself, later calls that join, calls
// that the client takes back, and progress. Not for: elicitation (login-elicitation.test.ts).
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { CODE_PATH, codeIn, logIn, openLocked, pollsOf, TOKEN_PATH } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';

test('the text holds the address, the code, how long it lasts and the next step, and is no failure', async () => {
  const { github, client } = await openLocked();
  const answer = await client.callTool('auth_login');
  const text = toolText(answer);
  expect(text).toContain(`${github.url}/login/device `);
  expect(text).toContain(await github.waitForCode());
  expect(text).toContain('15 more minutes');
  expect(text).toContain('call auth_login');
  expect(answer.result).not.toHaveProperty('isError');
});

test('a call that comes while the code waits joins it: one code for all, and all are done with it', async () => {
  const { github, client } = await openLocked();
  const code = codeIn(toolText(await client.callTool('auth_login')));
  const joined = [
    client.callTool('auth_login'),
    client.callTool('get_me'),
    client.callTool('echo', { text: 'x' }),
  ];
  // The three have arrived when this is answered.
  await client.request('ping');
  github.approve(code);
  const texts = (await Promise.all(joined)).map(toolText);
  expect(texts[0]).toContain('Logged in as octocat');
  expect(texts.slice(1)).toEqual(['{"login":"octocat"}', 'x']);
  expect(github.count(CODE_PATH)).toBe(1);
});

test('two calls at once begin one flow, and both get its text', async () => {
  const { github, client } = await openLocked();
  const [one, two] = await Promise.all([client.callTool('auth_login'), client.callTool('get_me')]);
  expect(codeIn(toolText(one))).toBe(codeIn(toolText(two)));
  expect(github.count(CODE_PATH)).toBe(1);
  // The call of a tool has not run, and its caller must not take the text for its result.
  expect(one.result).not.toHaveProperty('isError');
  expect(two.result).toHaveProperty('isError', true);
});

test('list_changed comes before the answer of the call that was waiting', async () => {
  const { github, client } = await openLocked();
  await logIn(client, github);
  const changed = client.messages.findIndex(({ method }) => method === 'notifications/tools/list_changed');
  const answered = client.messages.findIndex(
    (message) => message.result?.['content'] !== undefined && toolText(message).startsWith('Logged in'),
  );
  expect(changed).toBeGreaterThan(-1);
  expect(changed).toBeLessThan(answered);
});

test('auth_login called after the login says who is logged in and asks GitHub for nothing', async () => {
  const { github, client } = await openLocked();
  await logIn(client, github);
  const asked = github.requests.length;
  const answer = await client.callTool('auth_login');
  expect(toolText(answer)).toMatch(/^Logged in as octocat \(127\.0\.0\.1:\d+\), expires .* UTC/);
  expect(answer.result).not.toHaveProperty('isError');
  expect(github.requests).toHaveLength(asked);
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
});

test('scopes of the call are asked for on top of the configured ones; an OAuth App token does not expire', async () => {
  const { github, client } = await openLocked({
    clientId: CLIENT_IDS.oauthApp,
    args: ['--oauth-scopes', 'repo, gist'],
  });
  const text = toolText(await client.callTool('auth_login', { scopes: ['read:org', 'repo', 7] }));
  expect(github.requests.find(({ path }) => path === CODE_PATH)?.body).toMatchObject({
    client_id: CLIENT_IDS.oauthApp,
    scope: 'repo gist read:org',
  });
  github.approve(codeIn(text));
  const done = toolText(await client.callTool('auth_login'));
  expect(done).toMatch(/^Logged in as octocat \(127\.0\.0\.1:\d+\), does not expire\.$/);
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');

  // All of them were granted: asking for one of them again is no reason for another login.
  expect(toolText(await client.callTool('auth_login', { scopes: ['gist'] }))).toBe(done);
});

test('a login for more scopes keeps those that were granted before, and the old token serves meanwhile', async () => {
  const { github, client } = await openLocked({
    clientId: CLIENT_IDS.oauthApp,
    args: ['--oauth-scopes', 'repo'],
  });
  github.approve(codeIn(toolText(await client.callTool('auth_login', { scopes: ['gist'] }))));
  await client.callTool('auth_login');
  const since = github.requests.length;
  const text = toolText(await client.callTool('auth_login', { scopes: ['workflow'] }));
  expect(github.requests[since]?.body).toMatchObject({ scope: 'repo gist workflow' });
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  github.approve(codeIn(text));
  expect(toolText(await client.callTool('auth_login', { scopes: ['workflow'] }))).toContain('Logged in');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
});

test('a call that the client takes back is not answered, and the flow goes on for the next', async () => {
  const { github, client } = await openLocked();
  const code = codeIn(toolText(await client.callTool('auth_login')));
  client.send({ jsonrpc: '2.0', id: 'given up', method: 'tools/call', params: { name: 'get_me' } });
  client.notify('notifications/cancelled', { requestId: 'given up' });
  const joined = client.callTool('auth_login');
  await client.request('ping');
  github.approve(code);
  expect(toolText(await joined)).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('echo', { text: 'last' }))).toBe('last');
  expect(client.messages.some(({ id }) => id === 'given up')).toBe(false);
  expect(github.count(CODE_PATH)).toBe(1);
});

test('a call that was taken back before the code came does not use the code up', async () => {
  const { github, client } = await openLocked();
  github.fault({ path: CODE_PATH, kind: 'slow', delayMs: 200 });
  client.send({ jsonrpc: '2.0', id: 'given up', method: 'tools/call', params: { name: 'get_me' } });
  client.notify('notifications/cancelled', { requestId: 'given up' });
  const code = await github.waitForCode();
  await github.waitForRequest(({ path }) => path === TOKEN_PATH);
  expect(codeIn(toolText(await client.callTool('auth_login')))).toBe(code);
});

test.each(['"text \\u00e9"', '7', '9007199254740993'])(
  'progress with the token %s, as the client wrote it, says where to go',
  async (token) => {
    const { github, client } = await openLocked();
    const code = codeIn(toolText(await client.callTool('auth_login')));
    const params = `{"name":"get_me","_meta":{"progressToken":${token}}}`;
    client.send(`{"jsonrpc":"2.0","id":"p","method":"tools/call","params":${params}}`);
    const progress = await client.nextNotification('notifications/progress');
    expect(client.lineOf(progress).toString()).toContain(`"progressToken":${token},"progress":`);
    expect(progress.params?.['message']).toContain(`${github.url}/login/device`);
    expect(progress.params?.['message']).toContain(code);
    github.approve(code);
    expect(toolText(await client.nextMessage(({ id }) => id === 'p'))).toBe('{"login":"octocat"}');
  },
);

test('a code that has expired unseen is followed by a new one', async () => {
  const { github, client } = await openLocked();
  const code = codeIn(toolText(await client.callTool('auth_login')));
  github.expireCode(code);
  await client.waitForStderr(/the code expired before anybody entered it/);
  const polls = pollsOf(github).length;
  const next = codeIn(toolText(await client.callTool('auth_login')));
  expect(next).not.toBe(code);
  expect(github.pendingCodes()).toEqual([next]);
  const old = pollsOf(github)[0]?.body['device_code'];
  await github.waitForRequest(() => pollsOf(github).length > polls + 2);
  expect(pollsOf(github, old)).toHaveLength(polls);
});
