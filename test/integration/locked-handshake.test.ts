// The answer to initialize before anybody has logged in: the upstream's own, or one made up where no upstream
// answers (DESIGN 2.2). Not for: lists (locked-lists.test.ts).
import { expect, test } from 'vitest';
import { openJournal } from '../support/journal.ts';
import { loginOptions, logIn, startTestGithub } from '../support/login.ts';
import type { LoginOptions } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { startServer } from '../support/server.ts';

async function open(options: LoginOptions = {}) {
  const github = await startTestGithub();
  return { github, client: startProxy(loginOptions(github, options)) };
}

const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'c', version: '1' },
};

test.each([
  ['has it already', []],
  ['lacks it', ['--no-list-changed']],
])(
  'initialize carries tools.listChanged where the upstream %s; the rest keeps its bytes',
  async (_, flags) => {
    const { client } = await open({ flags });
    const direct = startServer('scripted.mjs', flags);
    const seen = await client.requestRaw('9007199254740993', 'initialize', INITIALIZE);
    const own = await direct.requestRaw('9007199254740993', 'initialize', INITIALIZE);
    expect(seen.result).toHaveProperty('capabilities.tools.listChanged', true);
    const expected = direct.lineOf(own).toString().replace('"tools":{}', '"tools":{"listChanged":true}');
    expect(client.lineOf(seen).toString()).toBe(expected);
  },
);

test('auth-only: no process is started, the handshake is made up and the lists are empty until login', async () => {
  const journal = openJournal();
  const { github, client } = await open({
    args: ['--before-login', 'auth-only'],
    flags: ['--journal', journal.file],
  });
  const { result } = await client.initialize({}, '2024-11-05');
  expect(result).toMatchObject({
    protocolVersion: '2024-11-05',
    capabilities: {
      tools: { listChanged: true },
      prompts: { listChanged: true },
      resources: { listChanged: true },
      completions: {},
      logging: {},
    },
    serverInfo: { name: 'gh-mcp-proxy' },
    instructions: expect.stringContaining('auth_login') as string,
  });
  expect(toolNames(await client.request('tools/list'))).toEqual(['auth_login']);
  expect((await client.request('prompts/list')).result).toEqual({ prompts: [] });
  expect((await client.request('resources/list')).result).toEqual({ resources: [] });
  expect((await client.request('resources/templates/list')).result).toEqual({ resourceTemplates: [] });
  expect((await client.request('logging/setLevel', { level: 'debug' })).result).toEqual({});
  expect((await client.request('ping')).result).toEqual({});
  expect(journal.generations()).toEqual([]);

  expect(await logIn(client, github)).toContain('Logged in as octocat');
  for (const listing of ['tools', 'prompts', 'resources'])
    await client.nextNotification(`notifications/${listing}/list_changed`);
  expect(toolNames(await client.request('tools/list'))).toContain('get_me');
  expect(journal.generations()).toHaveLength(1);
  // What the client had set before there was a server, the server is told.
  expect(journal.methods().slice(0, 3)).toEqual([
    'initialize',
    'notifications/initialized',
    'logging/setLevel',
  ]);
});

test('a made-up handshake offers the newest revision to a client of one that is not known', async () => {
  const { client } = await open({ args: ['--before-login', 'auth-only'] });
  const { result } = await client.initialize({}, '1999-01-01');
  expect(result).toHaveProperty('protocolVersion', '2025-11-25');
});

test.each([
  ['exits when it is given the placeholder', ['--require-token', '^ghu_']],
  ['exits as soon as it has shaken hands', ['--require-token', '.', '--exit-after-init']],
])('an upstream that %s: auth_login is listed, and the client stays connected', async (_, flags) => {
  const { client } = await open({ flags });
  expect((await client.initialize()).result).toHaveProperty('capabilities.tools.listChanged', true);
  await expect
    .poll(async () => toolNames(await client.request('tools/list')), { timeout: 10_000 })
    .toEqual(['auth_login']);
  expect(toolText(await client.callTool('get_me'))).toContain('/login/device');
});

test('an upstream that starts only with a token serves after the login, with all its lists announced', async () => {
  const { github, client } = await open({ flags: ['--require-token', '^ghu_'] });
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))).toEqual(['auth_login']);
  expect(await logIn(client, github)).toContain('Logged in as octocat');
  for (const listing of ['tools', 'prompts', 'resources'])
    await client.nextNotification(`notifications/${listing}/list_changed`);
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
});

test('a slow upstream: the locked client is answered within about 2 s, and told when the lists are there', async () => {
  const { client } = await open({ flags: ['--init-delay', '3000'] });
  const start = performance.now();
  const { result } = await client.initialize();
  const waited = performance.now() - start;
  expect(result).toHaveProperty('serverInfo.name', 'gh-mcp-proxy');
  // Cline gives 3 s to initialize; what is over 2 s is the start of two processes on a busy machine.
  expect(waited).toBeGreaterThan(1900);
  expect(waited).toBeLessThan(2900);
  expect(toolNames(await client.request('tools/list'))).toEqual(['auth_login']);
  for (const listing of ['tools', 'prompts', 'resources'])
    await client.nextNotification(`notifications/${listing}/list_changed`);
  expect(toolNames(await client.request('tools/list'))).toEqual(
    expect.arrayContaining(['auth_login', 'get_me']),
  );
  expect((await client.request('prompts/list')).result).toHaveProperty('prompts.0.name', 'greet');
});

test('an upstream that never answers does not stand in the way of a login', async () => {
  const { client } = await open({ server: 'silent.mjs' });
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))).toEqual(['auth_login']);
  expect(toolText(await client.callTool('auth_login'))).toContain('/login/device');
});

test('before initialize: ping is answered, and the newer revision gets the truth (DESIGN 2.6)', async () => {
  const { client } = await open();
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
  expect((await client.request('ping')).result).toEqual({});
  expect((await client.requestRaw('0', 'server/discover', { _meta })).error).toMatchObject({ code: -32601 });
  expect((await client.requestRaw('"0"', 'tools/list', { _meta })).error).toMatchObject({
    code: -32022,
    data: { supported: ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'], requested: '2026-07-28' },
  });
  expect((await client.request('tools/list')).error).toMatchObject({ code: -32600 });
  // None of it spoils the session: the upstream has not heard of it (FACTS, github-mcp-server).
  expect((await client.initialize()).result).toHaveProperty('serverInfo.name', 'scripted');
  expect(toolNames(await client.request('tools/list'))).toContain('get_me');
});
