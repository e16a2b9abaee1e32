// A session that is logged in from the start, before a scripted server with a journal: for tests of what happens to
// tokens and servers while it goes on. Not for: logins (login.ts).
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import type { GithubEmulator, GithubOptions, RecordedRequest } from '../../fixtures/github/emulator.mjs';
import { openJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { loggedIn } from './logged-in.ts';
import type { LoggedIn, LoggedInOptions } from './logged-in.ts';
import { startTestGithub, TOKEN_PATH } from './login.ts';
import type { Json, Message } from './messages.ts';
import { startProxy } from './proxy.ts';
import type { RawClient } from './raw-client.ts';
import { serverCommand } from './spawned.ts';
import { assertNoSecrets, tempDir } from './temp.ts';

const HOUR = 3_600_000;

/** A token that is due for its renewal: an idle session renews it at once. */
export function due(): Pick<LoggedInOptions, 'issuedAt' | 'expiresAt'> {
  return { issuedAt: Date.now() - HOUR, expiresAt: Date.now() + 60_000 };
}

/** A token whose renewal is due `ms` from now, also for a busy session; an idle one renews it after half of that. */
export function dueIn(ms: number): Pick<LoggedInOptions, 'issuedAt' | 'expiresAt'> {
  return { issuedAt: Date.now(), expiresAt: Date.now() + 2 * ms };
}

export interface SessionOptions extends Pick<LoggedInOptions, 'clientId' | 'issuedAt' | 'expiresAt'> {
  readonly github?: GithubOptions;
  /** Options of the proxy on top of those of {@link loggedIn}. */
  readonly args?: readonly string[];
  /** Flags of scripted.mjs beside `--journal`. */
  readonly flags?: readonly string[];
  /** The whole upstream instead, with the journal's file given. */
  readonly command?: (journal: string) => readonly string[];
  /** Before the proxy starts. */
  readonly prepare?: (github: GithubEmulator) => void;
  /** Of the client; with `false` it does not even shake hands. */
  readonly capabilities?: Json | false;
}

export interface OpenSession {
  readonly client: RawClient;
  readonly github: GithubEmulator;
  readonly journal: Journal;
  readonly stored: LoggedIn;
  /** A folder for files that release slow calls, and the like. */
  readonly dir: string;
}

export async function openSession(options: SessionOptions = {}): Promise<OpenSession> {
  const {
    args = [],
    flags = [],
    command,
    prepare,
    capabilities = {},
    clientId,
    issuedAt,
    expiresAt,
  } = options;
  const github = await startTestGithub(options.github);
  const stored = await loggedIn({
    github,
    ...(clientId !== undefined && { clientId }),
    ...(issuedAt !== undefined && { issuedAt }),
    ...(expiresAt !== undefined && { expiresAt }),
  });
  prepare?.(github);
  const journal = openJournal();
  const client = startProxy({
    args: [...stored.args, '--open-browser', 'never', '--log-level', 'debug', ...args],
    command: command?.(journal.file) ?? serverCommand('scripted.mjs', '--journal', journal.file, ...flags),
  });
  if (capabilities !== false) await client.initialize(capabilities);
  return { client, github, journal, stored, dir: tempDir() };
}

/** A file in the session's folder that is not there yet. */
export function fileIn({ dir }: OpenSession, name = 'release'): string {
  return path.join(dir, name);
}

/** The requests that spend a refresh token. */
export function refreshes({ github }: OpenSession): RecordedRequest[] {
  return github.requests.filter(
    ({ path: at, body }) => at === TOKEN_PATH && body['grant_type'] === 'refresh_token',
  );
}

/** Resolves when a refresh was answered with success. */
export function refreshed({ github }: OpenSession): Promise<RecordedRequest> {
  return github.waitForRequest(
    ({ path: at, body, status }) =>
      at === TOKEN_PATH && body['grant_type'] === 'refresh_token' && status === 200,
  );
}

/** Resolves when the renewal has begun and new requests wait: the proxy says so at the level `debug`. */
export async function renewalBegun({ client }: OpenSession): Promise<void> {
  await client.waitForStderr(/the token is renewed; new requests wait/);
}

/**
 * Shakes hands and makes a call in one breath, before the server has even started: the session is never idle from its
 * first moment on, so that a renewal finds the call running.
 * @returns the answer to the call, whose id is `busy`
 */
export function startBusy({ client }: OpenSession, tool: string, args: Json): Promise<Message> {
  const clientInfo = { name: 'raw-client', version: '1.0.0' };
  client.send({
    jsonrpc: '2.0',
    id: 'hello',
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
  });
  client.notify('notifications/initialized');
  return client.request('tools/call', { name: tool, arguments: args }, 'busy');
}

/** The process id of the generation that is started as the `count`th, as soon as it is there. */
export async function generation({ journal }: OpenSession, count: number): Promise<number> {
  return (await journal.waitFor(({ event }) => event === 'start', { count })).pid;
}

/** Resolves when the upstream has got a call of this tool. */
export async function called({ journal }: OpenSession, tool: string, count = 1): Promise<void> {
  await journal.waitFor(
    ({ event, method, params }) =>
      event === 'message' && method === 'tools/call' && (params as { name?: string })?.name === tool,
    { count },
  );
}

/** Ends the session as a client does, and looks for the emulator's secrets in all that was written. */
export async function closeCleanly({ client, github, journal, dir }: OpenSession): Promise<void> {
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  assertNoSecrets({
    dirs: [dir, path.dirname(journal.file)],
    buffers: {
      stdout: client.stdoutBytes(),
      stderr: client.stderrText(),
      journal: readFileSync(journal.file),
    },
    secrets: github.secrets(),
  });
}
