// `--auth exchange` in real processes: one exchange for all windows, and pages for a person who has to log in and consent
// (DESIGN 2.7). Not for: what a broker may answer (unit/oauth/exchange.test.ts, unit/auth/exchange*.test.ts).
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { decide } from '../../fixtures/broker/browser.mjs';
import { CLIENT, startBroker } from '../../fixtures/broker/emulator.mjs';
import type { BrokerEmulator } from '../../fixtures/broker/emulator.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { openJournal } from '../support/journal.ts';
import { startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { descendantsOf, readEnviron } from '../support/processes.ts';
import { startProxy } from '../support/proxy.ts';
import type { RawClient } from '../support/raw-client.ts';
import { serverCommand } from '../support/spawned.ts';
import { assertNoSecrets, tempDir } from '../support/temp.ts';
import { atTestEnd } from '../support/test-end.ts';

const ME = '{"login":"octocat"}';
const SECRET_VARIABLE = 'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET';

interface World {
  readonly github: GithubEmulator;
  readonly broker: BrokerEmulator;
  readonly stateDir: string;
  readonly clients: RawClient[];
  /** A window: the proxy before a scripted server, which has shaken hands. */
  readonly open: (args: readonly string[], env?: Record<string, string>) => Promise<RawClient>;
}

async function setUp(): Promise<World> {
  const github = await startTestGithub();
  const broker = await startBroker({
    upstream: {
      issue(login, scopes) {
        const { accessToken } = github.issue(CLIENT_IDS.oauthApp, login, scopes.join(','));
        return { accessToken, expiresIn: 3600 };
      },
      revoke: (token) => github.revoke(token),
    },
  });
  atTestEnd(() => broker.close());
  const stateDir = path.join(tempDir(), 'state');
  const journal = openJournal();
  const clients: RawClient[] = [];
  const open = async (args: readonly string[], env: Record<string, string> = {}): Promise<RawClient> => {
    const client = startProxy({
      args: ['--auth', 'exchange', '--exchange-preset', 'authplane', '--exchange-resource', 'github']
        .concat('--exchange-client-id', CLIENT.clientId, '--gh-host', github.url, ...args)
        .concat(
          '--open-browser',
          'never',
          '--store',
          'file',
          '--state-dir',
          stateDir,
          '--log-level',
          'debug',
        ),
      env,
      command: serverCommand('scripted.mjs', '--journal', journal.file),
    });
    clients.push(client);
    await client.initialize();
    return client;
  };
  return { github, broker, stateDir, clients, open };
}

/** Ends all windows; no secret was in what they wrote, nor in what their servers were given. */
async function endCleanly({ github, broker, stateDir, clients }: World): Promise<void> {
  const environments = clients
    .flatMap(({ pid }) => descendantsOf(pid))
    .map((pid) => JSON.stringify(readEnviron(pid)));
  for (const client of clients) client.end();
  for (const client of clients) expect(await client.closed).toEqual({ code: 0, signal: null });
  const outputs = clients.map((client) => client.stdoutBytes().toString() + client.stderrText());
  const secrets = [CLIENT.secret, ...broker.secrets()];
  assertNoSecrets({
    dirs: [stateDir],
    buffers: { outputs: outputs.join('\n') },
    secrets: [...secrets, ...github.secrets()],
  });
  const handedOut = new Set<string>(broker.handedOut);
  assertNoSecrets({
    buffers: { environments: environments.join('\n') },
    secrets: secrets.filter((secret) => !handedOut.has(secret)),
  });
}

/** The address of a page in a text. */
function pageIn(text: string, part: string): string {
  const page = /http:\S+/.exec(text)?.[0];
  if (page === undefined || !page.includes(part)) throw new Error(`no page ${part} in: ${text}`);
  return page;
}

test('windows share one exchange and its renewal, with a subject token from a file', async () => {
  const world = await setUp();
  const { broker, github, open } = world;
  broker.consent('octocat');
  const [subject, secret] = [path.join(tempDir(), 'subject'), path.join(tempDir(), 'secret')];
  writeFileSync(subject, broker.subjectToken('octocat'));
  writeFileSync(secret, `${CLIENT.secret}\n`, { mode: 0o600 });
  const args = ['--exchange-token-endpoint', `${broker.url}/oauth/token`, '--subject-token-file', subject];
  const clients = await Promise.all(
    [1, 2, 3].map(() => open([...args, '--exchange-client-secret-file', secret])),
  );
  const calls = () => Promise.all(clients.map(async (client) => toolText(await client.callTool('get_me'))));
  expect(await calls()).toEqual([ME, ME, ME]);
  expect(broker.handedOut).toHaveLength(1);
  github.revoke(broker.handedOut[0] ?? '');
  expect(await calls()).toEqual([ME, ME, ME]);
  expect([broker.handedOut.length, broker.overlaps()]).toEqual([2, 0]);
  await endCleanly(world);
});

test('a person logs in at the issuer, consents, and is asked for neither again', async () => {
  const world = await setUp();
  const { broker, open } = world;
  const args = ['--exchange-issuer', broker.url];
  const env = { [SECRET_VARIABLE]: CLIENT.secret };
  const client = await open(args, env);
  const login = toolText(await client.callTool('get_me'));
  expect(login).toContain('has to know who you are');
  await decide(pageIn(login, '/oauth/authorize?'));
  // The consent is the second page of the same login.
  await broker.waitForExchange('consent_required', 2);
  const consent = toolText(await client.callTool('auth_login'));
  expect(consent).toContain('needs your consent to give out tokens for github');
  await decide(pageIn(consent, '/connect/github?'));
  expect(toolText(await client.callTool('auth_login'))).toContain('Logged in as octocat');
  expect(toolText(await client.callTool('get_me'))).toBe(ME);

  const later = await open(args, env);
  expect(toolText(await later.callTool('get_me'))).toBe(ME);
  expect(toolNames(await later.request('tools/list'))).not.toContain('auth_login');
  expect([broker.handedOut.length, broker.overlaps()]).toEqual([1, 0]);
  await endCleanly(world);
});
