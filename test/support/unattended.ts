// A session whose token comes without a person, before a scripted server with a journal, and the person's own token at the
// emulator. Not for: logins (login.ts), or sessions with a stored one (session.ts).
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { openJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { startTestGithub } from './login.ts';
import { startProxy } from './proxy.ts';
import type { RawClient } from './raw-client.ts';
import { serverCommand } from './spawned.ts';
import { assertNoSecrets, tempDir } from './temp.ts';

export interface UnattendedOptions {
  /** Of the proxy, beside `--gh-host`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface UnattendedSession {
  readonly client: RawClient;
  readonly github: GithubEmulator;
  readonly journal: Journal;
}

/** A token that serves at the emulator, as a person would make one. */
export function newToken(github: GithubEmulator): string {
  return github.issue(CLIENT_IDS.oauthApp).accessToken;
}

/** @param make everything that the proxy finds when it starts, for this emulator and this HOME */
export async function openUnattended(
  make: (github: GithubEmulator, home: string) => UnattendedOptions,
): Promise<UnattendedSession> {
  const github = await startTestGithub();
  const HOME = tempDir();
  const { args = [], env = {} } = make(github, HOME);
  const journal = openJournal();
  const client = startProxy({
    args: ['--gh-host', github.url, '--log-level', 'debug', ...args],
    env: { HOME, ...env },
    command: serverCommand('scripted.mjs', '--journal', journal.file),
  });
  await client.initialize();
  return { client, github, journal };
}

/** Ends the session as a client does, and looks for every token in all that was written. */
export async function endCleanly({ client, github, journal }: UnattendedSession): Promise<void> {
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  assertNoSecrets({
    buffers: {
      stdout: client.stdoutBytes(),
      stderr: client.stderrText(),
      journal: readFileSync(journal.file),
    },
    secrets: github.secrets(),
  });
}
