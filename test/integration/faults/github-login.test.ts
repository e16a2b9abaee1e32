// A GitHub that never answers while somebody logs in; each attempt has its limit of ten seconds, and the next one works.
// Side by side, for most of it is waiting for that limit. Not for: cut connections, errors and pages in its place (login-errors.test.ts has that table).
import { test } from 'vitest';
import { CODE_PATH, codeIn, logIn, openLocked, pollsOf, TOKEN_PATH } from '../../support/login.ts';
import { toolText } from '../../support/messages.ts';
import { runSideBySide } from '../../support/test-end.ts';

runSideBySide();

const ME = '{"login":"octocat"}';
/** More than GitHub is given for an answer. In ms. */
const PATIENT = 15_000;

test.concurrent(
  'the request for a code: the call hears so, and the next one brings a code',
  async ({ expect }) => {
    const { github, client } = await openLocked();
    github.fault({ path: CODE_PATH, kind: 'hang' });
    const params = { name: 'get_me', arguments: {} };
    const answer = await client.requestRaw('"call"', 'tools/call', params, PATIENT);
    expect(answer.result).toHaveProperty('isError', true);
    expect(toolText(answer)).toMatch(/did not answer within 10 s\. Check the network connection/);
    expect(await logIn(client, github)).toContain('Logged in as octocat');
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
  },
);

test.concurrent(
  'one of the polls: the login goes on, and a call that waits for it gets its result',
  async ({ expect }) => {
    const { github, client } = await openLocked();
    const code = codeIn(toolText(await client.callTool('auth_login')));
    github.fault({ path: TOKEN_PATH, kind: 'hang' });
    const params = { name: 'get_me', arguments: {} };
    const waiting = client.requestRaw('"call"', 'tools/call', params, PATIENT);
    await github.waitForRequest(({ path, status }) => path === TOKEN_PATH && status === null);
    const hung = pollsOf(github).length;
    github.approve(code);
    expect((await client.request('ping')).result).toEqual({});
    expect(toolText(await waiting)).toBe(ME);
    expect(pollsOf(github).length).toBeGreaterThan(hung);
  },
);
