// A server that is killed at each step of its handshake, as the first of a session or as one that follows (DESIGN 2.5).
// Not for: servers that end by themselves, with a last word (crash-loop.test.ts).
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { closeWithoutTrace, listTools, makeDue, openFaultSession } from '../../support/fault-session.ts';
import { logIn } from '../../support/login.ts';
import { toolNames, toolText } from '../../support/messages.ts';
import { called, fileIn, generation, refreshes } from '../../support/session.ts';

const ME = '{"login":"octocat"}';

const UNANSWERED = [
  ['before it has read anything', 'start'],
  ['when it has read initialize', 'initialize'],
  ['in the middle of its answer', 'half'],
] as const;

const ANSWERED = [
  ['after its answer', 'answered'],
  ['when it has read notifications/initialized', 'initialized'],
] as const;

/** The first process of a session dies at this step, or the second one does; all others live. */
const dies = (step: string): string[] => ['--signal-at', `${step}:SIGKILL`];

test.each([...UNANSWERED, ...ANSWERED])('the first one, %s: the client does not notice', async (_, step) => {
  const session = await openFaultSession({ starts: [dies(step), []] });
  const { client, journal } = session;
  await listTools(session);
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  const second = await generation(session, 2);
  expect(journal.methods(second).slice(0, 2)).toEqual(['initialize', 'notifications/initialized']);
  expect(journal.generations()).toHaveLength(2);
  await closeWithoutTrace(session);
});

test.each([...UNANSWERED, ...ANSWERED])(
  'the first one of a client that is not logged in, %s: it is answered, and can log in',
  async (_, step) => {
    const session = await openFaultSession({ locked: true, starts: [dies(step), []], capabilities: false });
    const { client, github } = session;
    expect(await client.initialize()).toHaveProperty('result.capabilities.tools');
    expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
    expect(await logIn(client, github)).toContain('Logged in as octocat');
    expect(toolText(await client.callTool('get_me'))).toBe(ME);
    await closeWithoutTrace(session);
  },
);

const FOLLOWING = (['exclusive', 'overlapping'] as const).flatMap((rotation) =>
  [...UNANSWERED, ...ANSWERED].map(([when, step]) => ({ rotation, when, step })),
);

test.each(FOLLOWING)('one that follows ($rotation), $when: nothing is lost', async ({ rotation, step }) => {
  const session = await openFaultSession({ rotation, starts: [[], dies(step), []] });
  const { client, github, journal } = session;
  await listTools(session);
  const release = fileIn(session);
  const running = client.callTool('slow', { until: release });
  await called(session, 'slow');
  await makeDue(session);
  const me = client.callTool('get_me');
  const memo = client.request('resources/read', { uri: 'memo://one' });
  const write = client.callTool('write_thing', { key: 'one' });
  writeFileSync(release, '');
  expect(toolText(await running)).toBe('done');
  expect(toolText(await me)).toBe(ME);
  expect(await memo).toHaveProperty('result.contents');
  const written = toolText(await write);
  // One that has answered its handshake may have been sent the call before its end is seen; nobody can know then.
  const wentToTheDead = ANSWERED.some(([, name]) => name === step) && written !== 'wrote one';
  expect(written).toMatch(wentToTheDead ? /may or may not have run/ : /^wrote one$/);
  expect(journal.writes()).toEqual(wentToTheDead ? [] : ['one']);
  const third = await generation(session, 3);
  await journal.waitFor(({ pid, method }) => pid === third && method === 'notifications/initialized');
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(journal.generations()).toHaveLength(3);
  expect(refreshes(session)).toHaveLength(1);
  expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
  await closeWithoutTrace(session);
});
