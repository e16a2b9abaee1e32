// A login as the SDK's own client sees it, and lazy login: the first call of any tool logs in and then completes with
// its real result (DESIGN 2.3). Not for: exact bytes and odd answers (login-elicitation.test.ts).
import type { ClientCapabilities } from '@modelcontextprotocol/sdk/types.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { openJournal } from '../support/journal.ts';
import { CODE_PATH, codeIn, loginOptions, startTestGithub } from '../support/login.ts';
import type { LoginOptions } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import { descendantsOf } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import { connectSdk } from '../support/sdk-client.ts';
import type { SdkOptions, SdkSession } from '../support/sdk-client.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';

type Elicitation = NonNullable<ClientCapabilities['elicitation']>;

/** A client whose person approves as soon as the dialog shows the code. */
async function connect(github: GithubEmulator, elicitation: Elicitation, options: LoginOptions = {}) {
  const dialogs: unknown[] = [];
  const onElicit: SdkOptions['onElicit'] = (params) => {
    dialogs.push(params);
    github.approve(codeIn(params.message));
    return { action: 'accept', content: params.mode === 'url' ? undefined : { done: true } };
  };
  const session = await connectSdk({
    ...loginOptions(github, options),
    capabilities: { elicitation },
    onElicit,
  });
  return { ...session, dialogs };
}

async function call(
  { client }: Pick<SdkSession, 'client'>,
  name: string,
  args: Record<string, unknown> = {},
) {
  return toolText({ result: await client.callTool({ name, arguments: args }) });
}

const modes: [string, Elicitation][] = [
  ['url', { url: {} }],
  ['form', { form: {} }],
];

test.each(modes)(
  'lazy login by %s: the first call of a tool has its real result',
  async (_mode, elicitation) => {
    const github = await startTestGithub();
    const session = await connect(github, elicitation);
    expect(await call(session, 'get_me')).toBe('{"login":"octocat"}');
    expect(session.dialogs).toHaveLength(1);
    expect(await call(session, 'echo', { text: 'again' })).toBe('again');
    expect(session.dialogs).toHaveLength(1);
  },
);

test('lazy login in a client of text only: text first, then the real result', async () => {
  const github = await startTestGithub();
  const session = await connectSdk(loginOptions(github));
  const text = await call(session, 'get_me');
  expect(text).toContain('repeat the call');
  github.approve(codeIn(text));
  expect(await call(session, 'get_me')).toBe('{"login":"octocat"}');
});

test('a tool that writes runs exactly once, with the arguments of the call that logged in', async () => {
  const github = await startTestGithub();
  const journal = openJournal();
  const session = await connect(github, { form: {} }, { flags: ['--journal', journal.file] });
  expect(await call(session, 'write_thing', { key: 'k1', checkToken: true })).toBe('wrote k1');
  expect(journal.writes()).toEqual(['k1']);
  // The generation before the login never heard of it: a placeholder is not worth a try.
  const [before = 0, after = 0] = journal.generations();
  expect(journal.methods(before)).not.toContain('tools/call');
  expect(journal.methods(after).filter((method) => method === 'tools/call')).toHaveLength(1);
});

test('calls that arrive together while locked share one login and each have their own result', async () => {
  const github = await startTestGithub();
  const session = await connect(github, { url: {} });
  const texts = ['a', 'b', 'c', 'd'];
  expect(await Promise.all(texts.map((text) => call(session, 'echo', { text })))).toEqual(texts);
  expect(session.dialogs).toHaveLength(1);
  expect(github.count(CODE_PATH)).toBe(1);
});

test('the list that a client gets when it is told of the change has no auth_login any more', async () => {
  const github = await startTestGithub();
  const session = await connect(github, { url: {} });
  const names = async () => (await session.client.listTools()).tools.map(({ name }) => name);
  expect((await names())[0]).toBe('auth_login');
  const changed = new Promise<string[]>((resolve) => {
    session.client.setNotificationHandler(ToolListChangedNotificationSchema, async () =>
      resolve(await names()),
    );
  });
  expect(await call(session, 'auth_login')).toMatch(/^Logged in as octocat \(.*\), expires .* UTC/);
  expect(await changed).not.toContain('auth_login');
  expect(await changed).toContain('get_me');
});

test('a person who declines: the call says so at once, and the next one asks again', async () => {
  const github = await startTestGithub();
  const asked: string[] = [];
  const session = await connectSdk({
    ...loginOptions(github),
    capabilities: { elicitation: { url: {} } },
    onElicit: ({ message }) => {
      asked.push(codeIn(message));
      return { action: 'decline' };
    },
  });
  expect(await call(session, 'get_me')).toContain('declined');
  expect(await call(session, 'get_me')).toContain('declined');
  // The code is good until it is refused or expires (DESIGN 2.3).
  expect(asked).toEqual([asked[0], asked[0]]);
});

test('progress keeps a call of the SDK alive that asks for it', async () => {
  const github = await startTestGithub();
  const session = await connect(github, { form: {} });
  const progress: string[] = [];
  await session.client.callTool({ name: 'get_me' }, undefined, {
    onprogress: ({ message }) => progress.push(message ?? ''),
  });
  expect(progress[0]).toContain('/login/device');
});

test('a whole login leaves no secret in stdout, stderr, the state directory or any command line', async () => {
  const github = await startTestGithub();
  const state = tempDir();
  const args = ['--log-level', 'debug', '--store', 'file', '--state-dir', state];
  const client = startProxy(loginOptions(github, { args }));
  await client.initialize({ elicitation: { form: {} } });
  client.handleRequest('elicitation/create', ({ message }) => {
    github.approve(codeIn(String(message)));
    return { action: 'accept', content: { done: true } };
  });
  expect(toolText(await client.callTool('auth_login'))).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  // What a server says of its own token is cut out as well (DESIGN 2.1).
  expect(toolText(await client.callTool('say_token', { split: 3 }))).toContain('[redacted]');
  expect(github.secrets().length).toBeGreaterThan(2);
  const commandLines = [client.pid, ...descendantsOf(client.pid)].map((pid) =>
    readFileSync(path.join('/proc', String(pid), 'cmdline')),
  );
  expect(commandLines.length).toBeGreaterThan(1);
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  assertNoSecrets({
    dirs: [state],
    buffers: {
      stdout: client.stdoutBytes(),
      stderr: client.stderrText(),
      transcript: client.transcript(),
      argv: Buffer.concat(commandLines),
    },
    secrets: github.secrets(),
  });
});
