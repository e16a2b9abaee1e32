// GitHub out of order while a token is renewed: it never answers, cuts the connection, is broken, or a captive portal
// answers in its place (DESIGN 2.4). Side by side, for most of it is waiting for one limit of 10 s.
// Not for: the rows of this table that renewal-failures.test.ts has.
import { test } from 'vitest';
import type { Fault } from '../../../fixtures/github/emulator.mjs';
import { closeWithoutTrace, openFaultSession } from '../../support/fault-session.ts';
import type { FaultSession } from '../../support/fault-session.ts';
import { TOKEN_PATH } from '../../support/login.ts';
import { toolNames, toolText } from '../../support/messages.ts';
import { due, generation, refreshes } from '../../support/session.ts';
import { runSideBySide } from '../../support/test-end.ts';

const ME = '{"login":"octocat"}';
/** More than GitHub is given for an answer (10 s). In ms. */
const PATIENT = 15_000;

runSideBySide();

type Row = [string, Omit<Fault, 'path'>, RegExp];

const HANGS: Row = ['never answers', { kind: 'hang' }, /did not answer within 10 s/];
const RESETS: Row = ['cuts the connection', { kind: 'reset' }, /[Cc]annot reach .*\(ECONNRESET\)/];
const BROKEN: Row = ['answers 500', { kind: 'status', status: 500 }, /cannot answer just now \(HTTP 500\)/];
const PORTAL: Row = ['answers with a page', { kind: 'html', status: 200 }, /not JSON \(HTTP 200\)/];
const REDIRECTS: Row = [
  'sends elsewhere',
  { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:9/portal' } },
  /redirects elsewhere \(HTTP 302\)/,
];

/** A call that may have to wait for GitHub's time to run out. */
function patientCall({ client }: FaultSession, id: string): Promise<string> {
  const params = { name: 'get_me', arguments: {} };
  return client.requestRaw(JSON.stringify(id), 'tools/call', params, PATIENT).then(toolText);
}

test.concurrent.for([HANGS, BROKEN, PORTAL, REDIRECTS])(
  'GitHub %s while the token is valid: it serves on, and the next attempt brings a new one',
  async ([, fault, told], { expect }) => {
    const session = await openFaultSession({
      ...due(),
      prepare: (github) => github.fault({ path: TOKEN_PATH, ...fault }),
    });
    const { client, github, journal } = session;
    await github.waitForRequest(({ path }) => path === TOKEN_PATH);
    const calls = Promise.all(['a', 'b', 'c'].map((id) => patientCall(session, id)));
    expect((await client.request('ping')).result).toEqual({});
    expect(await calls).toEqual([ME, ME, ME]);
    const [line] = await client.waitForStderr(/the token could not be renewed and serves while.*/);
    expect(line).toMatch(told);
    // By the old server: nobody else had been started for them, though the next attempt may have been made by now.
    const first = await generation(session, 1);
    expect(journal.methods(first).filter((method) => method === 'tools/call')).toHaveLength(3);
    await github.waitForRequest(() => refreshes(session)[1]?.status === 200);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(refreshes(session)).toHaveLength(2);
    expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
    await closeWithoutTrace(session);
  },
);

test.concurrent.for([HANGS, RESETS, PORTAL, REDIRECTS])(
  'GitHub %s after the token has expired: calls hear so, and work once it is back',
  { timeout: 30_000 },
  async ([, fault, told], { expect }) => {
    const session = await openFaultSession({
      issuedAt: Date.now() - 1_000,
      expiresAt: Date.now() - 1,
      prepare: (github) => github.fault({ path: TOKEN_PATH, ...fault, times: 99 }),
    });
    const { client, github } = session;
    const texts = await Promise.all(['a', 'b'].map((id) => patientCall(session, id)));
    for (const text of texts) {
      expect(text).toMatch(/^The token of this login has expired, and a new one could not be had: /);
      expect(text).toMatch(told);
      expect(text).toMatch(/The call has not run. Try it again in a moment\.$/);
    }
    const read = await client.request('resources/read', { uri: 'memo://one' });
    expect(read.error).toMatchObject({ code: 5040, data: { retryable: true } });
    expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
    github.clearFaults();
    // A request tries again no sooner than a second after the last attempt.
    await expect
      .poll(() => patientCall(session, `again ${performance.now()}`), { timeout: PATIENT })
      .toBe(ME);
    expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
    await closeWithoutTrace(session);
  },
);
