// The page of the login on the person's own desktop (DESIGN 2.3): opened once where the client shows text or a form,
// never where the client opens pages itself, never against --open-browser. Not for: which desktops count
// (unit/cli/browser.test.ts).
import { existsSync, readFileSync, watch, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loginOptions, startTestGithub } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import type { Json } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';
import { tempDir } from '../support/temp.ts';

const RECORDER = '#!/bin/sh\nprintf \'%s\\n\' "$#" "$@" >> "$(dirname "$0")/opened"\n';

/** A desktop whose browser only notes what it is asked to open, and a proxy on it, in the middle of a login. */
async function startLogin(capabilities: Json, when: string, env: Record<string, string> = {}) {
  const bin = tempDir();
  writeFileSync(path.join(bin, 'xdg-open'), RECORDER, { mode: 0o755 });
  const github = await startTestGithub();
  const { args = [], ...rest } = loginOptions(github);
  const client = startProxy({
    ...rest,
    args: [...args, '--open-browser', when],
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, DISPLAY: ':0', ...env },
  });
  client.handleRequest('elicitation/create', () => ({ action: 'accept' }));
  await client.initialize(capabilities);
  const opened = path.join(bin, 'opened');
  const call = client.callTool('auth_login');
  const code = await github.waitForCode();
  return {
    github,
    client,
    opened: () => (existsSync(opened) ? readFileSync(opened, 'utf8') : ''),
    waitForPage: () => appearance(opened),
    /** Approves, and ends the session when it is logged in. */
    finish: async () => {
      await Promise.race([call, client.nextMessage(({ method }) => method === 'elicitation/create')]);
      github.approve(code);
      await call;
      expect(toolText(await client.callTool('auth_login'))).toContain('Logged in as octocat');
      client.end();
      await client.closed;
    },
  };
}

function appearance(file: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(path.dirname(file), () => look());
    const look = (): void => {
      if (!existsSync(file) || readFileSync(file, 'utf8').split('\n').length < 3) return;
      watcher.close();
      resolve();
    };
    look();
  });
}

test.each([
  ['text', {}],
  ['a form', { elicitation: {} }],
])('a client that shows %s: the page is opened once', async (_, capabilities) => {
  const { github, opened, waitForPage, finish } = await startLogin(capabilities, 'always');
  await waitForPage();
  await finish();
  expect(opened()).toBe(`1\n${github.url}/login/device\n`);
});

test.each([
  ['a client that opens pages itself', { elicitation: { url: {} } }, 'always', {}],
  ['--open-browser never', {}, 'never', {}],
  ['auto in CI', {}, 'auto', { CI: 'true' }],
  ['auto over SSH', {}, 'auto', { SSH_CONNECTION: '1.2.3.4 5 6.7.8.9 22' }],
  ['auto without a display', {}, 'auto', { DISPLAY: '' }],
])('%s: no page is opened', async (_, capabilities, when, env) => {
  const { opened, finish } = await startLogin(capabilities, when, env);
  await finish();
  expect(opened()).toBe('');
});

test('a desktop without a browser: the login goes on, and only the log speaks of it', async () => {
  const { client, finish } = await startLogin({}, 'always', {
    PATH: '/nowhere',
    GH_MCP_PROXY_LOG_LEVEL: 'info',
  });
  const [said] = await client.waitForStderr(/^.*no browser could be opened.*$/m);
  expect(said).toBe('gh-mcp-proxy: info: no browser could be opened with xdg-open');
  await finish();
});
