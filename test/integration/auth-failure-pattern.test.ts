// --auth-failure-pattern with real processes: a server of another service that says in its own words that its token was
// refused. Not for: which patterns are accepted (unit/cli/auth-failure-pattern.test.ts).
import { expect, test } from 'vitest';
import { fingerprint } from '../../fixtures/servers/lib/journal.mjs';
import { toolText } from '../support/messages.ts';
import type { Message } from '../support/messages.ts';
import { closeCleanly, openSession, refreshes } from '../support/session.ts';
import type { OpenSession } from '../support/session.ts';
import { serverCommand } from '../support/spawned.ts';

/** What GitLab's API answers, in the words of a server that passes it on. */
const TEXT = 'GitLab API error: 401 Unauthorized\n{"message":"401 Unauthorized"}';
const FLAG = ['--auth-failure-pattern', '401 Unauthorized'];

interface Given {
  readonly args?: readonly string[];
  /** Instead of the first token only. */
  readonly refuse?: 'all';
}

/** A session whose server refuses the token that it is started with first. */
async function refusing({ args = [], refuse }: Given = {}): Promise<OpenSession> {
  let first = '';
  return openSession({
    args,
    prepare: (github) => {
      first = fingerprint(github.liveTokens()[0] ?? '');
    },
    command: (file) => serverCommand('refuses.mjs', '--journal', file, '--refuse', refuse ?? first, TEXT),
  });
}

/** How often a server was asked to run a tool. */
function runs({ journal }: OpenSession): number {
  return journal.methods().filter((method) => method === 'tools/call').length;
}

/** Renewals, servers started, runs of tools. */
function counts(session: OpenSession): Record<string, number> {
  return {
    renewals: refreshes(session).length,
    servers: session.journal.generations().length,
    runs: runs(session),
  };
}

test.each(['work', 'work_rpc'])(
  '%s fails in these words: one renewal, one new server, one replay',
  async (tool) => {
    const session = await refusing({ args: FLAG });
    expect(toolText(await session.client.callTool(tool))).toBe('done');
    expect(counts(session)).toEqual({ renewals: 1, servers: 2, runs: 2 });
    await closeCleanly(session);
  },
);

test('of several patterns one is enough', async () => {
  const session = await refusing({ args: ['--auth-failure-pattern', 'something else', ...FLAG] });
  expect(toolText(await session.client.callTool('work'))).toBe('done');
  expect(counts(session)).toEqual({ renewals: 1, servers: 2, runs: 2 });
  await closeCleanly(session);
});

test.each<[string, (answer: Message) => unknown, unknown]>([
  ['work', ({ result }) => result, { content: [{ type: 'text', text: TEXT }], isError: true }],
  ['work_rpc', ({ error }) => error, { code: -32603, message: TEXT }],
])('without the flag the failure of %s passes as it is', async (tool, of, expected) => {
  const session = await refusing();
  expect(of(await session.client.callTool(tool))).toEqual(expected);
  expect(counts(session)).toEqual({ renewals: 0, servers: 1, runs: 1 });
  await closeCleanly(session);
});

test.each(['quote', 'log'])('the same text in the ordinary content of %s is no failure', async (tool) => {
  const session = await refusing({ args: FLAG });
  const answer = await session.client.callTool(tool);
  expect(toolText(answer)).toBe(TEXT);
  expect(answer.result?.['isError'] ?? false).toBe(false);
  expect(counts(session)).toEqual({ renewals: 0, servers: 1, runs: 1 });
  await closeCleanly(session);
});

test('a server that refuses every token: the failure is explained, and the renewals are few', async () => {
  const session = await refusing({ args: FLAG, refuse: 'all' });
  const calls = 10;
  for (let at = 0; at < calls; at += 1) {
    const answer = await session.client.callTool('work');
    expect(answer.result?.['isError']).toBe(true);
    expect(toolText(answer)).toContain(TEXT);
    expect(toolText(answer)).toMatch(/got a new token and made this call again|does not do so again at once/);
  }
  // The first call was made again; those after it find that the new token is no better.
  expect(counts(session)).toEqual({ renewals: 1, servers: 2, runs: calls + 1 });
  await closeCleanly(session);
});
