// A login that is kept with a real gnome-keyring's help, also in the environment that clients leave, and what happens when
// the keyring is locked, hangs or is gone (DESIGN 2.8). Not for: each failure of a keychain by itself (unit tests).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand } from '../support/command.ts';
import { keyringObstacle, startKeyring } from '../support/keyring.ts';
import type { KeyringOptions, TestKeyring } from '../support/keyring.ts';
import { CODE_PATH, loginOptions, logIn, startTestGithub } from '../support/login.ts';
import { toolNames, toolText } from '../support/messages.ts';
import { descendantsOf, readEnviron, waitUntilGone } from '../support/processes.ts';
import { proxyCommand, startProxy } from '../support/proxy.ts';
import { RawClient } from '../support/raw-client.ts';
import { spawnInTest } from '../support/spawned.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../support/temp.ts';

const obstacle = keyringObstacle();
if (obstacle !== undefined) process.stderr.write(`keychain.test.ts is skipped: ${obstacle}\n`);

const UNSHARE = 'unshare';
const isRoot = process.getuid?.() === 0;
const canMount = isRoot && spawnSync(UNSHARE, ['-m', 'true']).status === 0;
if (!canMount) {
  process.stderr.write(
    'keychain.test.ts: /run/user cannot be made up for one process (root and unshare -m needed)\n',
  );
}

const HELPER = 'keychain-helper.cjs';

async function setUp(options: KeyringOptions = {}) {
  const keyring = await startKeyring(options);
  const github = await startTestGithub();
  const stateDir = path.join(tempDir(), 'state');
  const proxyOptions = (store: string, env: Readonly<Record<string, string>> = keyring.env) =>
    loginOptions(github, { env, args: ['--store', store, '--state-dir', stateDir] });
  const records = (): string[] =>
    filesUnder(path.join(stateDir, 'credentials'))
      .filter((name) => /\/[0-9a-f]{64}\.json$/.test(name))
      .map((file) => readFileSync(file, 'utf8'));
  return {
    keyring,
    github,
    stateDir,
    proxyOptions,
    start: (store: string, env?: Readonly<Record<string, string>>) => startProxy(proxyOptions(store, env)),
    /** What lies there, by name. */
    files: () => filesUnder(stateDir).map((file) => path.relative(stateDir, file)),
    /** The records, as they lie on the disk. */
    records,
    record: () => records()[0] ?? '',
  };
}

/** Logs in with one process and ends it. */
async function logInFirst({ github }: { github: GithubEmulator }, client: RawClient): Promise<void> {
  await client.initialize();
  expect(await logIn(client, github)).toMatch(/^Logged in as octocat/);
  client.end();
  expect(await client.closed).toEqual({ code: 0, signal: null });
}

/** A call first: on a busy machine the stored login may come after the handshake. */
async function expectNoLogin({ github }: { github: GithubEmulator }, client: RawClient): Promise<void> {
  await client.initialize();
  expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
  expect(github.count(CODE_PATH)).toBe(1);
  expect(toolNames(await client.request('tools/list'))).not.toContain('auth_login');
}

function expectNothingReadable(stateDir: string, github: GithubEmulator, keyring: TestKeyring): void {
  assertNoSecrets({ dirs: [stateDir], secrets: [...github.secrets(), keyring.password] });
}

describe.skipIf(obstacle !== undefined)('with a keyring', () => {
  test.each(['keychain', 'auto'])(
    '--store %s: the key is in it, and a second start needs no login',
    async (store) => {
      const all = await setUp();
      await logInFirst(all, all.start(store));
      expect(all.record()).toContain('"key":"keychain"');
      expect(all.files()).toContain('credentials.keychain');
      expect(all.files()).not.toContain('credentials.key');
      expectNothingReadable(all.stateDir, all.github, all.keyring);
      await expectNoLogin(all, all.start(store));
    },
  );

  test('the bus is found by XDG_RUNTIME_DIR, and the server behind is told of no bus', async () => {
    const all = await setUp();
    const env = { XDG_RUNTIME_DIR: all.keyring.runtimeDir };
    await logInFirst(all, all.start('keychain', env));
    const client = all.start('keychain', env);
    await expectNoLogin(all, client);
    const [server = 0] = descendantsOf(client.pid);
    expect(readEnviron(server)).not.toHaveProperty('DBUS_SESSION_BUS_ADDRESS');
  });

  test.skipIf(!canMount)(
    'the bus is found in the environment that clients give, by the user id alone',
    async () => {
      const all = await setUp();
      const env = { LOGNAME: 'o', SHELL: '/bin/sh', TERM: 'dumb', USER: 'o' };
      const start = (): RawClient => {
        // A /run of its own for this process alone.
        const inside = ['sh', '-c', 'mount --bind "$1" /run && shift && exec "$@"', 'sh', all.keyring.run];
        const command = proxyCommand(all.proxyOptions('keychain'));
        return new RawClient(spawnInTest([UNSHARE, '-m', ...inside, ...command], { env }));
      };
      await logInFirst(all, start());
      expect(all.record()).toContain('"key":"keychain"');
      await expectNoLogin(all, start());
    },
  );

  test('locked: the session is locked and says why, the record stays, and opens once it is unlocked', async () => {
    const all = await setUp();
    await logInFirst(all, all.start('auto'));
    const before = all.record();
    await all.keyring.lock();
    const client = all.start('auto');
    await client.initialize();
    expect(toolNames(await client.request('tools/list'))).toContain('auth_login');
    await client.waitForStderr(/the keychain cannot be used: it is locked/);
    client.end();
    expect(await client.closed).toEqual({ code: 0, signal: null });
    expect(all.record()).toBe(before);
    await all.keyring.unlock();
    await expectNoLogin(all, all.start('auto'));
  });

  test('a question that nobody answers: the start does not wait for it, and the record stays', async () => {
    const all = await setUp({ prompter: 'silent' });
    await logInFirst(all, all.start('auto'));
    const before = all.record();
    await all.keyring.lock();
    const client = all.start('auto');
    const begun = performance.now();
    await client.initialize();
    expect(performance.now() - begun).toBeLessThan(2500);
    await client.waitForStderr(/the keychain cannot be used: it did not answer within 3 s/);
    expect(toolNames(await client.request('tools/list'))).toContain('auth_login');
    expect(all.record()).toBe(before);
  });

  test.each([
    ['keyring', (keyring: TestKeyring) => keyring.signal('SIGSTOP')],
    ['bus', (keyring: TestKeyring) => keyring.signalBus('SIGSTOP')],
  ])('a %s that hangs keeps neither the start nor the goodbye waiting', async (_name, stop) => {
    const all = await setUp();
    await logInFirst(all, all.start('auto'));
    const before = all.record();
    stop(all.keyring);
    const client = all.start('auto');
    // The question is under way: its process is there.
    await expect.poll(() => commandsUnder(client.pid)).toContainEqual(expect.stringContaining(HELPER));
    const marker = `HOME=${readEnviron(client.pid)['HOME']}`;
    const begun = performance.now();
    client.end();
    expect(await client.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - begun).toBeLessThan(2000);
    await waitUntilGone(marker, 1000);
    expect(all.record()).toBe(before);
  });

  test('a bus that hangs keeps a command for 3 s, which then ends with the reason', async () => {
    const all = await setUp();
    await logInFirst(all, all.start('auto'));
    all.keyring.signalBus('SIGSTOP');
    const begun = performance.now();
    const login = ['--gh-host', all.github.url, '--oauth-client-id', CLIENT_IDS.githubApp];
    const ended = await runCommand(['token', '--state-dir', all.stateDir, ...login], {
      env: all.keyring.env,
    });
    expect(performance.now() - begun).toBeLessThan(6000);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('the keychain cannot be used: it did not answer within 3 s');
  });

  test('two accounts that are logged in first at the same time share one key', async () => {
    const all = await setUp();
    const clients = [CLIENT_IDS.githubApp, CLIENT_IDS.oauthApp].map((clientId) => {
      const args = ['--store', 'keychain', '--state-dir', all.stateDir];
      return () => startProxy(loginOptions(all.github, { env: all.keyring.env, args, clientId }));
    });
    await Promise.all(clients.map((start) => logInFirst(all, start())));
    const kids = all.records().map((text) => (JSON.parse(text) as { kid: string }).kid);
    expect(kids).toHaveLength(2);
    expect(new Set(kids).size).toBe(1);
    for (const start of clients) {
      const client = start();
      await client.initialize();
      expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
    }
  });

  test('nothing on the bus keeps secrets: auto keeps the login in a file and says so', async () => {
    const all = await setUp({ empty: true });
    const client = all.start('auto');
    await logInFirst(all, client);
    await client.waitForStderr(/nothing on this session bus keeps secrets/);
    expect(all.record()).toContain('"key":"file"');
    await expectNoLogin(all, all.start('auto'));
  });

  test('nothing on the bus keeps secrets: --store keychain keeps nothing, loudly, and the session goes on', async () => {
    const all = await setUp({ empty: true });
    const client = all.start('keychain');
    await client.initialize();
    expect(await logIn(client, all.github)).toMatch(/^Logged in as octocat/);
    await client.waitForStderr(/nothing on this session bus keeps secrets/);
    expect(toolText(await client.callTool('get_me'))).toBe('{"login":"octocat"}');
    expect(existsSync(path.join(all.stateDir, 'credentials.key'))).toBe(false);
    expect(all.records()).toEqual([]);
  });
});

function commandsUnder(pid: number): string[] {
  return descendantsOf(pid).map((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'utf8');
    } catch {
      return '';
    }
  });
}
