// The proxy itself is killed (SIGKILL) in the middle of a rotation: nothing of it stays but a refresher that has been told
// to go, its store is whole, and the next one works without a login. Not for: servers that ignore the end of stdin; nobody is left to
// end those. Nor for the write to the store, byte by byte (unit/vault/file-vault-failures.test.ts).
import { expect, test } from 'vitest';
import {
  assertAftermath,
  closeWithoutTrace,
  listTools,
  makeDue,
  openFaultSession,
} from '../../support/fault-session.ts';
import type { AftermathOptions, FaultOptions, FaultSession } from '../../support/fault-session.ts';
import { refreshersOf } from '../../support/holders.ts';
import { CODE_PATH, codeIn, TOKEN_PATH } from '../../support/login.ts';
import { toolNames, toolText } from '../../support/messages.ts';
import { waitUntilGone } from '../../support/processes.ts';
import { called, fileIn, generation, refreshes, renewalBegun } from '../../support/session.ts';
import { kill } from '../../support/signals.ts';

const ME = '{"login":"octocat"}';
const GONE_MS = 4_000;

interface Moment {
  readonly moment: string;
  readonly options?: FaultOptions;
  /** Resolves when it has come. */
  readonly comes: (session: FaultSession) => Promise<unknown>;
  /** Whether a call runs, which keeps the renewal waiting. */
  readonly busy?: boolean;
}

const asked = ({ github }: FaultSession): Promise<unknown> =>
  github.waitForRequest(({ path }) => path === TOKEN_PATH);

/** GitHub has sent its answer, whoever reads it. */
const spent = ({ github }: FaultSession): Promise<unknown> =>
  github.waitForRequest(({ path, status }) => path === TOKEN_PATH && status === 200);

/** Such an answer of GitHub's as leaves the time for a kill. */
const takes = (kind: 'slow' | 'late'): FaultOptions => ({
  prepare: (github) => github.fault({ path: TOKEN_PATH, kind, delayMs: 500 }),
});

const MOMENTS: Moment[] = [
  { moment: 'while calls are finished', comes: renewalBegun, busy: true },
  {
    moment: 'while GitHub is asked, and has done nothing yet',
    options: takes('slow'),
    comes: asked,
  },
  {
    moment: 'while the answer is on its way, and GitHub has spent the refresh token',
    options: takes('late'),
    comes: asked,
  },
  { moment: 'while the new server starts', comes: (session) => generation(session, 2) },
  {
    moment: 'while the new server shakes hands',
    comes: ({ journal }) =>
      journal.waitFor(({ event, method }) => event === 'message' && method === 'initialize', { count: 2 }),
  },
  {
    moment: 'while the old server owes answers to the end of the rotation',
    options: { args: ['--drain-timeout', '0.2'] },
    comes: (session) => generation(session, 2),
    busy: true,
  },
  {
    moment: 'while the old server serves beside the one that starts',
    options: { rotation: 'overlapping' },
    comes: (session) => generation(session, 2),
    busy: true,
  },
];

/** Kills it at that moment, with one call that waits for the renewal, and looks for what is left in the end. */
async function killedAt(
  { options = {}, comes, busy }: Moment,
  aftermath: AftermathOptions = {},
  afterwards?: (session: FaultSession) => Promise<unknown>,
): Promise<FaultSession> {
  const session = await openFaultSession(options);
  const { client, home } = session;
  await listTools(session);
  const call = (id: string, name: string, args = {}): void =>
    client.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } });
  if (busy) {
    call('running', 'slow', { until: fileIn(session) });
    await called(session, 'slow');
  }
  await makeDue(session);
  await comes(session);
  if (aftermath.keepsLock) for (const pid of refreshersOf(session)) kill(pid);
  client.kill('SIGKILL');
  expect(await client.closed).toEqual({ code: null, signal: 'SIGKILL' });
  await waitUntilGone(`HOME=${home}`, GONE_MS);
  await afterwards?.(session);
  await assertAftermath(session, { ...aftermath, unanswered: busy ? ['"running"'] : [] });
  return session;
}

test.each(MOMENTS)('$moment: the next one needs no login', async (moment) => {
  const killed = await killedAt(moment);
  killed.github.clearFaults();
  const session = await openFaultSession({ after: killed });
  const { client, github } = session;
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  // Nor does the renewal that was cut short, or the next one, do any harm.
  await makeDue(session);
  await generation(session, 2);
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  expect(github.count(CODE_PATH)).toBe(0);
  expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
  await closeWithoutTrace(session);
});

test('when the refresher is killed as well, so that the answer finds nobody: the next one asks for a login, and works', async () => {
  const moment: Moment = { moment: '', options: takes('late'), comes: asked };
  const killed = await killedAt(moment, { token: 'spent', keepsLock: true }, spent);
  const session = await openFaultSession({ after: killed });
  const { client, github } = session;
  await listTools(session);
  const prompt = toolText(await client.callTool('get_me'));
  expect(prompt).toMatch(/^Login to 127\.0\.0\.1:\d+ is needed\. .* enter the code/);
  expect(toolNames(await client.request('tools/list'))[0]).toBe('auth_login');
  github.approve(codeIn(prompt));
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  // The refresh that found nobody, and one that learnt that it was in vain.
  expect(refreshes(session)).toHaveLength(2);
  await closeWithoutTrace(session);
});
