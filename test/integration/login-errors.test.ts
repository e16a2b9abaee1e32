// What a person is told when a login goes wrong, and that the next attempt works (FACTS, Device flow).
// Not for: declining in the client (login-elicitation.test.ts), or time-outs of ten seconds (unit tests have them).
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import type { Fault } from '../../fixtures/github/emulator.mjs';
import {
  CODE_PATH,
  codeIn,
  loginOptions,
  logIn,
  openLocked,
  pollsOf,
  startTestGithub,
  TOKEN_PATH,
} from '../support/login.ts';
import type { LoginOptions } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { startProxy } from '../support/proxy.ts';

async function open(options: LoginOptions = {}) {
  const { github, client } = await openLocked(options);
  /** An answer that says what went wrong; it is marked as an error, and the proxy lives on. */
  const failure = async (name = 'auth_login') => {
    const answer = await client.callTool(name);
    expect(answer.result).toHaveProperty('isError', true);
    return toolText(answer);
  };
  return { github, client, failure };
}

test('a client id that GitHub does not know', async () => {
  const { github, client, failure } = await open({ clientId: 'Iv23liNOBODY' });
  const text = await failure();
  expect(text).toContain('knows no app with the client id "Iv23liNOBODY". ');
  expect(text).toContain('--oauth-client-id');
  expect(text).toContain(`${github.url}/settings/developers`);
  expect(await failure('get_me')).toBe(text);
  expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
});

test('device flow that is switched off in the app', async () => {
  const { failure } = await open({ clientId: CLIENT_IDS.deviceFlowOff });
  const text = await failure();
  expect(text).toMatch(/^Device flow is switched off in the app "Iv23liDEVICEFLOWOFF"\. /);
  expect(text).toContain('"Enable Device Flow"');
});

test('no client id: the exact steps to register an app, on the host in question', async () => {
  const { github, failure } = await open({ clientId: null });
  const text = await failure();
  expect(text).toContain(`${github.url}/settings/apps/new`);
  expect(text).toContain(`${github.url}/settings/applications/new`);
  expect(text).toContain('--oauth-client-id CLIENT_ID');
  expect(text).toContain('GITHUB_OAUTH_CLIENT_ID');
  expect(await failure('get_me')).toBe(text);
  expect(github.requests).toEqual([]);
});

test('a login that is denied on the page ends the call that waits, and the next one begins anew', async () => {
  const { github, client } = await open();
  const code = codeIn(toolText(await client.callTool('auth_login')));
  const waiting = client.callTool('get_me');
  await client.request('ping');
  github.deny(code);
  const answer = await waiting;
  expect(answer.result).toHaveProperty('isError', true);
  expect(toolText(answer)).toMatch(
    /^The login was denied on .*\. If that was a mistake, call auth_login again\.$/,
  );
  expect(await logIn(client, github)).toContain('Logged in as octocat');
});

test('a network that is down', async () => {
  const github = await startTestGithub();
  const client = startProxy(loginOptions(github));
  await client.initialize();
  await github.close();
  const answer = await client.callTool('get_me');
  expect(answer.result).toHaveProperty('isError', true);
  expect(toolText(answer)).toMatch(/^Cannot reach http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. /);
  expect(toolNames(await client.request('tools/list'))).toContain('get_me');
});

const faults: [string, Omit<Fault, 'path'>, RegExp][] = [
  ['a cut connection', { kind: 'reset' }, /cannot reach/i],
  ['a 500', { kind: 'status' }, /HTTP 500/],
  ['a page instead of JSON', { kind: 'html', status: 200 }, /not JSON/],
  ['JSON that is none', { kind: 'garbage' }, /not JSON/],
  ['a rate limit', { kind: 'status', status: 429 }, /HTTP 429/],
  [
    'an answer without a code',
    { kind: 'status', status: 200, body: { user_code: 'x' } },
    /unusable device code/,
  ],
];

test.each(faults)(
  '%s in answer to the request for a code; the next call works',
  async (_name, fault, told) => {
    const { github, client, failure } = await open();
    github.fault({ path: CODE_PATH, ...fault });
    expect(await failure()).toMatch(told);
    expect(await logIn(client, github)).toContain('Logged in as octocat');
  },
);

test.each(faults)('%s while it polls does not end the login', async (_name, fault) => {
  const { github, client } = await open();
  github.fault({ path: TOKEN_PATH, ...fault, times: 2 });
  const code = codeIn(toolText(await client.callTool('auth_login')));
  const waiting = client.callTool('get_me');
  await github.waitForRequest(() => pollsOf(github).length > 2);
  github.approve(code);
  expect(toolText(await waiting)).toBe('{"login":"octocat"}');
});

test('slow_down is obeyed for good, and the login succeeds', async () => {
  const { github, client } = await open();
  const interval = 0.25;
  github.fault({
    path: TOKEN_PATH,
    kind: 'status',
    status: 200,
    body: { error: 'slow_down', error_description: 'Too many requests', interval },
  });
  const code = codeIn(toolText(await client.callTool('auth_login')));
  const waiting = client.callTool('get_me');
  await github.waitForRequest(() => pollsOf(github).length > 2);
  github.approve(code);
  expect(toolText(await waiting)).toBe('{"login":"octocat"}');
  const times = pollsOf(github).map(({ at }) => at);
  const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  // A timer may fire a little early.
  expect(Math.min(...pauses)).toBeGreaterThan(interval * 1000 - 10);
});

test('an answer with the token that gets lost on its way: said so, and a new login works', async () => {
  const { github, client } = await open();
  const code = codeIn(toolText(await client.callTool('auth_login')));
  const waiting = client.callTool('auth_login');
  await client.request('ping');
  const before = github.liveTokens().length;
  github.approve(code);
  github.fault({ path: TOKEN_PATH, kind: 'lost' });
  const answer = toolText(await waiting);
  expect(github.liveTokens()).toHaveLength(before + 1);
  expect(answer).toContain('does not know the device code any more. Call auth_login again for a new code.');
  expect(await logIn(client, github)).toContain('Logged in as octocat');
});
