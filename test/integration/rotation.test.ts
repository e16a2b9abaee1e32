// The renewal of an exclusive token under a session that goes on (DESIGN 2.4, 2.5): requests wait for it, what runs is
// finished, a new server is told what the old one knew. Not for: renewals that fail (renewal-failures.test.ts).
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fingerprint } from '../../fixtures/servers/lib/journal.mjs';
import { toolText } from '../support/messages.ts';
import type { Message } from '../support/messages.ts';
import {
  closeCleanly,
  due,
  dueIn,
  fileIn,
  generation,
  openSession,
  refreshed,
  refreshes,
  renewalBegun,
  startBusy,
} from '../support/session.ts';

/** What github-mcp-server's client may send, and more: keys that nobody here knows have to come through. */
const HELLO = {
  protocolVersion: '2025-06-18',
  capabilities: { roots: { listChanged: true }, experimental: { 'x-vendor': { depth: [1, 2, null] } } },
  clientInfo: { name: 'raw-client', title: 'Größer', version: '1.0.0' },
  _meta: { 'vendor.example/key': 1e3 },
};

test('requests wait, the running one is answered by the old server, and the new one knows what that knew', async () => {
  const session = await openSession({ ...dueIn(2_000), capabilities: false });
  const { client, github, journal, stored } = session;
  const release = fileIn(session);
  const hello = client.request('initialize', HELLO);
  client.notify('notifications/initialized');
  const settings = [
    ['logging/setLevel', { level: 'debug' }],
    ['logging/setLevel', { level: 'warning' }],
    ['resources/subscribe', { uri: 'memo://one' }],
    ['resources/subscribe', { uri: 'memo://two' }],
    ['resources/unsubscribe', { uri: 'memo://one' }],
  ] as const;
  const order: unknown[] = [];
  const note = async (reply: Promise<Message>): Promise<Message> => {
    const message = await reply;
    order.push(message.id);
    return message;
  };
  // Under way from the first moment on, so that no idle moment is taken.
  const slow = note(client.request('tools/call', { name: 'slow', arguments: { until: release } }, 'slow'));
  expect(await hello).toHaveProperty('result');
  for (const [method, params] of settings)
    expect(await client.request(method, params)).toHaveProperty('result');
  const first = await generation(session, 1);
  await renewalBegun(session);
  const held = [
    note(client.request('tools/call', { name: 'get_me' }, 'a')),
    note(client.request('resources/read', { uri: 'memo://two' }, 'b')),
    note(client.request('tools/list', {}, 'c')),
  ];
  expect((await client.request('ping')).result).toEqual({});
  expect(order).toEqual([]);
  writeFileSync(release, '');
  expect(toolText(await slow)).toBe('done');
  const [me] = await Promise.all(held);
  expect(toolText(me as Message)).toBe('{"login":"octocat"}');
  expect(order[0]).toBe('slow');

  const second = await generation(session, 2);
  expect(journal.methods(first)).not.toContain('resources/read');
  const got = journal.entries().filter(({ pid, event }) => pid === second && event === 'message');
  expect(got.map(({ method }) => method)).toEqual([
    'initialize',
    'notifications/initialized',
    'logging/setLevel',
    'resources/subscribe',
    'tools/call',
    'resources/read',
    'tools/list',
  ]);
  expect(got[0]?.params).toEqual(HELLO);
  expect(got[2]?.params).toEqual({ level: 'warning' });
  expect(got[3]?.params).toEqual({ uri: 'memo://two' });

  expect(refreshes(session)).toHaveLength(1);
  expect(github.liveTokens()).toHaveLength(1);
  expect(github.liveTokens()).not.toContain(stored.token);
  expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
  const tokens = journal.entries().filter(({ event }) => event === 'start');
  expect(tokens.map(({ token }) => token)).toEqual([
    fingerprint(stored.token),
    fingerprint(github.liveTokens()[0] ?? ''),
  ]);
  // The handshake of the second server is the proxy's own affair.
  const replies = client.messages.filter(({ method }) => method === undefined).map(({ id }) => id);
  expect(new Set(replies)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 'a', 'b', 'c', 'slow']));
  expect(replies).toHaveLength(11);
  await closeCleanly(session);
});

test('several renewals in a row under concurrent calls: none is lost, none sees a dead token', async () => {
  const session = await openSession({
    github: { clients: [{ clientId: 'Iv23liEMULATORAPP', kind: 'github-app', tokenLifetime: 3 }] },
  });
  const { client, github, journal } = session;
  let calls = 0;
  const caller = async (): Promise<void> => {
    while (journal.generations().length < 4) {
      calls += 1;
      expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
    }
  };
  await Promise.all([caller(), caller(), caller(), caller()]);
  expect(calls).toBeGreaterThan(12);
  expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
  const reached = journal.generations().length;
  expect(refreshes(session).length).toBeGreaterThanOrEqual(reached - 1);
  expect(refreshes(session).length).toBeLessThanOrEqual(reached);
  expect(github.liveTokens()).toHaveLength(1);
  await closeCleanly(session);
});

test('an idle session renews its token at once when it is due, and the old server ends', async () => {
  const session = await openSession({ ...due(), capabilities: false });
  // The hello begins the renewal, and a server that it replaces may be gone before it has started.
  const first = await generation(session, 1);
  await session.client.initialize();
  await refreshed(session);
  await generation(session, 2);
  await session.journal.waitFor(({ pid, event }) => pid === first && event === 'exit');
  expect(toolText(await session.client.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(refreshes(session)).toHaveLength(1);
  await closeCleanly(session);
});

test('a call that is given up by the client does not delay a renewal', async () => {
  const session = await openSession({ ...dueIn(2_000), capabilities: false });
  const { client } = session;
  startBusy(session, 'cancel_me', {}).catch(() => {});
  await renewalBegun(session);
  const next = client.callTool('get_me');
  client.notify('notifications/cancelled', { requestId: 'busy' });
  expect(toolText(await next)).toBe('{"login":"octocat"}');
  expect(client.messages.map(({ id }) => id)).not.toContain('busy');
  await closeCleanly(session);
});
