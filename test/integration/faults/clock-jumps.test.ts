// A wall clock that jumps under a session (DESIGN 2.4): forward, for a machine that slept, and back, for one whose time was
// corrected. A token's expiry follows it; durations do not. Not for: schedules (unit/session/renewal.test.ts).
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { closeWithoutTrace, listTools, makeDue, openFaultSession } from '../../support/fault-session.ts';
import type { FaultSession } from '../../support/fault-session.ts';
import { codeIn, TOKEN_PATH } from '../../support/login.ts';
import { toolText } from '../../support/messages.ts';
import { called, fileIn, generation, refreshed, refreshes, renewalBegun } from '../../support/session.ts';
import { kill } from '../../support/signals.ts';
import { runSideBySide } from '../../support/test-end.ts';

runSideBySide();

const ME = '{"login":"octocat"}';
const HOUR = 3_600_000;
/** Far above any pause of the proxy's, far below an hour. In ms. */
const SOON = 8_000;

/** Sleeps for nine hours: the token, which lived for eight, is dead by then. */
function sleepPastExpiry({ clock, github, stored }: FaultSession): void {
  clock.jump(9 * HOUR);
  github.expire(stored.token);
}

function unauthorised({ github }: FaultSession): unknown[] {
  return github.requests.filter(({ status }) => status === 401);
}

test.concurrent(
  'after a sleep past the expiry the very next call waits for a new token, and is answered',
  async ({ expect }) => {
    const session = await openFaultSession();
    const { client, journal } = session;
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    sleepPastExpiry(session);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(unauthorised(session)).toEqual([]);
    expect(refreshes(session)).toHaveLength(1);
    expect(journal.generations()).toHaveLength(2);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'what ran before such a sleep is answered by the old server, what came after it by the new one',
  async ({ expect }) => {
    const session = await openFaultSession();
    const { client, journal } = session;
    const release = fileIn(session);
    const slow = client.callTool('slow', { until: release });
    await called(session, 'slow');
    sleepPastExpiry(session);
    const calls = Array.from({ length: 8 }, () => client.callTool('get_me'));
    expect((await Promise.all(calls)).map(toolText)).toEqual(calls.map(() => ME));
    writeFileSync(release, '');
    expect(toolText(await slow)).toBe('done');
    const first = await generation(session, 1);
    expect(journal.methods(first).filter((method) => method === 'tools/call')).toHaveLength(1);
    expect(unauthorised(session)).toEqual([]);
    expect(refreshes(session)).toHaveLength(1);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'such a sleep while calls are finished for a renewal: it does not wait for them any longer',
  async ({ expect }) => {
    const session = await openFaultSession();
    const { client } = session;
    const release = fileIn(session);
    const slow = client.callTool('slow', { until: release });
    await called(session, 'slow');
    await makeDue(session);
    await renewalBegun(session);
    sleepPastExpiry(session);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    writeFileSync(release, '');
    expect(toolText(await slow)).toBe('done');
    expect(refreshes(session)).toHaveLength(1);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'after a sleep past all that it waited for, a server that dies is replaced at once',
  async ({ expect }) => {
    const session = await openFaultSession();
    const { client, journal } = session;
    sleepPastExpiry(session);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    kill(await generation(session, 2));
    await generation(session, 3);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(journal.generations()).toHaveLength(3);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'a sleep past the end of a login code: the call hears so, and the next one brings a new code',
  async ({ expect }) => {
    const session = await openLocked({ elicitation: {} });
    const { client, github, clock } = session;
    const call = client.callTool('get_me');
    await client.nextMessage(({ method }) => method === 'elicitation/create');
    clock.jump(HOUR);
    expect(toolText(await call)).toContain('expired');
    const again = client.callTool('get_me');
    const { params } = await client.nextMessage(({ method }) => method === 'elicitation/create');
    github.approve(codeIn(String(params?.['message'])));
    expect(toolText(await again)).toBe(ME);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'back by an hour while calls are finished for a renewal: the deadline comes all the same',
  async ({ expect }) => {
    const session = await openFaultSession({ args: ['--drain-timeout', '0.5'] });
    const { client } = session;
    const stuck = client.callTool('cancel_me');
    await called(session, 'cancel_me');
    await makeDue(session);
    await renewalBegun(session);
    session.clock.jump(-HOUR);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(toolText(await stuck)).toContain('may or may not have run');
    expect(refreshes(session)).toHaveLength(1);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'back by an hour while a server that keeps dying is left alone: it is started again in time',
  async ({ expect }) => {
    const broken = ['--require-token', '^never$'];
    const session = await openFaultSession({ starts: [[], broken, broken, broken, []] });
    const { client, journal } = session;
    kill(await generation(session, 1));
    // Each of the broken ones says so twice: itself, and the proxy of its end. After the second nobody restarts it unasked.
    await client.waitForStderr(/(is missing or is not accepted[^]*){4}/);
    session.clock.jump(-HOUR);
    const echo = async (): Promise<string> => toolText(await client.callTool('echo', { text: 'back' }));
    await expect.poll(echo, { timeout: SOON }).toBe('back');
    expect(journal.generations()).toHaveLength(5);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'back by an hour while a call waits for a person: it hears so on time, and gets its result',
  async ({ expect }) => {
    const session = await openLocked({ elicitation: {} });
    const { client, github } = session;
    const params = { name: 'get_me', arguments: {}, _meta: { progressToken: 'p' } };
    const call = client.requestRaw('"call"', 'tools/call', params, 20_000);
    const asked = await client.nextMessage(({ method }) => method === 'elicitation/create');
    const first = await client.nextNotification('notifications/progress');
    session.clock.jump(-HOUR);
    // Every ten seconds.
    const second = await client.nextNotification('notifications/progress', 10_000 + SOON);
    expect(Number(second.params?.['progress'])).toBeGreaterThan(Number(first.params?.['progress']));
    github.approve(codeIn(String(asked.params?.['message'])));
    expect(toolText(await call)).toBe(ME);
    await closeWithoutTrace(session);
  },
  30_000,
);

test.concurrent(
  'back by an hour while a locked client waits for a silent server: it is answered without it',
  async ({ expect }) => {
    const session = await openLocked(false, ['--silent']);
    const { client } = session;
    const hello = client.initialize();
    await session.journal.waitFor(({ method }) => method === 'initialize');
    session.clock.jump(-HOUR);
    expect(await hello).toHaveProperty('result.capabilities.tools');
    await closeWithoutTrace(session, { token: 'none' });
  },
);

test.concurrent(
  'back by an hour after a renewal that reached nobody: it is tried again in time',
  async ({ expect }) => {
    const session = await openFaultSession({
      issuedAt: Date.now() - 1_000,
      expiresAt: Date.now() - 1,
      prepare: (github) => github.fault({ path: TOKEN_PATH, kind: 'reset' }),
    });
    const { client } = session;
    await client.waitForStderr(/the token could not be renewed/);
    session.clock.jump(-HOUR);
    await refreshed(session);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(refreshes(session)).toHaveLength(2);
    await closeWithoutTrace(session);
  },
);

test.concurrent(
  'back by an hour, so that the token seems good when GitHub has let it expire: renewed, and answered',
  async ({ expect }) => {
    const session = await openFaultSession();
    const { client, github, stored } = session;
    await listTools(session);
    session.clock.jump(-HOUR);
    github.expire(stored.token);
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    expect(refreshes(session)).toHaveLength(1);
    await closeWithoutTrace(session);
  },
);

test.concurrent('back again and again at the goodbye: it does not take longer', async ({ expect }) => {
  const session = await openFaultSession();
  const { client, clock } = session;
  const before = clock.now();
  client.send({ jsonrpc: '2.0', id: 'owed', method: 'tools/call', params: { name: 'cancel_me' } });
  await called(session, 'cancel_me');
  const corrections = setInterval(() => clock.jump(-HOUR), 50);
  try {
    await closeWithoutTrace(session, { unanswered: ['"owed"'] });
  } finally {
    clearInterval(corrections);
  }
  // Else nothing was proved: 0.8 s are given to what is owed.
  expect(before - clock.now()).toBeGreaterThan(8 * HOUR);
});

/** A session in which nobody has logged in; what is stored then is what the login brings. */
async function openLocked(
  capabilities: Record<string, unknown> | false,
  flags: readonly string[] = [],
): Promise<FaultSession> {
  return openFaultSession({ locked: true, capabilities, flags });
}
