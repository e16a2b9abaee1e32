// What a client sees of a server before anybody has logged in (DESIGN 2.2, 2.3): its own lists with the way to log
// in before them, byte for byte. Not for: the handshake (locked-handshake.test.ts).
import { expect, test } from 'vitest';
import { openJournal } from '../support/journal.ts';
import { loginOptions, logIn, startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import type { RawClient } from '../support/raw-client.ts';
import { startServer } from '../support/server.ts';

async function openLocked(flags: readonly string[] = [], args: readonly string[] = []) {
  const github = await startTestGithub();
  const client = startProxy(loginOptions(github, { flags, args }));
  await client.initialize();
  return { github, client };
}

/** The line of a reply, with the first tool of its list cut out. */
async function listed(client: RawClient, params?: Record<string, unknown>) {
  const reply = await client.requestRaw('"list \\u00e9"', 'tools/list', params);
  const line = client.lineOf(reply).toString();
  const tools = reply.result?.['tools'];
  const first: unknown = Array.isArray(tools) ? tools[0] : undefined;
  const rest = line.replace(`${JSON.stringify(first)},`, '');
  return { reply, line, rest, first };
}

test("auth_login comes first, and the upstream's own tools follow with their exact bytes", async () => {
  const { client } = await openLocked(['--id-last']);
  const direct = startServer('scripted.mjs', ['--id-last']);
  await direct.initialize();
  const [seen, real] = [await listed(client), await listed(direct)];
  expect(toolNames(seen.reply)).toEqual(['auth_login', ...toolNames(real.reply)]);
  expect(seen.rest).toBe(real.line);
  expect(seen.first).toMatchObject({ name: 'auth_login', inputSchema: { type: 'object' } });
  expect(seen.first).not.toHaveProperty('inputSchema.required');
});

test('auth_login is on the first page only, and the cursor stays', async () => {
  const { client } = await openLocked(['--page-size', '5']);
  const first = await client.request('tools/list');
  expect(toolNames(first)).toHaveLength(6);
  expect(toolNames(first)[0]).toBe('auth_login');
  let { nextCursor: cursor } = first.result ?? {};
  expect(cursor).toBe('after-5');
  while (cursor !== undefined) {
    const page = await client.request('tools/list', { cursor });
    expect(toolNames(page)).not.toContain('auth_login');
    cursor = page.result?.['nextCursor'];
  }
});

test("a tool of the upstream's that is called auth_login wins, and ours takes another name", async () => {
  const { github, client } = await openLocked(['--with-tool', 'auth_login']);
  const names = toolNames(await client.request('tools/list'));
  expect(names[0]).toBe('gh_mcp_proxy_auth_login');
  expect(names.filter((name) => name === 'auth_login')).toHaveLength(1);
  expect(toolText(await client.callTool('gh_mcp_proxy_auth_login'))).toContain(
    'call gh_mcp_proxy_auth_login',
  );
  github.approve(await github.waitForCode());
  expect(toolText(await client.callTool('gh_mcp_proxy_auth_login'))).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('auth_login'))).toBe('upstream auth_login');
});

test('a collision that shows on a later page is announced, since the first page has gone out', async () => {
  const { client } = await openLocked(['--with-tool', 'auth_login', '--page-size', '8']);
  const first = await client.request('tools/list');
  expect(toolNames(first)[0]).toBe('auth_login');
  let { nextCursor: cursor } = first.result ?? {};
  while (cursor !== undefined) {
    const page = await client.request('tools/list', { cursor });
    cursor = page.result?.['nextCursor'];
  }
  await client.nextNotification('notifications/tools/list_changed');
  expect(toolNames(await client.request('tools/list'))[0]).toBe('gh_mcp_proxy_auth_login');
});

test("the upstream's other lists and prompts are real while locked, and so is its answer to ping", async () => {
  const { client } = await openLocked();
  const prompts = await client.request('prompts/list');
  expect(prompts.result).toMatchObject({ prompts: [{ name: 'greet' }] });
  const resources = await client.request('resources/list');
  expect(resources.result).toMatchObject({ resources: [{ uri: 'memo://one' }] });
  const templates = await client.request('resources/templates/list');
  expect(templates.result).toMatchObject({ resourceTemplates: [{ name: 'memo' }] });
  const prompt = await client.request('prompts/get', { name: 'greet', arguments: { who: 'you' } });
  expect(JSON.stringify(prompt.result)).toContain('Hello, you');
  expect((await client.request('logging/setLevel', { level: 'error' })).result).toEqual({});
  expect((await client.request('ping')).result).toEqual({});
});

test.each(['resources/read', 'resources/subscribe', 'completion/complete', 'x-unknown/method'])(
  '%s needs a token: it is refused with 4010 and never reaches the upstream (DESIGN 2.5)',
  async (method) => {
    const journal = openJournal();
    const { client } = await openLocked(['--journal', journal.file]);
    const reply = await client.requestRaw('0', method, { uri: 'memo://one' });
    expect(reply.error).toEqual({
      code: 4010,
      message: expect.stringContaining('auth_login') as string,
      data: { reason: 'login_needed', retryable: true },
    });
    await client.request('tools/list');
    expect(journal.methods()).not.toContain(method);
  },
);

test('a subscription that was refused while locked is not made behind the back of the client later', async () => {
  const journal = openJournal();
  const { github, client } = await openLocked(['--journal', journal.file]);
  await client.request('resources/subscribe', { uri: 'memo://one' });
  await logIn(client, github);
  expect(toolText(await client.callTool('echo', { text: 'here' }))).toBe('here');
  expect(journal.methods()).not.toContain('resources/subscribe');
});

test('after the login auth_login is listed no more, and the list has the exact bytes of the upstream', async () => {
  const { github, client } = await openLocked();
  await logIn(client, github);
  await client.nextNotification('notifications/tools/list_changed');
  const direct = startServer('scripted.mjs');
  await direct.initialize();
  const own = await direct.requestRaw('77', 'tools/list');
  const seen = await client.requestRaw('77', 'tools/list');
  expect(client.lineOf(seen)).toEqual(direct.lineOf(own));
});
