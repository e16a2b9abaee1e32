// Calls that outlast the drain of a renewal (DESIGN 2.4, --drain-timeout). Side by side, for most of it is waiting until a
// token is due. Not for: renewals that wait for everything (rotation.test.ts).
import { writeFileSync } from 'node:fs';
import { test } from 'vitest';
import { toolText } from '../support/messages.ts';
import {
  closeCleanly,
  dueIn,
  fileIn,
  generation,
  openSession,
  refreshes,
  startBusy,
} from '../support/session.ts';
import { runSideBySide } from '../support/test-end.ts';

runSideBySide();

/** Long enough for a server to start on a busy machine. In ms. */
const DUE = 2_000;

test.concurrent(
  'the answer of a call that outlasts it is still delivered, while others run on the new server',
  async ({ expect }) => {
    const session = await openSession({ ...dueIn(DUE), args: ['--drain-timeout', '1'], capabilities: false });
    const { client, journal } = session;
    const release = fileIn(session);
    const slow = startBusy(session, 'slow', { until: release });
    const second = await generation(session, 2);
    const me = client.callTool('get_me');
    writeFileSync(release, '');
    expect(toolText(await slow)).toBe('done');
    expect(toolText(await me)).toBe('{"login":"octocat"}');
    expect(journal.methods(second).filter((method) => method === 'tools/call')).toHaveLength(1);
    await closeCleanly(session);
  },
);

test.concurrent(
  'a call that loses its token that way is made again on the new server',
  async ({ expect }) => {
    const session = await openSession({ ...dueIn(DUE), args: ['--drain-timeout', '1'], capabilities: false });
    const { github, journal } = session;
    const release = fileIn(session);
    const write = startBusy(session, 'write_thing', { key: 'one', until: release, checkToken: true });
    await generation(session, 2);
    writeFileSync(release, '');
    expect(toolText(await write)).toBe('wrote one');
    expect(journal.writes()).toEqual(['one']);
    const asked = github.requests.filter(({ path }) => path === '/api/v3/user');
    expect(asked.map(({ status }) => status)).toEqual([401, 200]);
    expect(refreshes(session)).toHaveLength(1);
    await closeCleanly(session);
  },
);

test.concurrent(
  'a large answer that is under way when its time is over is delivered, and nothing beside it',
  async ({ expect }) => {
    const flags = ['--ignore-eof', '--ignore-sigterm'];
    const session = await openSession({ ...dueIn(DUE), flags, args: ['--drain-timeout', '0.2'] });
    const { client, journal } = session;
    await client.request('tools/list');
    const first = await generation(session, 1);
    // Stops itself in the middle of it.
    const big = client.callTool('big', { bytes: 600_000, partial: 300_000, signal: 'SIGSTOP' });
    await generation(session, 2);
    await client.waitForStderr(new RegExp(`upstream ${first}: end of input`));
    process.kill(first, 'SIGCONT');
    expect(toolText(await big)).toHaveLength(600_000);
    await journal.waitFor(({ pid, event }) => pid === first && event === 'eof');
    expect(toolText(await client.callTool('echo', { text: 'next' }))).toBe('next');
    expect(client.messages.filter(({ id }) => id === 3)).toHaveLength(1);
    expect(client.notJson).toEqual([]);
    await closeCleanly(session);
  },
);

test.concurrent(
  'silence ends in an error that says that the call may or may not have run',
  async ({ expect }) => {
    const session = await openSession({
      ...dueIn(DUE),
      args: ['--drain-timeout', '0.2'],
      capabilities: false,
    });
    const { client, journal } = session;
    const answer = await startBusy(session, 'cancel_me', {});
    expect(answer.result?.['isError']).toBe(true);
    expect(toolText(answer)).toContain('may or may not have run');
    const first = await generation(session, 1);
    await journal.waitFor(({ pid, event }) => pid === first && event === 'exit');
    expect(toolText(await client.callTool('echo', { text: 'next' }))).toBe('next');
    expect(journal.generations()).toHaveLength(2);
    await closeCleanly(session);
  },
);
