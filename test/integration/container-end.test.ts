// Nothing is left of a server in a container, whoever ends it and however (DESIGN 2.5): no container, no cidfile. The
// engine is fixtures/servers/container-engine. Not for: servers that are processes of ours (goodbye.test.ts).
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { createContainerEngine } from '../support/container-engine.ts';
import type { ContainerEngine } from '../support/container-engine.ts';
import { openJournal } from '../support/journal.ts';
import type { Journal } from '../support/journal.ts';
import { loggedIn } from '../support/logged-in.ts';
import type { LoggedIn, LoggedInOptions } from '../support/logged-in.ts';
import { startTestGithub } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import { aliveWithMarker, descendantsOf, waitUntilGone } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import type { RawClient } from '../support/raw-client.ts';
import { due } from '../support/session.ts';
import { assertNoSecrets } from '../support/temp.ts';

/** The proxy's own limit is 2 s; twice that, for machines that have other things to do. */
const LIMIT_MS = 4000;
/** Only SIGKILL within the engine ends such a server: its tool cannot. */
const STUBBORN = ['--ignore-eof', '--ignore-sigterm'];

interface Session {
  readonly client: RawClient;
  readonly engine: ContainerEngine;
  readonly journal: Journal;
  readonly stored: LoggedIn;
  /** On the proxy, the tool and what is in the container; see processes.ts. */
  readonly mark: string;
}

interface Options extends Pick<LoggedInOptions, 'issuedAt' | 'expiresAt'> {
  readonly github?: GithubEmulator;
  /** Of the server. */
  readonly flags?: readonly string[];
  /** Of `docker run`. */
  readonly runFlags?: readonly string[];
  /** Of the proxy. */
  readonly args?: readonly string[];
}

/** A session that is logged in, before a server in a container that has answered. */
async function open({ flags = [], runFlags = [], args = [], ...login }: Options = {}): Promise<Session> {
  const engine = createContainerEngine();
  const journal = openJournal();
  const stored = await loggedIn(login);
  const mark = `mark-${randomUUID()}`;
  const run = ['docker', '--context', engine.context, 'run', '-i', ...runFlags];
  const client = startProxy({
    args: [...stored.args, ...args],
    command: [...run, 'scripted.mjs', '--journal', journal.file, ...flags, mark],
    env: engine.env,
  });
  // The hello begins a renewal that is due, and a server that it replaces may be gone before it has started.
  await journal.waitFor(({ event }) => event === 'start');
  await client.initialize();
  await client.request('tools/list');
  return { client, engine, journal, stored, mark };
}

/** The tool, `docker run`: the proxy's child. */
function toolOf({ client }: Session): number {
  const [tool] = descendantsOf(client.pid);
  if (tool === undefined) throw new Error('there is no docker run');
  return tool;
}

/** What has to hold after every end, and that no secret was where others can read. */
async function expectNothingLeft({ client, engine, mark, stored }: Session): Promise<void> {
  await waitUntilGone(mark, LIMIT_MS);
  await client.closed;
  expect(engine.containers()).toEqual([]);
  expect(readdirSync(engine.temp)).toEqual([]);
  assertNoSecrets({
    dirs: [engine.context],
    buffers: { stderr: client.stderrText() },
    secrets: [stored.token],
  });
}

const verbs = ({ engine }: Session): (string | undefined)[] => engine.calls().map(([verb]) => verb);

test('a server that ends with its input costs no call of the engine', async () => {
  const session = await open();
  expect(session.engine.containers()).toHaveLength(1);
  session.client.end();
  await expectNothingLeft(session);
  expect(session.client.stderrText()).toBe('');
  expect(verbs(session)).toEqual(['run']);
});

describe.each([
  ['the end of stdin', (session: Session) => session.client.end(), 0],
  ['SIGTERM', (session: Session) => session.client.kill(), 143],
])('after %s', (_, end, code) => {
  test('a server that ignores all that reaches it through the tool is gone with its container', async () => {
    const session = await open({ flags: STUBBORN });
    const [id] = session.engine.containers();
    end(session);
    expect((await session.client.exited).code).toBe(code);
    await expectNothingLeft(session);
    expect(session.client.stderrText()).toBe('');
    expect(session.engine.calls().slice(1)).toEqual([['rm', '-f', '-v', id]]);
  });
});

test('the tool is killed: its container goes, and the next call has another', async () => {
  const session = await open({ flags: STUBBORN });
  const { client, engine, journal } = session;
  const [first] = engine.containers();
  const [server = 0] = journal.generations();
  process.kill(toolOf(session), 'SIGKILL');
  expect(toolText(await client.callTool('echo', { text: 'after' }))).toBe('after');
  await expect.poll(() => engine.containers()).not.toContain(first);
  await expect.poll(() => aliveWithMarker(session.mark)).not.toContain(server);
  expect(engine.containers()).toHaveLength(1);
  client.end();
  await expectNothingLeft(session);
});

test('a token is replaced: the container of the old one goes while the session goes on', async () => {
  const github = await startTestGithub();
  const session = await open({ github, flags: STUBBORN, ...due() });
  const { client, engine, journal } = session;
  await journal.waitFor(({ event }) => event === 'start', { count: 2 });
  const [first = 0] = journal.generations();
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  await expect.poll(() => aliveWithMarker(session.mark), { timeout: LIMIT_MS }).not.toContain(first);
  await expect.poll(() => engine.containers()).toHaveLength(1);
  await expect.poll(() => readdirSync(engine.temp)).toHaveLength(1);
  client.end();
  await expectNothingLeft(session);
  assertNoSecrets({ dirs: [engine.context], secrets: github.secrets() });
});

test('an engine that is slow goes on when the proxy has ended', async () => {
  const session = await open({ flags: STUBBORN });
  const { client, engine } = session;
  const hold = path.join(engine.context, 'hold-rm');
  writeFileSync(hold, '');
  client.end();
  const start = performance.now();
  expect(await client.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - start).toBeLessThan(LIMIT_MS);
  expect(engine.containers()).toHaveLength(1);
  expect(readdirSync(engine.temp)).toEqual([]);
  rmSync(hold);
  await expectNothingLeft(session);
});

test('an engine that cannot be reached: a person is told what to run', async () => {
  const session = await open({ flags: STUBBORN });
  const { client, engine, mark } = session;
  const [id] = engine.containers();
  writeFileSync(path.join(engine.context, 'no-daemon'), '');
  client.end();
  await client.exited;
  expect(client.stderrText()).toContain(`Remove it by: docker --context ${engine.context} rm -f -v ${id}`);
  expect(readdirSync(engine.temp)).toEqual([]);
  expect(aliveWithMarker(mark)).not.toEqual([]);
});

test('--rm=false: the container is ended, and kept for whoever asked for it', async () => {
  const session = await open({ flags: STUBBORN, runFlags: ['--rm=false'] });
  const [id] = session.engine.containers();
  session.client.end();
  await waitUntilGone(session.mark, LIMIT_MS);
  expect(session.engine.calls().at(-1)).toEqual(['kill', id]);
  expect(session.engine.containers()).toEqual([id]);
  expect(readdirSync(session.engine.temp)).toEqual([]);
});

describe('the proxy is killed (-9)', () => {
  test('a server that ends with its input ends; the cidfile is left, and it holds the id alone', async () => {
    const session = await open();
    const { client, engine } = session;
    const [id] = engine.containers();
    client.kill('SIGKILL');
    await waitUntilGone(session.mark, LIMIT_MS);
    expect(engine.containers()).toEqual([]);
    const [folder = ''] = readdirSync(engine.temp);
    expect(readdirSync(path.join(engine.temp, folder))).toEqual(['cid']);
    expect(readFileSync(path.join(engine.temp, folder, 'cid'), 'utf8')).toBe(id);
  });
});

test.each(['--name=github', '--cidfile=x'])('%s is refused before anything is started', async (flag) => {
  const engine = createContainerEngine();
  const { args } = await loggedIn();
  const client = startProxy({
    args,
    command: ['docker', '--context', engine.context, 'run', '-i', flag, 'scripted.mjs'],
    env: engine.env,
  });
  expect((await client.closed).code).toBe(2);
  expect(client.stderrText()).toMatch(
    new RegExp(`has ${flag.split('=')[0]}: .*\nRemove ${flag.split('=')[0]}`),
  );
  expect(engine.calls()).toEqual([]);
});
