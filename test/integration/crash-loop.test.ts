// Servers that keep dying, or come back different (DESIGN 2.5): the pauses grow, the errors say why, and a server that
// works again is used again. Not for: a single crash (crash.test.ts).
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toolText } from '../support/messages.ts';
import type { Message } from '../support/messages.ts';
import { closeCleanly, fileIn, generation, openSession } from '../support/session.ts';
import type { OpenSession } from '../support/session.ts';
import { serverCommand } from '../support/spawned.ts';

/** A session whose server has other flags at each start; the last ones stay. */
function openSuccessive(starts: readonly (readonly string[])[]): Promise<OpenSession> {
  return openSession({
    command: (journal) =>
      serverCommand(
        'successive.mjs',
        `${journal}.starts`,
        ...starts.map((flags) => JSON.stringify(['--journal', journal, ...flags])),
      ),
  });
}

/** Brings the next server: the token is revoked, and this call is what notices. */
function nextServer({ client, github, stored }: OpenSession): Promise<Message> {
  github.revoke(stored.token);
  return client.callTool('get_me');
}

/** Has its say on stderr, and ends. */
const BROKEN = ['--require-token', '^never$'];
const LAST_WORDS = 'GITHUB_PERSONAL_ACCESS_TOKEN is missing or is not accepted';

test('calls hear the last words on stderr, ping is answered, and a server that works again is used', async () => {
  const session = await openSuccessive([[], BROKEN, BROKEN, BROKEN, []]);
  const { client, journal } = session;
  process.kill(await generation(session, 1), 'SIGKILL');
  await client.waitForStderr(new RegExp(`(${LAST_WORDS}[^]*){3}`));
  const answer = await client.callTool('echo', { text: 'one' });
  expect(answer.result?.['isError']).toBe(true);
  expect(toolText(answer)).toContain(LAST_WORDS);
  expect((await client.request('ping')).result).toEqual({});
  const error = (await client.request('resources/read', { uri: 'memo://one' })).error;
  expect(error).toMatchObject({ code: 5030, data: { reason: 'upstream_unavailable', retryable: true } });
  // The error says how long it is until a request starts it again.
  let again = answer;
  while (again.result?.['isError'] === true) again = await client.callTool('echo', { text: 'again' });
  expect(toolText(again)).toBe('again');
  expect(journal.generations()).toHaveLength(5);
  await closeCleanly(session);
});

test('a new server that dies in its handshake is replaced, and what waited goes to the next one', async () => {
  const session = await openSuccessive([[], BROKEN, []]);
  expect(toolText(await nextServer(session))).toBe('{"login":"octocat"}');
  expect(session.journal.generations()).toHaveLength(3);
  await closeCleanly(session);
});

test('a new server that speaks another protocol version is an error that says so', async () => {
  const session = await openSuccessive([[], ['--protocol-version', '2024-11-05']]);
  const answer = await nextServer(session);
  expect(answer.result?.['isError']).toBe(true);
  expect(toolText(answer)).toContain(
    'now speaks MCP 2024-11-05, but this session was opened with 2025-11-25. Reconnect the server in the client.',
  );
  await closeCleanly(session);
});

test('a new server without a capability: its methods say so, the rest works', async () => {
  const session = await openSuccessive([[], ['--without', 'resources', '--without', 'prompts']]);
  const { client } = session;
  expect(toolText(await nextServer(session))).toBe('{"login":"octocat"}');
  expect(client.stderrText()).toMatch(/no longer offers (prompts, resources|resources, prompts)/);
  expect((await client.request('prompts/list')).result).toEqual({ prompts: [] });
  expect((await client.request('resources/read', { uri: 'memo://one' })).error).toMatchObject({
    code: 5030,
    message: 'The server does not offer resources/read.',
  });
  await closeCleanly(session);
});

test('a call that kills every server it meets is made again once only', async () => {
  const session = await openSession();
  const { client, journal } = session;
  await client.request('tools/list');
  const answer = await client.callTool('crash_read');
  expect(toolText(answer)).toContain('may or may not have run');
  expect(journal.methods().filter((method) => method === 'tools/call')).toHaveLength(2);
  writeFileSync(fileIn(session), '');
  const next = await client.callTool('crash_read', { unlessFile: fileIn(session) });
  expect(toolText(next)).toBe('did not crash');
  await closeCleanly(session);
});
