// A session whose every process can be found again: proxy, server and what that started carry one mark.
// Not for: what they say to each other.
import { randomUUID } from 'node:crypto';
import { loggedIn } from './logged-in.ts';
import { openJournal } from './journal.ts';
import type { Journal } from './journal.ts';
import { proxyCommand } from './proxy.ts';
import { RawClient } from './raw-client.ts';
import { serverCommand, spawnInTest } from './spawned.ts';

export interface MarkedSession {
  readonly client: RawClient;
  readonly journal: Journal;
  /** For waitUntilGone and aliveWithMarker. */
  readonly mark: string;
}

export interface MarkedCommand {
  readonly command: [string, ...string[]];
  readonly journal: Journal;
  readonly mark: string;
}

/**
 * The command line of a proxy that is logged in, before a program of fixtures/servers.
 * @param server such as `scripted.mjs`
 */
export async function markedCommand(server: string, flags: readonly string[] = []): Promise<MarkedCommand> {
  const mark = `mark-${randomUUID()}`;
  const journal = openJournal();
  const { args } = await loggedIn();
  const command = serverCommand(server, '--journal', journal.file, ...flags, mark);
  return { command: proxyCommand({ args, command }), journal, mark };
}

/** Starts it and makes the handshake, so that the server is there. */
export async function startMarked(server: string, flags: readonly string[] = []): Promise<MarkedSession> {
  const { command, journal, mark } = await markedCommand(server, flags);
  const client = new RawClient(spawnInTest(command, {}));
  await client.initialize();
  await client.request('tools/list');
  return { client, journal, mark };
}
