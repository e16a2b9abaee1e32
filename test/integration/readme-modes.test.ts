// Each line of the README's "Ways to a token", run by a shell as it stands there, and what a server then gets: the token of
// that mode, and nothing else that is secret (DESIGN 2.5, 2.7). Not for: what can go wrong in a mode; each has its own tests.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { LOGIN_MODES, UNATTENDED_MODES } from '../../src/cli/auth-modes.ts';
import type { AuthMode } from '../../src/cli/auth-modes.ts';
import { toolText } from '../support/messages.ts';
import {
  BROKER_CLIENT,
  CLIENT_SECRET,
  OF_ORGANIZATION,
  startTestBroker,
  startWithApp,
  TOKEN_ENV,
  WORLDS,
} from '../support/mode-worlds.ts';
import type { RawClient } from '../support/raw-client.ts';
import { createMachine, localised, readExamples, serverEnvironments } from '../support/readme-modes.ts';
import { assertNoSecrets } from '../support/temp.ts';
import { runSideBySide } from '../support/test-end.ts';
import { newToken } from '../support/unattended.ts';

runSideBySide();

const MODES: readonly AuthMode[] = [...LOGIN_MODES, ...UNATTENDED_MODES];
/** What a server has before somebody has logged in. */
const PLACEHOLDER = 'gh-mcp-proxy-not-logged-in';
/** What is the proxy's own, what it signs with at AWS, and what its settings name in these tests (THE_...). */
const OWN =
  /^(?:GITHUB_APP_|GITHUB_OAUTH_|GH_MCP_PROXY_|THE_|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$)/;
/** Of somebody else: with it a server would act as another account. */
const FOREIGN = 'ghp_ofSomebodyElse0123456789abcdefghijkl';

/** A call, and what is in its answer. */
const ME = ['get_me', {}, '{"login":"octocat"}'] as const;

/** What holds on every machine of these tests: nothing asks a keychain, and all that can be said is. */
function surroundings(home: string, env: Readonly<Record<string, string>>): Record<string, string> {
  return {
    GH_MCP_PROXY_STORE: 'file',
    GH_MCP_PROXY_OPEN_BROWSER: 'never',
    GH_MCP_PROXY_LOG_LEVEL: 'debug',
    GH_MCP_PROXY_LOG_FILE: path.join(home, 'proxy.log'),
    GITHUB_TOKEN: FOREIGN,
    ...env,
  };
}

/** The one token that the servers have, beside the placeholder. None of them has anything else that is secret. */
function tokenOfServers(client: RawClient, secrets: readonly string[], tokenEnv = TOKEN_ENV): string {
  const environments = serverEnvironments(client);
  expect(environments.flatMap(Object.keys).filter((name) => OWN.test(name))).toEqual([]);
  const tokens = new Set(environments.map((one) => one[tokenEnv] ?? 'none'));
  const [token = '', ...others] = [...tokens].filter((one) => one !== PLACEHOLDER);
  expect(others).toEqual([]);
  assertNoSecrets({
    buffers: { environments: JSON.stringify(environments) },
    secrets: [FOREIGN, ...secrets].filter((secret) => secret !== token),
  });
  return token;
}

/** Ends the session, and looks for secrets in all that was said and written. */
async function endCleanly(client: RawClient, home: string, secrets: () => readonly string[]) {
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
  assertNoSecrets({
    dirs: [path.join(home, '.local/state/gh-mcp-proxy')],
    buffers: {
      stdout: client.stdoutBytes(),
      stderr: client.stderrText(),
      log: readFileSync(path.join(home, 'proxy.log')),
    },
    secrets: [FOREIGN, ...secrets()],
  });
}

const examples = readExamples();

test('the README has one example for each mode, and no other', () => {
  expect([...examples.keys()].toSorted()).toEqual(MODES.toSorted());
});

describe('the example', () => {
  test.concurrent.each(MODES)('of %s', async (mode) => {
    const machine = createMachine();
    const world = await WORLDS[mode](machine);
    const line = localised(examples.get(mode) ?? '', world.replacements ?? []);
    const env = surroundings(machine.home, world.env);
    const client = machine.start(line, env);
    await client.initialize();

    const [name, args, answer] = world.tool ?? ME;
    const call = async (): Promise<string> => toolText(await client.callTool(name, args));
    const first = await call();
    const afterLogin = async (): Promise<string> => {
      await world.logIn?.(first);
      await client.callTool('auth_login');
      return call();
    };
    expect(world.logIn ? await afterLogin() : first).toContain(answer);
    const token = tokenOfServers(client, world.secrets(), world.tokenEnv);
    expect(await world.isRight(token)).toBe(true);

    const status = await machine.run(`${line.split(' -- ')[0]} status --json`, env);
    expect(status).toMatchObject({ code: 0 });
    expect(JSON.parse(status.stdout)).toMatchObject({ mode, because: world.because });
    assertNoSecrets({ buffers: { status: status.stdout + status.stderr }, secrets: world.secrets() });
    await endCleanly(client, machine.home, world.secrets);
  });
});

describe('with the settings of four modes in one environment', () => {
  test.concurrent.each([
    ['the first that is configured', '', /^ghs_/],
    ['the one that is asked for: exchange', '--auth exchange ', /^gho_/],
    ['the one that is asked for: command', '--auth command ', /^gho_/],
  ] as const)('the server gets the token of %s, and no secret of any other', async (_what, flag, kind) => {
    const machine = createMachine();
    const { github, app, secrets: ofApp } = await startWithApp();
    const broker = await startTestBroker(github);
    const printed = newToken(github);
    writeFileSync(path.join(machine.home, 'printed'), printed);
    const env = surroundings(machine.home, {
      GITHUB_HOST: github.url,
      GITHUB_APP_ID: '123456',
      GH_MCP_PROXY_APP_PRIVATE_KEY: 'env:THE_KEY',
      THE_KEY: app.privateKey,
      GH_MCP_PROXY_EXCHANGE_ISSUER: broker.url,
      GH_MCP_PROXY_EXCHANGE_RESOURCE: 'github',
      GH_MCP_PROXY_EXCHANGE_CLIENT_ID: BROKER_CLIENT.clientId,
      GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET: CLIENT_SECRET,
      GH_MCP_PROXY_SUBJECT_TOKEN_ENV: 'THE_SUBJECT',
      THE_SUBJECT: broker.subjectToken('octocat'),
      GITHUB_OAUTH_CLIENT_ID: CLIENT_IDS.githubApp,
      GH_MCP_PROXY_TOKEN_COMMAND: 'cat printed',
      [TOKEN_ENV]: FOREIGN,
    });
    const secrets = (): string[] => [CLIENT_SECRET, ...ofApp(), ...broker.secrets()];
    const client = machine.start(
      `gh-mcp-proxy ${flag}-- docker run -i --rm ghcr.io/github/github-mcp-server`,
      env,
    );
    await client.initialize();
    const [name, args, answer] = flag === '' ? OF_ORGANIZATION : ME;
    expect(toolText(await client.callTool(name, args))).toContain(answer);
    const token = tokenOfServers(client, secrets());
    expect(token).toMatch(kind);
    expect([token === printed, broker.handedOut.includes(token)]).toEqual([
      flag.includes('command'),
      flag.includes('exchange'),
    ]);
    await endCleanly(client, machine.home, secrets);
  });
});
