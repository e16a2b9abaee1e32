// A session for faults: all its processes and files can be found again, every request is counted, its wall clock can be
// set. Not for: the faults themselves, or what is expected of them; those are in test/integration/faults.
import { rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import type { GithubOptions } from '../../fixtures/github/emulator.mjs';
import { parseGithubHost } from '../../src/github/hosts.ts';
import { createFileVault } from '../../src/vault/file.ts';
import type { VaultRecord } from '../../src/vault/vault.ts';
import { createClockJumps } from './clock-jumps.ts';
import type { ClockJumps } from './clock-jumps.ts';
import { openJournal } from './journal.ts';
import { loggedIn } from './logged-in.ts';
import { startTestGithub } from './login.ts';
import { waitUntilGone } from './processes.ts';
import { proxyCommand } from './proxy.ts';
import { assertAnsweredOnce, RecordingClient } from './recording-client.ts';
import type { OpenSession, SessionOptions } from './session.ts';
import { serverCommand, spawnInTest } from './spawned.ts';
import { assertNoSecrets, filesUnder, tempDir } from './temp.ts';
import { createTestLog } from './test-log.ts';

/** The proxy's own limit for a goodbye is 2 s; twice that is asserted, for machines that have other things to do. */
const GOODBYE_MS = 4_000;
const MINUTE = 60_000;
/** A GitHub whose refresh leaves the old token alive. */
const KEEPS_OLD: GithubOptions = {
  clients: [{ clientId: CLIENT_IDS.githubApp, kind: 'github-app', refreshKeepsOld: true }],
};

export interface FaultOptions extends SessionOptions {
  /** Flags of scripted.mjs at each start, beside `--journal`; the last ones stay. */
  readonly starts?: readonly (readonly string[])[];
  /** `--rotation`, and a GitHub that goes with it: with `overlapping` a new token leaves the old one as it is. */
  readonly rotation?: VaultRecord['rotation'];
  /** Nobody has logged in: the store is empty. */
  readonly locked?: boolean;
  /** A session whose GitHub and whose store this one goes on with. */
  readonly after?: FaultSession;
}

export interface FaultSession extends OpenSession {
  readonly client: RecordingClient;
  readonly clock: ClockJumps;
  /** Of all its processes, and where nothing is to be found in the end. */
  readonly home: string;
}

/** Starts it, logged in; see {@link SessionOptions}. */
export async function openFaultSession(options: FaultOptions = {}): Promise<FaultSession> {
  const { after, locked = false, args = [], flags = [], starts = [flags], command, prepare } = options;
  const { rotation, capabilities = {} } = options;
  const github =
    after?.github ?? (await startTestGithub(rotation === 'overlapping' ? KEEPS_OLD : options.github));
  const stored = after?.stored ?? (await loggedIn({ github, ...credentialOf(options) }));
  if (locked) rmSync(path.join(stored.stateDir, 'credentials'), { recursive: true });
  prepare?.(github);
  const journal = openJournal();
  const clock = createClockJumps();
  const home = tempDir();
  const kind = rotation === undefined ? [] : ['--rotation', rotation];
  const [node, ...rest] = proxyCommand({
    args: [...stored.args, ...kind, '--open-browser', 'never', '--log-level', 'debug', ...args],
    command:
      command?.(journal.file) ??
      serverCommand(
        'successive.mjs',
        `${journal.file}.starts`,
        ...starts.map((own) => JSON.stringify(['--journal', journal.file, ...own])),
      ),
  });
  const surroundings = { env: { HOME: home, TMPDIR: home }, cwd: home };
  const client = new RecordingClient(spawnInTest([node, ...clock.nodeArgs, ...rest], surroundings));
  if (capabilities !== false) await client.initialize(capabilities);
  return { client, github, journal, stored, dir: tempDir(), clock, home };
}

function credentialOf({ clientId, issuedAt, expiresAt }: FaultOptions): Parameters<typeof loggedIn>[0] {
  return {
    ...(clientId !== undefined && { clientId }),
    ...(issuedAt !== undefined && { issuedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** Makes the token due for its renewal, still valid for ten minutes by the proxy's clock, and lets the proxy notice. */
export async function makeDue(session: FaultSession): Promise<void> {
  const { expiresAt } = await storedCredential(session);
  if (expiresAt === undefined) throw new Error('a token that does not expire is never due');
  session.clock.jump(expiresAt - 10 * MINUTE - session.clock.now());
  session.client.notify('notifications/roots/list_changed');
}

/** Has the client learn which tools may be called again: only what the proxy has seen listed may it repeat. */
export async function listTools({ client }: FaultSession): Promise<void> {
  expect(await client.request('tools/list')).toHaveProperty('result');
}

/** @throws {Error} no record, or one that does not open */
export async function storedCredential({ github, stored }: FaultSession): Promise<VaultRecord> {
  const log = createTestLog();
  const kept = await createFileVault({ stateDir: stored.stateDir, log }).read({
    // As {@link loggedIn} has it.
    mode: 'device',
    issuer: parseGithubHost(github.url).loginUrl,
    clientId: CLIENT_IDS.githubApp,
    profile: 'default',
    scopes: [],
  });
  if (kept.kind !== 'record') throw new Error(`no record can be read: ${log.lines.join('\n')}`);
  return kept.record;
}

export interface AftermathOptions {
  /** Ids, as JSON text, that are not answered: cancelled, or asked of a proxy that was killed. */
  readonly unanswered?: readonly string[];
  /** Lines of stdout that are no JSON: answers that were cut when most of them had been passed on. Default 0. */
  readonly cutLines?: number;
  /** Whether the store has a token that GitHub accepts, one that it does not accept any more, or none. Default `live`. */
  readonly token?: 'live' | 'spent' | 'none';
  /** Everybody who could have given a lock back was killed: it is there until somebody else takes it. */
  readonly keepsLock?: boolean;
}

/**
 * Ends the session as a client does. Then every request has its one answer, no process and no stray file is left, the
 * store holds the token that is in force, and no secret is in anything that was written.
 */
export async function closeWithoutTrace(
  session: FaultSession,
  options: AftermathOptions = {},
): Promise<void> {
  const { client } = session;
  const start = performance.now();
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  await waitUntilGone(`HOME=${session.home}`, GOODBYE_MS);
  expect(performance.now() - start).toBeLessThan(GOODBYE_MS);
  await assertAftermath(session, options);
}

/** The same for a session that has ended, or was ended. */
export async function assertAftermath(
  session: FaultSession,
  { unanswered = [], cutLines = 0, token = 'live', keepsLock = false }: AftermathOptions = {},
): Promise<void> {
  const { client, github, stored, home, dir, journal } = session;
  assertAnsweredOnce(client, unanswered);
  expect(client.notJson).toHaveLength(cutLines);
  assertNothingLeft(home, stored.stateDir, { records: token === 'none' ? 0 : 1, locks: keepsLock ? 1 : 0 });
  if (token !== 'none') {
    const { accessToken } = await storedCredential(session);
    const isLive = github.liveTokens().some((live) => live === accessToken.reveal());
    expect(isLive).toBe(token === 'live');
  }
  assertNoSecrets({
    dirs: [dir, path.dirname(journal.file), stored.stateDir],
    buffers: { stdout: client.stdoutBytes(), stderr: client.stderrText() },
    secrets: github.secrets(),
  });
}

export interface Remains {
  /** Default 1. */
  readonly records?: number;
  /** Default 0. */
  readonly locks?: number;
}

/** Nothing in the home folder; in the store so many records, their key and the audit trail, for their owner only. */
export function assertNothingLeft(
  home: string,
  stateDir: string,
  { records = 1, locks = 0 }: Remains = {},
): void {
  expect(filesUnder(home)).toEqual([]);
  const files = filesUnder(stateDir);
  expect(files.map((file) => path.relative(stateDir, file))).toEqual([
    'audit.jsonl',
    'credentials.key',
    ...Array.from({ length: records }, like(/^credentials\/[0-9a-f]{64}\.json$/)),
    ...Array.from({ length: locks }, like(/^credentials\/[0-9a-f]{64}\.refresh\.lock\/[0-9a-f-]+$/)),
  ]);
  expect(files.map((file) => (statSync(file).mode & 0o777).toString(8))).toEqual(files.map(() => '600'));
}

/** Of as many as there are to be, each. */
function like(pattern: RegExp): () => string {
  return () => expect.stringMatching(pattern) as string;
}
