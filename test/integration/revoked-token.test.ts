// A token that is revoked at GitHub under a running session (DESIGN 2.4): what the server says of it leads to one
// renewal, and the call is made again. Not for: tokens whose time has come (rotation.test.ts).
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { codeIn } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { called, closeCleanly, fileIn, generation, openSession, refreshes } from '../support/session.ts';
import type { OpenSession } from '../support/session.ts';

const ME = '{"login":"octocat"}';
const USER = '/api/v3/user';

/** A session whose token has worked, and then was revoked. */
async function revoked(): Promise<OpenSession> {
  const session = await openSession();
  expect(toolText(await session.client.callTool('get_me'))).toBe(ME);
  session.github.revoke(session.stored.token);
  return session;
}

/** How GitHub answered those who asked who they are, in order. */
function statuses({ github }: OpenSession): unknown[] {
  return github.requests.filter(({ path }) => path === USER).map(({ status }) => status);
}

test.each([
  ['a result with isError', 'get_me', ME],
  ['a JSON-RPC error', 'fail_401_rpc', 'octocat'],
])('a failure as %s: one renewal, and the call gets its real result', async (_, tool, expected) => {
  const session = await revoked();
  expect(toolText(await session.client.callTool(tool))).toBe(expected);
  expect(statuses(session)).toEqual([200, 401, 200]);
  expect(refreshes(session)).toHaveLength(1);
  expect(session.journal.generations()).toHaveLength(2);
  await closeCleanly(session);
});

test('several that fail at once: one renewal, one new server, all real results', async () => {
  const session = await revoked();
  const { client, journal } = session;
  const calls = Array.from({ length: 8 }, () => client.callTool('get_me'));
  for (const answer of await Promise.all(calls)) expect(toolText(answer)).toBe(ME);
  expect(refreshes(session)).toHaveLength(1);
  expect(journal.generations()).toHaveLength(2);
  await closeCleanly(session);
});

test('twenty writes that were under way when it was revoked: one renewal, and each runs exactly once', async () => {
  const session = await openSession();
  const { client, github, journal, stored } = session;
  const [early, late] = [fileIn(session, 'early'), fileIn(session, 'late')];
  const keys = Array.from({ length: 20 }, (_, at) => `key ${at}`);
  const calls = keys.map((key, at) =>
    client.callTool('write_thing', { key, checkToken: true, until: at % 2 ? late : early }),
  );
  await called(session, 'write_thing', keys.length);
  github.revoke(stored.token);
  writeFileSync(early, '');
  await generation(session, 2);
  // These fail at the old server, while the new one is there or about to be.
  writeFileSync(late, '');
  expect((await Promise.all(calls)).map(toolText)).toEqual(keys.map((key) => `wrote ${key}`));
  expect(journal.writes()).toHaveLength(keys.length);
  expect(new Set(journal.writes())).toEqual(new Set(keys));
  expect(statuses(session).filter((status) => status === 401)).toHaveLength(keys.length);
  expect(refreshes(session)).toHaveLength(1);
  expect(journal.generations()).toHaveLength(2);
  await closeCleanly(session);
});

test('a write whose first attempt was refused runs exactly once', async () => {
  const session = await revoked();
  const answer = await session.client.callTool('write_thing', { key: 'one', checkToken: true });
  expect(toolText(answer)).toBe('wrote one');
  expect(session.journal.writes()).toEqual(['one']);
  await closeCleanly(session);
});

test('a second failure goes to the client with an explanation, and nothing loops', async () => {
  const session = await openSession();
  const { client, github, journal } = session;
  const body = { message: 'Bad credentials' };
  github.fault({ path: USER, kind: 'status', status: 401, body, times: 3 });
  const answer = await client.callTool('get_me');
  expect(answer.result?.['isError']).toBe(true);
  expect(toolText(answer)).toContain('401 Bad credentials');
  expect(toolText(answer)).toContain('got a new token and made this call again');
  expect(statuses(session)).toEqual([401, 401]);
  expect(toolText(await client.callTool('get_me'))).toContain('does not do so again at once');
  expect(statuses(session)).toEqual([401, 401, 401]);
  expect(refreshes(session)).toHaveLength(1);
  expect(journal.generations()).toHaveLength(2);
  // It was not the token: the session works as soon as GitHub does.
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  await closeCleanly(session);
});

test('a second token that is revoked at once is renewed at once, too', async () => {
  const session = await revoked();
  const { client, github } = session;
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  const [second = ''] = github.liveTokens();
  github.revoke(second);
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(statuses(session)).toEqual([200, 401, 200, 401, 200]);
  expect(refreshes(session)).toHaveLength(2);
  await closeCleanly(session);
});

test('an app that is no longer authorised, just after a renewal: the call leads to a login', async () => {
  const session = await revoked();
  const { client, github } = session;
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  github.revokeAll('octocat');
  const asked = toolText(await client.callTool('get_me'));
  github.approve(codeIn(asked));
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(refreshes(session)).toHaveLength(2);
  await closeCleanly(session);
});

test('ordinary text that mentions a 401 changes nothing', async () => {
  const session = await openSession();
  const answer = await session.client.callTool('mention_401');
  expect(toolText(answer)).toContain('401 Bad credentials');
  expect(answer.result).not.toHaveProperty('isError');
  expect(toolText(await session.client.callTool('get_me'))).toBe(ME);
  expect(refreshes(session)).toEqual([]);
  expect(session.journal.generations()).toHaveLength(1);
  await closeCleanly(session);
});

test('a token that cannot be renewed: the call leads to a login, and then gets its real result', async () => {
  const session = await openSession({ clientId: CLIENT_IDS.oauthApp, capabilities: { elicitation: {} } });
  const { client, github, journal, stored } = session;
  client.handleRequest('elicitation/create', ({ message }) => {
    github.approve(/[A-Z]{4}-[A-Z]{4}/.exec(String(message))?.[0] ?? '');
    return { action: 'accept', content: { done: true } };
  });
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  github.revoke(stored.token);
  const answer = await client.callTool('write_thing', { key: 'one', checkToken: true });
  expect(toolText(answer)).toBe('wrote one');
  expect(journal.writes()).toEqual(['one']);
  expect(refreshes(session)).toEqual([]);
  expect(statuses(session).filter((status) => status === 401)).toHaveLength(1);
  await closeCleanly(session);
});
