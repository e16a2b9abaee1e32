// GitLab's MCP server behind `--auth oauth`: one login by device flow for several windows, rotation with reuse detection on,
// a token that is revoked in between, and its end (DESIGN 2.7; issuer: the certified oidc-provider).
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { GITLAB_SERVER, startGitlab } from '../../fixtures/gitlab/api.mjs';
import { OIDC_CLIENTS, OIDC_SECRET, startIssuer } from '../../fixtures/oidc/issuer.mjs';
import type { IssuerOptions } from '../../fixtures/oidc/issuer.mjs';
import { runCommand } from '../support/command.ts';
import { codeIn } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { waitUntilGone } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import type { RawClient } from '../support/raw-client.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';
import { atTestEnd } from '../support/test-end.ts';

const PROJECT = '"path_with_namespace": "tanuki/garden"';

/** An issuer, a GitLab that takes its tokens, and a person who has any number of windows. */
async function setUp(options: IssuerOptions) {
  const issuer = await startIssuer({ interval: 0.05, refreshKillsOld: true, ...options });
  const gitlab = await startGitlab({ accountOf: (token) => issuer.accountOf(token) });
  atTestEnd(() => Promise.all([issuer.close(), gitlab.close()]));
  const home = tempDir();
  const stateDir = path.join(tempDir(), 'state');
  const stored = ['--store', 'file', '--state-dir', stateDir];
  const login = `--auth oauth --issuer ${issuer.url} --oauth-client-id ${OIDC_CLIENTS.confidential}`.split(
    ' ',
  );
  const args = [...stored, ...login, '--oauth-scopes', 'openid api'];
  const env = { HOME: home, GITLAB_API_URL: gitlab.url, GITHUB_OAUTH_CLIENT_SECRET: OIDC_SECRET };

  const open = async (): Promise<RawClient> => {
    const client = startProxy({
      args: [
        ...args,
        '--token-env',
        'GITLAB_PERSONAL_ACCESS_TOKEN',
        '--open-browser',
        'never',
        '--log-level',
        'debug',
      ],
      command: [process.execPath, GITLAB_SERVER],
      env,
    });
    await client.initialize();
    return client;
  };
  return { issuer, gitlab, home, stateDir, args, env, open };
}

async function search(client: RawClient): Promise<string> {
  const message = await client.callTool('search_repositories', { search: 'garden' });
  return message.error ? `error: ${message.error.message}` : toolText(message);
}

/** Resolves when a window has learnt by itself that somebody has logged in. */
async function opens(client: RawClient): Promise<void> {
  do await client.nextNotification('notifications/tools/list_changed');
  while (toolNames(await client.request('tools/list')).includes('auth_login'));
}

describe('GitLab', () => {
  test('is served to three windows by one login, through rotations and a revocation', async () => {
    const { issuer, gitlab, home, stateDir, args, env, open } = await setUp({ tokenLifetime: 4 });
    const windows = await Promise.all([open(), open(), open()]);
    const [first] = windows;
    if (!first) throw new Error('there are windows');
    const code = codeIn(toolText(await first.callTool('auth_login')));
    await issuer.approve(code);
    expect(toolText(await first.callTool('auth_login'))).toMatch(/Logged in as tanuki \(127\.0\.0\.1:\d+\)/);
    await Promise.all(windows.slice(1).map(opens));

    // Each asks all the time, while the token is renewed twice; a refresh ends the one before.
    const answers: string[] = [];
    const over = new AbortController();
    const calls = windows.map(async (client) => {
      while (!over.signal.aborted) answers.push(await search(client));
    });
    await issuer.waitForRequest(() => issuer.refreshes().length >= 2);
    over.abort();
    await Promise.all(calls);
    expect(answers.filter((answer) => !answer.includes(PROJECT))).toEqual([]);
    expect(answers.length).toBeGreaterThan(windows.length);

    // Somebody takes the token away at GitLab: its 401 is understood, and mended by a refresh. One that was renewed in that
    // very moment is taken in vain.
    const isRefused = (): boolean => gitlab.requests.some(({ status }) => status === 401);
    for (let attempt = 1; attempt <= 5 && !isRefused(); attempt += 1) {
      await issuer.revoke(gitlab.requests.at(-1)?.token ?? '');
      expect(await search(first)).toContain(PROJECT);
    }
    expect(isRefused()).toBe(true);

    // No refresh token twice: reuse would have ended the login for all.
    const spent = issuer.refreshes().map(({ body }) => body['refresh_token']);
    expect(new Set(spent).size).toBe(spent.length);
    expect(issuer.requests.filter(({ path: at }) => at === '/device/auth')).toHaveLength(1);

    for (const client of windows) client.end();
    for (const client of windows) {
      expect(await client.closed).toEqual({ code: 0, signal: null });
      // A process of its own spends each refresh token, so that one that is killed loses nothing.
      expect(client.stderrText()).not.toContain('the refresh is done in this process');
    }
    const out = await runCommand(['logout', ...args], { env });
    expect(out).toMatchObject({ code: 0 });
    await waitUntilGone(`HOME=${home}`, 5000);
    expect(issuer.requests.at(-1)).toMatchObject({ path: '/token/revocation', method: 'POST' });
    expect(await issuer.accountOf(gitlab.requests.at(-1)?.token ?? '')).toBeUndefined();
    const said = windows.map((client, index) => [
      `${index}`,
      `${client.stdoutBytes().toString()}${client.stderrText()}`,
    ]);
    assertNoSecrets({
      dirs: [stateDir],
      buffers: { ...Object.fromEntries(said), logout: out.stdout + out.stderr },
      secrets: issuer.secrets(),
    });
  });
});
