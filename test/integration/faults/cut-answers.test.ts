// A server that is killed in the middle of an answer, small or streamed, also while its token is renewed (DESIGN 2.1,
// 2.5): what may be made again is made again, the rest is told the truth, and no line is mixed with another.
// Not for: each byte at which an answer can end, or raw bytes (broken-frames.test.ts).
import { expect, test } from 'vitest';
import { closeWithoutTrace, listTools, makeDue, openFaultSession } from '../../support/fault-session.ts';
import { toolText } from '../../support/messages.ts';
import { called, fileIn, refreshes, renewalBegun } from '../../support/session.ts';
import { kill, stopped } from '../../support/signals.ts';

const ME = '{"login":"octocat"}';
/** Above what is collected before it is passed on (256 KiB), and twice that. In bytes. */
const STREAMED = 300_000;
const WHOLE = 600_000;
const SIGKILL = 'SIGKILL';

test.each([1, 12, 40])(
  '%i bytes of a small answer: a call that only reads is made again',
  async (partial) => {
    const session = await openFaultSession();
    const { client, journal } = session;
    await listTools(session);
    const args = { partial, signal: SIGKILL, unlessFile: fileIn(session) };
    expect(toolText(await client.callTool('crash_read', args))).toBe('did not crash');
    expect(journal.generations()).toHaveLength(2);
    await closeWithoutTrace(session);
  },
);

test('a small answer to a call that may write: the truth, and nothing of the answer', async () => {
  const session = await openFaultSession();
  const { client } = session;
  await listTools(session);
  const lines = client.rawLines.length;
  const answer = await client.callTool('crash', { partial: 40, signal: SIGKILL });
  expect(answer.result?.['isError']).toBe(true);
  expect(toolText(answer)).toMatch(/may or may not have run.*SIGKILL/);
  expect(client.rawLines.length).toBe(lines + 1);
  await closeWithoutTrace(session);
});

test.each([false, true])(
  'a streamed answer (id last: %s): its line is ended, and the call made again on a new server',
  async (idLast) => {
    const session = await openFaultSession();
    const { client, journal } = session;
    await listTools(session);
    const echo = client.callTool('cancel_me');
    await called(session, 'cancel_me');
    const args = { bytes: WHOLE, partial: STREAMED, signal: SIGKILL, unlessFile: fileIn(session), idLast };
    const answer = await client.callTool('big', args);
    expect(toolText(answer)).toHaveLength(WHOLE);
    expect(toolText(await echo)).toContain('may or may not have run');
    expect(client.notJson.map((line) => line.length > STREAMED)).toEqual([true]);
    expect(journal.generations()).toHaveLength(2);
    await closeWithoutTrace(session, { cutLines: 1 });
  },
);

test.each([
  { size: 'small', partial: 100, cutLines: 0 },
  { size: 'streamed', partial: STREAMED, cutLines: 1 },
])('a $size answer while the token is renewed: the renewal goes on', async ({ partial, cutLines }) => {
  const session = await openFaultSession();
  const { client, journal } = session;
  await listTools(session);
  // Stops itself in the middle of it, until it is killed.
  const args = { bytes: WHOLE, partial, signal: 'SIGSTOP', unlessFile: fileIn(session) };
  const big = client.callTool('big', args);
  const { pid } = await journal.waitFor(({ event }) => event === 'start');
  await stopped(pid);
  await makeDue(session);
  await renewalBegun(session);
  const me = client.callTool('get_me');
  kill(pid);
  expect(toolText(await me)).toBe(ME);
  expect(toolText(await big)).toHaveLength(WHOLE);
  expect(journal.generations()).toHaveLength(2);
  expect(refreshes(session)).toHaveLength(1);
  await closeWithoutTrace(session, { cutLines });
});
