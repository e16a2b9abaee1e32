// What a wrapped server is given: the parent's environment less what is the proxy's own, plus the token, and nothing
// in any command line (DESIGN 2.5). Not for: each rule by itself (unit/upstream/environment.test.ts).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { loggedIn } from '../support/logged-in.ts';
import { toolText } from '../support/messages.ts';
import { descendantsOf, readEnviron } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';

/** Nobody has to be asked for a placeholder. */
const LOCKED = [
  '--auth',
  'device',
  '--gh-host',
  'http://127.0.0.1:9',
  '--oauth-client-id',
  CLIENT_IDS.githubApp,
];

/** Whatever else the environment offers: a client secret, for one, would make it the browser flow. */
const DEVICE = ['--auth', 'device'];

/** Settings of the proxy, and tokens that must not lead the server to another account. */
const OWN = {
  GITHUB_OAUTH_CLIENT_ID: CLIENT_IDS.githubApp,
  GITHUB_OAUTH_CLIENT_SECRET: 'oauth-client-secret',
  // Other scopes would be another login.
  GITHUB_OAUTH_SCOPES: '',
  GITHUB_APP_ID: '1',
  GITHUB_APP_PRIVATE_KEY: 'private-key',
  GH_MCP_PROXY_LOG_LEVEL: 'warn',
  GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET: 'exchange-client-secret',
  GITHUB_TOKEN: 'ghp_ofSomebodyElse',
  GH_TOKEN: 'ghp_ofSomebodyElse',
  GITHUB_PERSONAL_ACCESS_TOKEN: 'ghp_ofSomebodyElse',
};

/** What is no business of the proxy's. */
const OTHERS = {
  LANG: 'C',
  GITHUB_TOOLSETS: 'all',
  NODE_AUTH_TOKEN: 'for-a-registry',
  EMPTY: '',
  'with space': '1',
};

async function start(args: readonly string[], env: Record<string, string>) {
  const client = startProxy({ args, env, command: serverCommand('scripted.mjs') });
  await client.initialize();
  await client.request('tools/list');
  const [server = 0] = descendantsOf(client.pid);
  return { client, server, environment: readEnviron(server) };
}

test('the child has exactly the variables of the parent, less the own ones, plus token and host', async () => {
  const { args, token } = await loggedIn();
  const { environment, client } = await start([...DEVICE, ...args], { ...OWN, ...OTHERS });
  const { PATH, HOME, ...rest } = environment;
  expect([PATH, HOME]).not.toContain(undefined);
  expect(rest).toEqual({ ...OTHERS, GITHUB_PERSONAL_ACCESS_TOKEN: token, GITHUB_HOST: 'http://127.0.0.1:9' });
  const own = JSON.parse(toolText(await client.callTool('env'))) as { names: string[] };
  expect(own.names).toEqual(Object.keys(environment).sort());
});

test('the token goes under every name of --token-env, and under no other', async () => {
  const { args, token } = await loggedIn();
  const names = ['--token-env', 'GITLAB_TOKEN', '--token-env', 'GITHUB_TOKEN,MY_TOKEN'];
  const { environment } = await start([...DEVICE, ...args, ...names], { ...OWN, ...OTHERS });
  const { PATH: _path, HOME: _home, GITHUB_HOST: _host, ...rest } = environment;
  expect(rest).toEqual({ ...OTHERS, GITLAB_TOKEN: token, GITHUB_TOKEN: token, MY_TOKEN: token });
});

test('a host that is set in the environment stays as it is', async () => {
  const { args, token } = await loggedIn();
  const { environment } = await start(args, { GITHUB_HOST: 'http://127.0.0.1:9/' });
  expect(environment).toMatchObject({
    GITHUB_HOST: 'http://127.0.0.1:9/',
    GITHUB_PERSONAL_ACCESS_TOKEN: token,
  });
});

test('without a host the child gets none', async () => {
  const { environment } = await start(['--oauth-client-id', CLIENT_IDS.githubApp], {});
  expect(environment).not.toHaveProperty('GITHUB_HOST');
});

test('while locked there is a placeholder, of which no server takes itself for logged in', async () => {
  const { environment } = await start(LOCKED, OWN);
  const placeholder = environment['GITHUB_PERSONAL_ACCESS_TOKEN'] ?? '';
  expect(placeholder).not.toMatch(/^(gh[opusr]_|github_pat_)/);
  expect(placeholder).not.toBe('');
  expect(Object.values(environment).join()).not.toContain('ghp_');
});

test('no command line holds a token', async () => {
  const { args, token } = await loggedIn();
  const { client, server } = await start([...DEVICE, ...args], OWN);
  for (const pid of [client.pid, server]) {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    expect(line).toContain('scripted.mjs');
    for (const secret of [token, ...Object.values(OWN).filter((value) => value.length > 10)])
      expect(line.replace(CLIENT_IDS.githubApp, '')).not.toContain(secret);
  }
  expect(Object.values(readEnviron(client.pid))).not.toContain(token);
});

test('the server runs in the directory of the proxy', async () => {
  const { args } = await loggedIn();
  const client = startProxy({
    args,
    cwd: '/',
    command: [process.execPath, '-e', 'console.error(process.cwd())'],
  });
  expect((await client.waitForStderr(/^\/.*$/m))[0]).toBe('/');
});
