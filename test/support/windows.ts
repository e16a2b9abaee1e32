// Several windows of one person: proxies that share a state directory, with one GitHub, one home by which all their
// processes are found, and one journal of all their servers. Not for: a single session (fault-session.ts).
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import type { GithubEmulator, GithubOptions } from '../../fixtures/github/emulator.mjs';
import { openJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { codeIn, startTestGithub } from './login.ts';
import { toolNames, toolText } from './messages.ts';
import type { Json } from './messages.ts';
import { waitUntilGone } from './processes.ts';
import { proxyCommand } from './proxy.ts';
import { RecordingClient } from './recording-client.ts';
import { serverCommand, spawnInTest } from './spawned.ts';
import { assertNoSecrets, tempDir } from './temp.ts';

/** What `get_me` answers to a person who is logged in. */
export const ME = '{"login":"octocat"}';

/** For all of them to leave; the limit for one is 2 s, and a refresher may go on for a moment. In ms. */
const GOODBYE_MS = 10_000;

const CLIENT_SECRET = 'GITHUB_OAUTH_CLIENT_SECRET';

export interface PersonOptions {
  readonly github?: GithubOptions;
  /** Default: the emulator's GitHub App. */
  readonly clientId?: string;
  /** The app's, given to every window in its environment. */
  readonly clientSecret?: string;
}

/** Who has the windows, and what they share. */
export interface Person {
  readonly github: GithubEmulator;
  readonly clientId: string;
  readonly stateDir: string;
  /** HOME and TMPDIR of all processes. */
  readonly home: string;
  readonly journal: Journal;
  /** What `gh-mcp-proxy` is given before `--`, or after the name of a command. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Window {
  readonly name: string;
  readonly client: RecordingClient;
}

/** Nobody is logged in yet, and nothing is there. Only inside a test. */
export async function createPerson(options: PersonOptions = {}): Promise<Person> {
  const { clientId = CLIENT_IDS.githubApp, clientSecret } = options;
  const github = await startTestGithub(options.github);
  const home = tempDir();
  const stateDir = path.join(tempDir(), 'state');
  return {
    github,
    clientId,
    stateDir,
    home,
    journal: openJournal(),
    args: `--store file --oauth-client-id ${clientId} --gh-host ${github.url}`
      .split(' ')
      .concat('--state-dir', stateDir),
    env: { HOME: home, TMPDIR: home, ...(clientSecret && { [CLIENT_SECRET]: clientSecret }) },
  };
}

/**
 * Starts a proxy before scripted.mjs; the handshake is made.
 * @param name tells its servers from those of other windows in the journal
 */
export async function openWindow({ args, env, home, journal }: Person, name: string): Promise<Window> {
  const command = proxyCommand({
    args: [...args, '--open-browser', 'never', '--log-level', 'debug'],
    command: serverCommand('scripted.mjs', '--journal', journal.file, name),
  });
  const client = new RecordingClient(spawnInTest(command, { env, cwd: home }));
  await client.initialize();
  return { name, client };
}

/** Opens so many windows, a few at a time: a person does not open twenty at once either. */
export async function openWindows(person: Person, count: number): Promise<Window[]> {
  const names = Array.from({ length: count }, (_, index) => `window-${index + 1}`);
  const windows: Window[] = [];
  while (names.length > 0) {
    const batch = names.splice(0, 5).map((name) => openWindow(person, name));
    windows.push(...(await Promise.all(batch)));
  }
  return windows;
}

/** The code that a window shows to its person, the first time that it is asked. @param args of the tool */
export async function codeAt({ client }: Window, tool = 'auth_login', args: Json = {}): Promise<string> {
  return codeIn(toolText(await client.callTool(tool, args)));
}

/** A person logs in, having called a tool in all windows: they show the same code, and all of them open. */
export async function logInOnce(
  { github }: Person,
  windows: readonly Window[],
  tool = 'auth_login',
): Promise<void> {
  const codes = await Promise.all(windows.map((window) => codeAt(window, tool)));
  const [code = ''] = codes;
  expect(codes).toEqual(windows.map(() => code));
  github.approve(code);
  await Promise.all(windows.map(opens));
}

/** Resolves when a window has told its client by itself that nobody has to log in any more, and answers a call. */
export async function opens({ client }: Window): Promise<void> {
  do await client.nextNotification('notifications/tools/list_changed');
  while (toolNames(await client.request('tools/list')).includes('auth_login'));
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
}

/** Ends all windows as their clients do; then none of their processes is left. */
export async function closeWindows({ home }: Person, windows: readonly Window[]): Promise<void> {
  for (const { client } of windows) client.end();
  const ends = await Promise.all(windows.map(({ client }) => client.closed));
  expect(ends).toEqual(windows.map(() => ({ code: 0, signal: null })));
  await waitUntilGone(`HOME=${home}`, GOODBYE_MS);
}

/**
 * What must be true when all is over, whoever was killed: nothing temporary and no lock is left, what is left is its
 * owner's alone, and no secret is in it, nor in anything that a window has said. One login, or the mark of its end, is there.
 */
export function assertTidy(person: Person, windows: readonly Window[]): void {
  const { github, home, journal, stateDir, env } = person;
  expect(readdirSync(home)).toEqual([]);
  expect(entriesUnder(stateDir)).toEqual([
    'audit.jsonl 600',
    'credentials 700',
    'credentials.key 600',
    expect.stringMatching(/^credentials\/[0-9a-f]{64}\.json 600$/) as string,
  ]);
  const said = windows.map(({ name, client }) => [
    name,
    Buffer.concat([client.stdoutBytes(), Buffer.from(client.stderrText())]),
  ]);
  assertNoSecrets({
    dirs: [stateDir, path.dirname(journal.file)],
    buffers: Object.fromEntries(said) as Record<string, Buffer>,
    secrets: [...github.secrets(), ...(env[CLIENT_SECRET] ? [env[CLIENT_SECRET]] : [])],
  });
}

/** Files and directories with their modes, in order: a lock is a directory. */
function entriesUnder(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${name} ${(statSync(path.join(dir, name)).mode & 0o777).toString(8)}`);
}
