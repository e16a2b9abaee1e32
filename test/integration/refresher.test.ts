// The refresher as a real process, with real files: it finishes what it was told to do when the proxy is killed, and
// leaves everything as it was when it was not told. DESIGN 2.8: a crash at any instant leaves a usable record.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLIENT_IDS, startGithub } from '../../fixtures/github/emulator.mjs';
import { refresherProcess } from '../../src/auth/refresher-process.ts';
import type { StartRefresher } from '../../src/auth/refresher.ts';
import { encodeJob, GO, READY } from '../../src/auth/refresher-protocol.ts';
import type { Spending } from '../../src/auth/spend.ts';
import { systemClock } from '../../src/base/clock.ts';
import { UnreachableError } from '../../src/base/errors.ts';
import { Secret } from '../../src/base/secret.ts';
import { parseGithubHost } from '../../src/github/hosts.ts';
import { openVault } from '../../src/vault/open.ts';
import type { HeldLock, RecordIdentity, VaultRecord } from '../../src/vault/vault.ts';
import { descendantsOf, processGroupMembers, readEnviron } from '../support/processes.ts';
import { builtProxy } from '../support/spawned.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../support/temp.ts';
import { createTestLog } from '../support/test-log.ts';

const TOKEN = '/login/oauth/access_token';

const nowhere: StartRefresher = () => Promise.reject(new Error('it was to be a process of its own'));

/** The process that was started since `before` was looked up. */
function startedSince(before: readonly number[]): number {
  const pid = descendantsOf(process.pid).find((one) => !before.includes(one));
  if (pid === undefined) throw new Error('no process was started');
  return pid;
}

async function setUp() {
  const github = await startGithub();
  onTestFinished(() => github.close());
  const stateDir = tempDir();
  const log = createTestLog();
  const vault = await openVault({ store: 'file', stateDir, passphrase: undefined, log, clock: systemClock });
  const host = parseGithubHost(github.url);
  const { sharing } = vault;
  if (!sharing) throw new Error('a vault on a disk is shared');
  const clientId = CLIENT_IDS.githubApp;
  const identity: RecordIdentity = {
    mode: 'device',
    issuer: host.loginUrl,
    clientId,
    profile: 'default',
    scopes: [],
  };
  const { accessToken, refreshToken } = github.issue(clientId);
  const base = {
    accessToken: new Secret(accessToken),
    refreshToken: new Secret(refreshToken ?? ''),
    issuedAt: Date.now(),
    scopes: [],
    login: 'octocat',
    rotation: 'exclusive' as const,
  };
  await vault.write(identity, base);
  const spending: Spending = { base, found: { kind: 'record', accessToken: base.accessToken } };

  const take = async (): Promise<HeldLock> => {
    const held = await sharing.lock(identity, 'refresh').tryTake();
    if (!held) throw new Error('the lock is not free');
    return held;
  };
  const description = { kind: 'github', host, clientId, clientSecret: undefined } as const;
  return {
    github,
    stateDir,
    log,
    sharing,
    identity,
    description,
    base,
    spending,
    take,
    entry: path.join(path.dirname(builtProxy()), 'refresher.js'),
    start: async (entry?: string, fallback = nowhere) =>
      refresherProcess({ sharing, identity, description, clock: systemClock, log, fallback, entry })(
        spending,
        await take(),
      ),
    kept: async (): Promise<VaultRecord | undefined> => {
      const kept = await vault.read(identity);
      return kept.kind === 'record' ? kept.record : undefined;
    },
  };
}

/** The refresher by itself, with the test in the place of the proxy. */
async function speakTo({
  entry,
  sharing,
  identity,
  description,
  spending,
  take,
}: Awaited<ReturnType<typeof setUp>>) {
  const held = await take();
  const delegation = await sharing.delegate(identity);
  const child = spawn(process.execPath, [entry], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  child.stdin.write(
    `${encodeJob({ identity, server: description, delegation, nonce: held.nonce, spending })}\n`,
  );
  const [ready] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(ready).toBe(`${READY}\n`);
  if (child.pid === undefined) throw new Error('the refresher has no number');
  await held.passTo(child.pid);
  return {
    child,
    exited,
    held,
    go: () => void child.stdin.write(`${GO}\n`),
    /** All that a kill -9 of the proxy does to it. */
    leave: () => {
      child.stdin.destroy();
      child.stdout.destroy();
    },
  };
}

describe('the refresher', () => {
  test('spends the token, stores what comes, gives the lock back and answers', async () => {
    const { start, entry, github, kept, take, base } = await setUp();
    const outcome = await (await start(entry)).go();
    if (outcome.kind !== 'renewed') throw new Error(outcome.kind);
    expect(outcome.save).toEqual({ kind: 'saved' });
    expect(github.liveTokens()).toEqual([outcome.credential.accessToken.reveal()]);
    expect(outcome.credential).toMatchObject({ login: 'octocat', rotation: 'exclusive' });
    const record = await kept();
    expect(record?.accessToken.reveal()).toBe(outcome.credential.accessToken.reveal());
    expect(record?.refreshToken?.reveal()).toBe(outcome.credential.refreshToken?.reveal());
    expect(record?.refreshToken?.reveal()).not.toBe(base.refreshToken.reveal());
    await (await take()).release();
  });

  test('answers what the server says, in the words that it would have had here', async () => {
    const { start, entry, github, take } = await setUp();
    github.fault({ path: TOKEN, kind: 'status', status: 503 });
    const unreachable = await (await start(entry)).go();
    expect(unreachable).toMatchObject({ kind: 'unreachable', error: expect.any(UnreachableError) as Error });
    github.revokeAll('octocat');
    const refused = await (await start(entry)).go();
    expect(refused).toMatchObject({ kind: 'refused', error: { code: 'bad_refresh_token' } });
    await (await take()).release();
  });

  test('is given nothing that it does not need, and shows no secret in its arguments or environment', async () => {
    process.env['GITHUB_OAUTH_CLIENT_SECRET'] = 'a secret that it has no use for';
    process.env['ELECTRON_RUN_AS_NODE'] = '1';
    onTestFinished(() => {
      delete process.env['GITHUB_OAUTH_CLIENT_SECRET'];
      delete process.env['ELECTRON_RUN_AS_NODE'];
    });
    const { start, entry, github, stateDir } = await setUp();
    const before = descendantsOf(process.pid);
    const refresher = await start(entry);
    const pid = startedSince(before);
    const environment = readEnviron(pid);
    expect(environment).not.toHaveProperty('GITHUB_OAUTH_CLIENT_SECRET');
    expect(environment).toHaveProperty('PATH');
    // Clients that are Electron run servers with their own program, which opens a window without this.
    expect(environment).toHaveProperty('ELECTRON_RUN_AS_NODE', '1');
    // A group of its own: what is signalled to the proxy's does not reach it.
    expect(processGroupMembers(pid)).toEqual([pid]);
    const buffers = {
      environment: JSON.stringify(environment),
      arguments: readFileSync(`/proc/${pid}/cmdline`),
    };
    await refresher.go();
    assertNoSecrets({ buffers, dirs: [stateDir], secrets: github.secrets() });
  });

  test('writes the audit trail, since nobody else may be there to do it', async () => {
    const world = await setUp();
    const { go, leave, exited } = await speakTo(world);
    go();
    leave();
    await exited;
    const trail = path.join(world.stateDir, 'audit.jsonl');
    expect(JSON.parse(readFileSync(trail, 'utf8'))).toMatchObject({ event: 'refresh', login: 'octocat' });
  });

  test('that cannot be started is done without', async () => {
    const { start, spending } = await setUp();
    const asked: Spending[] = [];
    const fallback: StartRefresher = (given, held) => {
      asked.push(given);
      return Promise.resolve({ go: () => Promise.resolve({ kind: 'died' }), cancel: () => held.release() });
    };
    await (await start('/nowhere/refresher.js', fallback)).cancel();
    expect(asked).toEqual([spending]);
  });

  test('that is cancelled spends nothing and gives the lock back', async () => {
    const { start, entry, take, github } = await setUp();
    await (await start(entry)).cancel();
    await (await take()).release();
    expect(github.count(TOKEN)).toBe(0);
  });

  test('that is killed in the middle is told from one that answered', async () => {
    const { start, entry, github } = await setUp();
    const before = descendantsOf(process.pid);
    const refresher = await start(entry);
    const pid = startedSince(before);
    github.fault({ path: TOKEN, kind: 'hang' });
    const outcome = refresher.go();
    await github.waitForRequest(({ path: asked }) => asked === TOKEN);
    process.kill(pid, 'SIGKILL');
    expect(await outcome).toEqual({ kind: 'died' });
  });
});

describe('a proxy that is killed', () => {
  test('after its word has renewed the login all the same', async () => {
    const world = await setUp();
    const { github, kept, take, base } = world;
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 100 });
    const { go, leave, exited } = await speakTo(world);
    go();
    await github.waitForRequest(({ path: asked }) => asked === TOKEN);
    leave();
    expect(await exited).toEqual([0, null]);
    const record = await kept();
    expect(github.liveTokens()).toEqual([record?.accessToken.reveal()]);
    expect(record?.accessToken.reveal()).not.toBe(base.accessToken.reveal());
    await (await take()).release();
  });

  test('right after its word, before anything was asked, has renewed it as well', async () => {
    const world = await setUp();
    const { go, leave, exited } = await speakTo(world);
    go();
    leave();
    await exited;
    expect(world.github.liveTokens()).toEqual([(await world.kept())?.accessToken.reveal()]);
    expect(world.github.count(TOKEN)).toBe(1);
  });

  test('before its word leaves the lock free and the token unspent', async () => {
    const world = await setUp();
    const { leave, exited } = await speakTo(world);
    leave();
    expect(await exited).toEqual([0, null]);
    await (await world.take()).release();
    expect(world.github.count(TOKEN)).toBe(0);
    expect((await world.kept())?.accessToken.reveal()).toBe(world.base.accessToken.reveal());
  });

  test('by signals that reach the refresher as well does not end the refresh half way', async () => {
    const world = await setUp();
    const { github, kept } = world;
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 50 });
    const { go, child, exited } = await speakTo(world);
    go();
    await github.waitForRequest(({ path: asked }) => asked === TOKEN);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) child.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(github.liveTokens()).toEqual([(await kept())?.accessToken.reveal()]);
  });
});

describe('what a refresher is told', () => {
  test('that lost its lock spends nothing', async () => {
    const world = await setUp();
    const { go, child, held, exited } = await speakTo(world);
    await held.release();
    const answer = once(child.stdout, 'data');
    go();
    expect(await answer).toEqual(['{"kind":"changed"}\n']);
    await exited;
    expect(world.github.count(TOKEN)).toBe(0);
  });

  test.each(['{"v":2}\n', 'nonsense\n', ''])('%j: it ends without a word', async (job) => {
    const { entry, stateDir } = await setUp();
    const child = spawn(process.execPath, [entry], { stdio: ['pipe', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const ended = once(
      child.stdout.setEncoding('utf8').on('data', () => expect.fail('it said something')),
      'end',
    );
    child.stdin.end(job);
    await ended;
    expect(await exited).toEqual([0, null]);
    expect(filesUnder(stateDir)).toHaveLength(2);
  });
});
