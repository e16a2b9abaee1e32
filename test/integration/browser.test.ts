// `--auth browser` in real processes: a desktop whose browser comes back, and a shell without one (DESIGN 2.7).
// Not for: what can go wrong on the way (unit/oauth/redirect.test.ts, unit/auth/browser*.test.ts).
import { readFileSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, startCommand } from '../support/command.ts';
import { startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { visit } from '../support/page-visitor.ts';
import { descendantsOf, readEnviron } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';
import { atTestEnd } from '../support/test-end.ts';

const CLIENT_ID = 'Iv23liBROWSER';
const SECRET = 'client-secret-that-is-never-shown-0123';
const APP = { clientId: CLIENT_ID, clientSecret: SECRET, kind: 'github-app' as const };

/** A folder with a browser in it that only notes what it is asked to open, and what it has noted, once there is something. */
function browser() {
  const bin = tempDir();
  const opened = path.join(bin, 'opened');
  writeFileSync(opened, '');
  writeFileSync(path.join(bin, 'xdg-open'), `#!/bin/sh\nprintf '%s\\n' "$1" >> '${opened}'\n`, {
    mode: 0o755,
  });
  const page = new Promise<string>((resolve) => {
    const watcher = watch(opened, () => look());
    atTestEnd(() => watcher.close());
    const look = (): void => {
      const [address] = /^\S+(?=\n)/.exec(readFileSync(opened, 'utf8')) ?? [];
      if (address === undefined) return;
      watcher.close();
      resolve(address);
    };
    look();
  });
  return { page, path: `${bin}:${process.env['PATH'] ?? ''}` };
}

/** What says to the proxy which app it is. */
function app({ url }: { readonly url: string }): string[] {
  return ['--auth', 'browser', '--gh-host', url, '--oauth-client-id', CLIENT_ID];
}

/** The address of the page in a text. */
function pageIn(text: string): string {
  const [page] = /http:\S+\/login\/oauth\/authorize\?\S+/.exec(text) ?? [];
  if (page === undefined) throw new Error(`no page in: ${text}`);
  return page;
}

test('the page opens on the desktop, comes back, and both windows are logged in; a later one ends with its listener', async () => {
  const github = await startTestGithub({ clients: [APP] });
  const [stateDir, secretFile] = [path.join(tempDir(), 'state'), path.join(tempDir(), 'secret')];
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  const desktop = browser();
  const open = (openBrowser: string) =>
    startProxy({
      args: [...app(github), '--oauth-client-secret-file', secretFile].concat(
        ['--open-browser', openBrowser],
        ['--store', 'file', '--state-dir', stateDir],
      ),
      env: { PATH: desktop.path, DISPLAY: ':0' },
      command: serverCommand('scripted.mjs'),
    });
  const [one, two] = [open('always'), open('never')];
  await Promise.all([one.initialize(), two.initialize()]);
  const text = toolText(await one.callTool('auth_login'));
  expect(text).not.toMatch(/ssh -L|code [A-Z]/);
  const address = await desktop.page;
  expect(pageIn(text)).toBe(address);
  expect(pageIn(toolText(await two.callTool('auth_login')))).toBe(address);

  const { result } = await visit(address);
  expect(toolText(await one.callTool('auth_login'))).toContain('Logged in as octocat');
  expect((await result).text).toContain('has given the token');
  expect(toolText(await two.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(github.count('POST /login/oauth/access_token')).toBe(1);

  github.revokeAll('octocat');
  const later = pageIn(toolText(await one.callTool('get_me')));
  one.end();
  await one.closed;
  await expect((await visit(later)).result).rejects.toThrow('fetch failed');
  two.end();
  await two.closed;
  const outputs = [one, two].map((client) => client.stdoutBytes().toString() + client.stderrText());
  const buffers = { outputs: outputs.join('\n') };
  assertNoSecrets({ dirs: [stateDir], buffers, secrets: [SECRET, ...github.secrets()] });
});

test('at a shell over SSH the page says how to get back; a refresh has the secret, and the server has not', async () => {
  const github = await startTestGithub({ clients: [{ ...APP, deviceFlow: false }] });
  const stateDir = path.join(tempDir(), 'state');
  const env = { GITHUB_OAUTH_CLIENT_SECRET: SECRET, SSH_CONNECTION: '1.2.3.4 5 6.7.8.9 22' };
  const where = ['--state-dir', stateDir];
  const login = startCommand(['login', ...app(github), '--store', 'file', ...where], { env });
  login.child.stdin.end();
  const [, port = ''] = await login.waitFor(/ssh -L (\d+):127\.0\.0\.1:\1 /);
  const [address] = await login.waitFor(/http:\S+\/login\/oauth\/authorize\?\S+/);
  const { location } = await visit(address);
  expect(location.port).toBe(port);
  const { code, stderr } = await login.ended;
  expect([code, stderr.includes('Logged in as octocat')]).toEqual([0, true]);

  // The profile keeps all but the secret.
  const renewed = await runCommand(['refresh', ...where], { env });
  expect(renewed).toMatchObject({ code: 0 });
  expect(github.refreshes).toHaveLength(1);
  const refused = await runCommand(['refresh', ...where]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('GITHUB_OAUTH_CLIENT_SECRET');

  const client = startProxy({ args: where, env, command: serverCommand('scripted.mjs') });
  await client.initialize();
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  const environments = descendantsOf(client.pid).map((pid) => JSON.stringify(readEnviron(pid)));
  assertNoSecrets({
    dirs: [stateDir],
    buffers: { stderr, environments: environments.join('\n'), more: renewed.stderr + refused.stderr },
    secrets: [SECRET],
  });
  client.end();
  await client.closed;
});
