// The end of a session in the middle of a login: prompt, and with nothing left behind but the code, which a person may
// approve yet (DESIGN 2.3, 2.5).
// Not for: the end of a session that is logged in.
import { expect, test } from 'vitest';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { assertOnlyCodeLeft } from '../support/login-left.ts';
import { CODE_PATH, loginOptions, pollsOf, startTestGithub } from '../support/login.ts';
import type { Json } from '../support/messages.ts';
import { waitUntilGone } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import type { RawClient } from '../support/raw-client.ts';
import { tempDir } from '../support/temp.ts';

/** "The whole goodbye takes under 2 s" (DESIGN 2.5). */
const GOODBYE_MS = 2000;

type Moment = (client: RawClient, github: GithubEmulator) => Promise<unknown>;

const moments: [string, Json, Moment][] = [
  [
    'the request for a code is not answered',
    {},
    (client, github) => {
      github.fault({ path: CODE_PATH, kind: 'hang' });
      client.send({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params: { name: 'get_me' } });
      return github.waitForRequest(({ path }) => path === CODE_PATH);
    },
  ],
  [
    'a dialog is open',
    { elicitation: { url: {} } },
    (client) => {
      client.send({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params: { name: 'get_me' } });
      return client.nextMessage(({ method }) => method === 'elicitation/create');
    },
  ],
  [
    'nobody waits and it polls',
    {},
    async (client, github) => {
      await client.callTool('get_me');
      await github.waitForRequest(() => pollsOf(github).length > 1);
    },
  ],
];

test.each(moments)('stdin closes while %s', async (_name, capabilities, until) => {
  const github = await startTestGithub();
  const home = tempDir();
  const client = startProxy(loginOptions(github, { env: { HOME: home } }));
  await client.initialize(capabilities);
  await until(client, github);
  const start = performance.now();
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  await waitUntilGone(`HOME=${home}`, GOODBYE_MS);
  expect(performance.now() - start).toBeLessThan(GOODBYE_MS);
  assertOnlyCodeLeft(home);
});

test('no poll is sent after the end of stdin, not even while the upstream takes its time to end', async () => {
  const github = await startTestGithub();
  const home = tempDir();
  const client = startProxy(loginOptions(github, { server: 'ignores-sigterm.mjs', env: { HOME: home } }));
  await client.initialize();
  await client.callTool('get_me');
  await github.waitForRequest(() => pollsOf(github).length > 1);
  const end = Date.now();
  client.end();
  await client.closed;
  // Many intervals have passed: at most the poll that was under way when stdin closed is in the record.
  expect(Date.now() - end).toBeGreaterThan(250);
  expect(pollsOf(github).filter(({ at }) => at > end + 100)).toEqual([]);
  await waitUntilGone(`HOME=${home}`, GOODBYE_MS);
});

test('SIGTERM in the middle of a login ends it as well', async () => {
  const github = await startTestGithub();
  const home = tempDir();
  const client = startProxy(loginOptions(github, { env: { HOME: home } }));
  await client.initialize();
  await client.callTool('auth_login');
  client.kill('SIGTERM');
  expect(await client.closed).toEqual({ code: 143, signal: null });
  await waitUntilGone(`HOME=${home}`, GOODBYE_MS);
});
