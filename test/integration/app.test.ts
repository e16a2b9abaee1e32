// A session with the tokens of a GitHub App: hours of it in seconds, its recovery, and what is told where there is no token.
// Not for: what is asked of GitHub (test/unit/auth/app*.test.ts).
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { AppOptions } from '../../fixtures/github/app-options.mjs';
import { fingerprint } from '../../fixtures/servers/lib/journal.mjs';
import { openJournal } from '../support/journal.ts';
import { startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets } from '../support/temp.ts';

/** Private: nobody but those with a token see it. */
const REPOSITORY = 'octocat/secret-garden';
const DELETED = 'DELETE /api/v3/installation/token';

async function openApp(options: Partial<AppOptions> = {}, args: readonly string[] = []) {
  const github = await startTestGithub({
    apps: [{ appId: 4711, installations: [{ id: 11, account: 'octocat' }], ...options }],
  });
  const journal = openJournal();
  const client = startProxy({
    args: ['--gh-host', github.url, '--app-owner', 'octocat', '--log-level', 'debug', ...args],
    env: {
      GITHUB_APP_ID: '4711',
      // As people put it into a file of variables.
      GITHUB_APP_PRIVATE_KEY: github.apps[0]!.privateKey.replaceAll('\n', '\\n'),
    },
    command: serverCommand('scripted.mjs', '--journal', journal.file),
  });
  await client.initialize();
  return {
    github,
    client,
    journal,
    look: async () => toolText(await client.callTool('get_repository', { repository: REPOSITORY })),
    close: async (): Promise<void> => {
      client.end();
      expect(await client.closed).toEqual({ code: 0, signal: null });
      const jwts = github.requests
        .map(({ authorization }) => authorization?.split(' ')[1] ?? '')
        .filter((one) => one.includes('.'));
      assertNoSecrets({
        buffers: {
          stdout: client.stdoutBytes(),
          stderr: client.stderrText(),
          journal: readFileSync(journal.file),
        },
        secrets: [...github.secrets(), ...jwts, github.apps[0]!.privateKey.split('\n')[1]!],
      });
    },
  };
}

test('several hours in short: no call fails, each token ends with its server, and none is left', async () => {
  const { github, client, journal, look, close } = await openApp({ tokenLifetime: 3, longTokens: true });
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (journal.generations().length < 4) {
      calls += 1;
      expect(await look()).toBe(`{"name":"${REPOSITORY}"}`);
    }
  };
  await Promise.all([caller(), caller(), caller()]);
  expect(calls).toBeGreaterThan(12);
  // While the session goes on: those that have been replaced.
  await github.waitForRequest(({ method, status }) => method === 'DELETE' && status === 204);
  const { names } = JSON.parse(toolText(await client.callTool('env'))) as { names: string[] };
  expect(names.filter((name) => name.startsWith('GITHUB_'))).toEqual([
    'GITHUB_HOST',
    'GITHUB_PERSONAL_ACCESS_TOKEN',
  ]);
  await close();
  expect(github.liveTokens()).toEqual([]);
  expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
  const issued = github.secrets();
  const used = journal.entries().filter(({ event }) => event === 'start');
  expect(new Set(used.map(({ token }) => token))).toEqual(new Set(issued.map(fingerprint)));
  expect(github.requests.filter(({ method, status }) => method === 'DELETE' && status === 204)).toHaveLength(
    issued.length,
  );
});

test('a token that somebody revoked: the call is made again with a new one, and nobody is asked to log in', async () => {
  const { github, client, look, close } = await openApp();
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  expect(await look()).toBe(`{"name":"${REPOSITORY}"}`);
  github.revoke(github.liveTokens()[0]!);
  expect(await look()).toBe(`{"name":"${REPOSITORY}"}`);
  await close();
  expect(github.liveTokens()).toEqual([]);
  expect(github.count(DELETED)).toBeGreaterThan(0);
});

test('no token: no call reaches the server, and the answer says which setting is wrong', async () => {
  const { github, client, journal, look, close } = await openApp({}, ['--app-permissions', 'actions:write']);
  const told = await look();
  expect(told).toContain('does not grant the app actions:write');
  expect(told).toContain('--app-permissions (GITHUB_APP_PERMISSIONS)');
  expect(told).not.toContain('auth_login');
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  // Somebody mends it, and a call soon after is made: GitHub is not asked more than once a second.
  github.apps[0]!.installations[0]!.permissions = { actions: 'write', metadata: 'read' };
  await expect.poll(look, { timeout: 5000 }).toBe(`{"name":"${REPOSITORY}"}`);
  const called = journal.entries().filter(({ method }) => method === 'tools/call');
  expect(called).toHaveLength(1);
  await close();
  expect(github.liveTokens()).toEqual([]);
});
