// A client that is gone in the middle of a login: the proxy and its server end, nothing is polled any more, and the next
// proxy can log in. Not for: a client that closes stdin, with nothing to come after it (login-end.test.ts).
import { expect, test } from 'vitest';
import type { GithubEmulator } from '../../../fixtures/github/emulator.mjs';
import { assertOnlyCodeLeft } from '../../support/login-left.ts';
import { CODE_PATH, loginOptions, logIn, pollsOf, startTestGithub, TOKEN_PATH } from '../../support/login.ts';
import { toolText } from '../../support/messages.ts';
import type { Json } from '../../support/messages.ts';
import { waitUntilGone } from '../../support/processes.ts';
import { proxyCommand, startProxy } from '../../support/proxy.ts';
import { assertAnsweredOnce, RecordingClient } from '../../support/recording-client.ts';
import { assertNothingLeft } from '../../support/fault-session.ts';
import { spawnInTest } from '../../support/spawned.ts';
import { filesUnder, tempDir } from '../../support/temp.ts';

/** Its own limit is 2 s; twice that is asserted, for machines that have other things to do. */
const GOODBYE_MS = 4_000;

/** A client that does nothing but pass on what it is told, so that it can be killed without a goodbye. */
const CLIENT = `const [file, ...args] = process.argv.slice(1);
  const proxy = require('node:child_process').spawn(file, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  process.stdin.pipe(proxy.stdin); proxy.stdout.pipe(process.stdout);`;

type Moment = (client: RecordingClient, github: GithubEmulator) => Promise<unknown>;

const call = (client: RecordingClient): void =>
  client.send({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params: { name: 'get_me' } });

const MOMENTS: [string, Json, Moment][] = [
  [
    'a code is asked for',
    {},
    (client, github) => {
      github.fault({ path: CODE_PATH, kind: 'hang' });
      call(client);
      return github.waitForRequest(({ path }) => path === CODE_PATH);
    },
  ],
  [
    'a dialog is open',
    { elicitation: {} },
    (client) => {
      call(client);
      return client.nextMessage(({ method }) => method === 'elicitation/create');
    },
  ],
  [
    'a call waits for the person, and it polls',
    {},
    async (client, github) => {
      await client.callTool('auth_login');
      call(client);
      const before = pollsOf(github).length;
      await github.waitForRequest(() => pollsOf(github).length > before + 1);
    },
  ],
];

const WAYS = MOMENTS.flatMap(([moment, capabilities, comes]) =>
  (['killed', 'closes stdin'] as const).map((way) => ({ way, moment, capabilities, comes })),
);

test.each(WAYS)('$way while $moment', async ({ way, capabilities, comes }) => {
  const github = await startTestGithub();
  const home = tempDir();
  const stateDir = tempDir();
  const store = ['--store', 'file', '--state-dir', stateDir];
  const options = loginOptions(github, { args: store });
  const command = proxyCommand(options);
  const surroundings = { env: { HOME: home, TMPDIR: home } };
  const client = new RecordingClient(
    spawnInTest(way === 'killed' ? [process.execPath, '-e', CLIENT, ...command] : command, surroundings),
  );
  await client.initialize(capabilities);
  await comes(client, github);

  const start = performance.now();
  if (way === 'killed') client.kill('SIGKILL');
  else client.end();
  await waitUntilGone(`HOME=${home}`, GOODBYE_MS);
  expect(performance.now() - start).toBeLessThan(GOODBYE_MS);
  expect(await client.closed).toEqual(
    way === 'killed' ? { code: null, signal: 'SIGKILL' } : { code: 0, signal: null },
  );
  assertAnsweredOnce(client, ['"call"']);
  expect(filesUnder(home)).toEqual([]);
  assertOnlyCodeLeft(stateDir);

  const next = startProxy({ ...options, ...surroundings });
  await next.initialize();
  expect(await logIn(next, github)).toContain('Logged in as octocat');
  expect(toolText(await next.callTool('get_me'))).toBe('{"login":"octocat"}');
  next.end();
  expect(await next.closed).toEqual({ code: 0, signal: null });
  assertNothingLeft(home, stateDir);
});

test('closes stdin while the approval is on its way: it is kept, and the next proxy needs no login', async () => {
  const github = await startTestGithub();
  const store = ['--store', 'file', '--state-dir', tempDir()];
  const options = loginOptions(github, { args: store });
  const client = startProxy(options);
  await client.initialize();
  await client.callTool('auth_login');
  github.fault({ path: TOKEN_PATH, kind: 'slow', delayMs: 300 });
  const asked = pollsOf(github).length;
  github.approve(await github.waitForCode());
  await expect.poll(() => pollsOf(github).length, { interval: 5 }).toBeGreaterThan(asked);
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });

  const next = startProxy(options);
  await next.initialize();
  expect(toolText(await next.callTool('get_me'))).toBe('{"login":"octocat"}');
  next.end();
  expect(await next.closed).toEqual({ code: 0, signal: null });
});
