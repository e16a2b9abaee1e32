// Renewals that fail (DESIGN 2.4): GitHub out of reach, before and after the token has expired, and GitHub's refusal.
// Not for: renewals that go well (rotation.test.ts).
import { expect, test } from 'vitest';
import { TOKEN_PATH } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import {
  closeCleanly,
  due,
  generation,
  openSession,
  refreshed,
  refreshes,
  renewalBegun,
} from '../support/session.ts';

const ME = '{"login":"octocat"}';

test.each(['reset', 'html'] as const)(
  'GitHub out of reach (%s): the old token serves, the renewal is tried again, and then the new one serves',
  async (kind) => {
    const session = await openSession({
      ...due(),
      prepare: (github) => github.fault({ path: TOKEN_PATH, kind }),
    });
    const { client, github, stored, journal } = session;
    await client.waitForStderr(/could not be renewed and serves while it is valid/);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(github.liveTokens()).toEqual([stored.token]);
    expect(journal.generations()).toHaveLength(1);
    await refreshed(session);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(journal.generations()).toHaveLength(2);
    expect(refreshes(session)).toHaveLength(2);
    expect(github.liveTokens()).not.toContain(stored.token);
    await closeCleanly(session);
  },
);

test('out of reach and expired: calls are told so, lists are still there, and all is well once GitHub is back', async () => {
  const session = await openSession({
    issuedAt: Date.now() - 1_000,
    expiresAt: Date.now() - 1,
    prepare: (github) => github.fault({ path: TOKEN_PATH, kind: 'status', status: 500, times: 99 }),
  });
  const { client, github } = session;
  const answer = await client.callTool('get_me');
  expect(answer.result?.['isError']).toBe(true);
  expect(toolText(answer)).toMatch(
    /has expired, and a new one could not be had: .*cannot answer just now \(HTTP 500\)\. Try again later\. The call has not run/,
  );
  const refusal = await client.request('resources/read', { uri: 'memo://one' });
  expect(refusal.error).toMatchObject({
    code: 5040,
    data: { reason: 'authorization_server_unreachable', retryable: true },
  });
  // Nobody has to log in, so no tool for that is offered.
  const names = toolNames(await client.request('tools/list'));
  expect(names).toContain('get_me');
  expect(names).not.toContain('auth_login');
  github.clearFaults();
  // By a timer, without anybody asking.
  await refreshed(session);
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  await closeCleanly(session);
});

test('while GitHub hangs, ping is answered, and a client that leaves is not kept', async () => {
  const session = await openSession({
    ...due(),
    prepare: (github) => github.fault({ path: TOKEN_PATH, kind: 'hang' }),
  });
  const { client } = session;
  await renewalBegun(session);
  client.send({ jsonrpc: '2.0', id: 'held', method: 'tools/call', params: { name: 'echo' } });
  expect((await client.request('ping')).result).toEqual({});
  const start = performance.now();
  await closeCleanly(session);
  // 0.8 s for what is owed, and 1 s in which a refresh that was sent may still be answered; not the 10 s that a
  // request may take otherwise.
  expect(performance.now() - start).toBeLessThan(4_000);
});

test('a refused refresh token: locked, with a way to log in; calls wait for it and get their real results', async () => {
  const session = await openSession({ capabilities: { elicitation: {} } });
  const { client, github, journal } = session;
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  let meanwhile: Promise<unknown[]> | undefined;
  client.handleRequest('elicitation/create', async ({ message }) => {
    meanwhile = Promise.all([
      client.request('tools/list').then(toolNames),
      client.request('resources/read', { uri: 'memo://one' }).then(({ error }) => error),
    ]);
    await meanwhile;
    github.approve(/[A-Z]{4}-[A-Z]{4}/.exec(String(message))?.[0] ?? '');
    return { action: 'accept', content: { done: true } };
  });
  github.revokeAll('octocat');
  const calls = await Promise.all([
    client.callTool('get_me'),
    client.callTool('write_thing', { key: 'one', checkToken: true }),
    client.callTool('get_me'),
  ]);
  expect(calls.map(toolText)).toEqual([ME, 'wrote one', ME]);
  expect(journal.writes()).toEqual(['one']);
  const [names, error] = (await meanwhile) ?? [];
  expect((names as string[])[0]).toBe('auth_login');
  expect(names).toContain('get_me');
  expect(error).toMatchObject({ code: 4010, data: { reason: 'login_needed' } });
  // Once when it was locked, once when it was unlocked again.
  await client.nextNotification('notifications/tools/list_changed');
  await client.nextNotification('notifications/tools/list_changed');
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  expect(refreshes(session)).toHaveLength(1);
  await generation(session, 2);
  await closeCleanly(session);
});
