// The device source as a session sees it: login, refresh and the vault behind them (DESIGN 2.3, 2.4, 2.8).
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { createDeviceSource } from '../../../src/auth/device.ts';
import type { Credential, LoginPrompt, TokenSource } from '../../../src/auth/token-source.ts';
import { RefusedError, StorageError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import { createFileVault } from '../../../src/vault/file.ts';
import { createMemoryVault } from '../../../src/vault/memory.ts';
import type { Vault, VaultRecord } from '../../../src/vault/vault.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertNoSecrets, filesUnder, tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { assertHarmless, neverAborted, rejection, startTestGithub } from '../github/support.ts';

const TOKEN = '/login/oauth/access_token';
const USER = '/api/v3/user';

async function setUp({ vault = createMemoryVault(), scopes = [] as string[] } = {}) {
  const { github, host, clock } = await startTestGithub();
  const log = createTestLog();
  const controller = new AbortController();
  /** Another source over the same vault: a second window, or the next start. */
  const open = (clientId: string = CLIENT_IDS.githubApp): TokenSource =>
    createDeviceSource({ host, clientId, scopes, profile: 'default', vault, clock, log });
  const source = open();
  const refreshes = () => github.requests.filter(({ body }) => body['grant_type'] === 'refresh_token');

  /** A login that the person approves at once. */
  const login = async (from = source, request: Partial<Parameters<TokenSource['login']>[0]> = {}) => {
    const flow = from.login({ scopes: [], onPrompt: () => {}, ...request }, controller.signal);
    github.approve(await github.waitForCode());
    await clock.pass(5000);
    return flow;
  };
  /** What another process would have stored under the same identity. */
  const storeAsSibling = (record: VaultRecord) =>
    vault.write(
      { mode: 'device', issuer: github.url, clientId: CLIENT_IDS.githubApp, profile: 'default', scopes },
      record,
    );
  /** A refresh by another process. */
  const refreshAsSibling = (stale: Credential) => open().refresh(stale, neverAborted);
  return { github, clock, log, controller, open, source, refreshes, login, storeAsSibling, refreshAsSibling };
}

/** With its secrets: two Secret objects are equal to vitest whatever they hold. */
function revealed(credential: Credential | undefined): unknown {
  if (!credential) return undefined;
  const { accessToken, refreshToken, ...rest } = credential;
  return { ...rest, accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() };
}

const refuse = () => Promise.reject(new StorageError('cannot write /state: EACCES'));

/** A vault whose writes or reads fail from some moment on. */
function breakable(inner: Vault = createMemoryVault()) {
  let broken: 'nothing' | 'write' | 'read' = 'nothing';
  const vault: Vault = {
    ...inner,
    read: (identity) => (broken === 'read' ? refuse() : inner.read(identity)),
    write: (identity, record) => (broken === 'write' ? refuse() : inner.write(identity, record)),
  };
  return { vault, breakFor: (what: typeof broken) => void (broken = what) };
}

describe('without a client id', () => {
  const source = createDeviceSource({
    host: parseGithubHost('git.example.com'),
    clientId: undefined,
    scopes: [],
    profile: 'default',
    vault: createMemoryVault(),
    clock: createFakeClock(),
    log: createTestLog(),
  });

  test('the steps to get one are those of the host in question', () => {
    expect(source.loginObstacle).toContain('https://git.example.com/settings/apps/new');
    expect(source.loginObstacle).toContain('https://git.example.com/settings/applications/new');
    expect(source.loginObstacle).toMatch(/Enable Device Flow.*Expire user|Expire user.*Enable Device Flow/s);
    expect(source.loginObstacle).toMatch(/--oauth-client-id.*GITHUB_OAUTH_CLIENT_ID/s);
  });

  test('nothing is stored, and a login is refused with those steps', async () => {
    expect(await source.load()).toBeUndefined();
    const error = await rejection(source.login({ scopes: [], onPrompt: () => {} }, neverAborted));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: 'no_client_id', next: source.loginObstacle });
  });

  test('there is nothing to renew, to log out of, or to be told of', async () => {
    const stale = {
      accessToken: new Secret('ghu_x'),
      issuedAt: 0,
      scopes: [],
      rotation: 'exclusive',
    } as const;
    expect(await rejection(source.refresh(stale, neverAborted))).toMatchObject({ code: 'no_client_id' });
    expect(await source.prepare(stale, neverAborted)).toBeUndefined();
    expect(await source.newer(stale, neverAborted)).toBeUndefined();
    expect(await source.logout(stale, neverAborted)).toEqual({ was: undefined, unrevoked: undefined });
    expect(await source.store()).toBe('memory');
    source.watch(() => expect.fail('there is no news'))();
  });
});

describe('a login', () => {
  test('to a GitHub App ends verified, stored and exclusive', async () => {
    const { source, open, login, github } = await setUp();
    const prompts: LoginPrompt[] = [];
    const credential = await login(source, { onPrompt: (prompt) => prompts.push(prompt) });
    expect(prompts).toHaveLength(1);
    expect(Object.keys(prompts[0] ?? {}).sort()).toEqual(['expiresAt', 'userCode', 'verificationUri']);
    expect(credential).toMatchObject({ login: 'octocat', rotation: 'exclusive', scopes: [] });
    expect(revealed(await open().load())).toEqual(revealed(credential));
    expect(source).toMatchObject({
      mode: 'device',
      hostLabel: new URL(github.url).host,
      loginObstacle: undefined,
    });
  });

  test('to an OAuth App asks for configured and requested scopes, each once, and is overlapping', async () => {
    const { open, login, github } = await setUp({ scopes: ['repo', 'gist'] });
    const credential = await login(open(CLIENT_IDS.oauthApp), { scopes: ['read:org', 'repo'] });
    expect(github.requests[0]?.body).toMatchObject({ scope: 'repo gist read:org' });
    expect(credential).toMatchObject({ rotation: 'overlapping', scopes: ['repo', 'gist', 'read:org'] });
    expect(credential.refreshToken).toBeUndefined();
    // Found again under the configured scopes, whatever one login asked for besides.
    expect(revealed(await open(CLIENT_IDS.oauthApp).load())).toEqual(revealed(credential));
  });

  test('whose identity cannot be learnt at once is asked again', async () => {
    const { login, github, clock, log } = await setUp();
    github.fault({ path: USER, kind: 'status', status: 503, times: 2 });
    const flow = login();
    await clock.pass(500);
    await clock.pass(2000);
    expect(await flow).toMatchObject({ login: 'octocat' });
    expect(log.lines).toEqual([]);
  });

  test('whose identity cannot be learnt at all keeps its working token', async () => {
    const { login, open, github, clock, log } = await setUp();
    github.fault({ path: USER, kind: 'reset', times: 9 });
    const flow = login();
    await clock.pass(500);
    await clock.pass(2000);
    const credential = await flow;
    expect(credential.login).toBeUndefined();
    expect(github.liveTokens()).toEqual([credential.accessToken.reveal()]);
    expect(revealed(await open().load())).toEqual(revealed(credential));
    expect(log.lines).toEqual([expect.stringContaining('not known as whom')]);
  });

  test('whose token is refused right away fails and stores nothing', async () => {
    const { login, open, github } = await setUp();
    github.fault({ path: USER, kind: 'status', status: 401, body: { message: 'Bad credentials' } });
    expect(await rejection(login())).toMatchObject({ code: 'bad_credentials' });
    expect(await open().load()).toBeUndefined();
  });

  test('that is aborted rejects with the reason and stores nothing', async () => {
    const { source, open, github, clock, controller } = await setUp();
    const flow = source.login({ scopes: [], onPrompt: () => {} }, controller.signal);
    await github.waitForCode();
    await clock.waitForTimer(5000);
    const reason = new Error('declined');
    controller.abort(reason);
    expect(await rejection(flow)).toBe(reason);
    expect(await open().load()).toBeUndefined();
  });

  test('that cannot be stored is reported loudly and used all the same', async () => {
    const { vault, breakFor } = breakable();
    const { login, log, github } = await setUp({ vault });
    breakFor('write');
    const credential = await login();
    expect(github.liveTokens()).toEqual([credential.accessToken.reveal()]);
    expect(log.lines).toEqual([expect.stringMatching(/^error: .*could not be stored.*EACCES/)]);
  });
});

describe('a refresh', () => {
  test('replaces the token, keeps the name, and stores the result before it is returned', async () => {
    const { source, open, login, clock, github } = await setUp();
    const old = await login();
    clock.advance(28_800_000);
    const fresh = await source.refresh(old, neverAborted);
    expect(github.liveTokens()).toEqual([fresh.accessToken.reveal()]);
    expect(source.wasFound(fresh)).toBe(false);
    expect(fresh).toMatchObject({
      login: 'octocat',
      rotation: 'exclusive',
      expiresAt: clock.now() + 28_800_000,
    });
    expect(fresh.refreshToken?.reveal()).not.toBe(old.refreshToken?.reveal());
    expect(revealed(await open().load())).toEqual(revealed(fresh));
  });

  test('by many callers at once is one request', async () => {
    const { source, login, refreshes } = await setUp();
    const old = await login();
    const all = await Promise.all(Array.from({ length: 5 }, () => source.refresh(old, neverAborted)));
    expect(new Set(all).size).toBe(1);
    expect(refreshes()).toHaveLength(1);
  });

  test('adopts what a sibling stored meanwhile, without a request', async () => {
    const { source, login, refreshes, refreshAsSibling } = await setUp();
    const old = await login();
    const theirs = await refreshAsSibling(old);
    const adopted = await source.refresh(old, neverAborted);
    expect(adopted.accessToken.equals(theirs.accessToken)).toBe(true);
    expect(source.wasFound(adopted)).toBe(true);
    expect(refreshes()).toHaveLength(1);
  });

  test('uses the newest refresh token where what a sibling stored has expired too', async () => {
    const { source, login, clock, refreshes, refreshAsSibling } = await setUp();
    const old = await login();
    const theirs = await refreshAsSibling(old);
    clock.advance(28_800_000);
    const fresh = await source.refresh(old, neverAborted);
    expect(fresh.accessToken.equals(theirs.accessToken)).toBe(false);
    expect(refreshes().map(({ body }) => body['refresh_token'])).toEqual([
      old.refreshToken?.reveal(),
      theirs.refreshToken?.reveal(),
    ]);
  });

  test('that is refused because a sibling was faster adopts the token of the sibling', async () => {
    const { source, login, github, storeAsSibling } = await setUp();
    const old = await login();
    const theirs = github.issue(CLIENT_IDS.githubApp);
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 100 });
    github.revokeAll('octocat');
    const refreshing = source.refresh(old, neverAborted);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    await storeAsSibling({ ...old, accessToken: new Secret(theirs.accessToken) });
    expect((await refreshing).accessToken.reveal()).toBe(theirs.accessToken);
  });

  test('that is refused for good says so, holds no token, and leaves the record alone', async () => {
    const { source, open, login, github, refreshes } = await setUp();
    const old = await login();
    github.revokeAll('octocat');
    const error = await rejection(source.refresh(old, neverAborted));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ code: 'bad_refresh_token' });
    assertHarmless(error, github.secrets());
    expect(refreshes()).toHaveLength(1);
    expect(revealed(await open().load())).toEqual(revealed(old));
  });

  test('without a refresh token is refused without a request, but only after a look into the vault', async () => {
    const { open, login, github } = await setUp();
    const source = open(CLIENT_IDS.oauthApp);
    const old = await login(source);
    const before = github.requests.length;
    expect(await rejection(source.refresh(old, neverAborted))).toMatchObject({ code: 'no_refresh_token' });
    expect(github.requests).toHaveLength(before);
    const again = await login(open(CLIENT_IDS.oauthApp));
    expect((await source.refresh(old, neverAborted)).accessToken.equals(again.accessToken)).toBe(true);
  });

  test.each(['reset', 'html', 'status'] as const)('%s: unreachable, and the next one works', async (kind) => {
    const { source, login, github } = await setUp();
    const old = await login();
    github.fault({ path: TOKEN, kind });
    expect(await rejection(source.refresh(old, neverAborted))).toBeInstanceOf(UnreachableError);
    expect((await source.refresh(old, neverAborted)).accessToken.equals(old.accessToken)).toBe(false);
  });

  test('whose answer has no refresh token keeps the old one', async () => {
    const { source, login, github } = await setUp();
    const old = await login();
    const body = { access_token: 'ghu_withoutRefreshToken', token_type: 'bearer', scope: '', expires_in: 60 };
    github.fault({ path: TOKEN, kind: 'status', status: 200, body });
    const fresh = await source.refresh(old, neverAborted);
    expect(fresh.refreshToken?.equals(old.refreshToken ?? new Secret(''))).toBe(true);
    expect(fresh).toMatchObject({ rotation: 'exclusive', refreshTokenExpiresAt: old.refreshTokenExpiresAt });
  });

  test('that cannot be stored is used, and the older record in the vault is never taken for a newer one', async () => {
    const { vault, breakFor } = breakable();
    const { source, login, clock, log, github } = await setUp({ vault });
    const old = await login();
    clock.advance(60_000);
    breakFor('write');
    const second = await source.refresh(old, neverAborted);
    expect(log.lines).toEqual([expect.stringMatching(/^error: .*could not be stored/)]);
    const third = await source.refresh(second, neverAborted);
    expect(github.liveTokens()).toEqual([third.accessToken.reveal()]);
  });

  test('goes on without a vault that cannot be read', async () => {
    const { vault, breakFor } = breakable();
    const { source, login, log, github } = await setUp({ vault });
    const old = await login();
    breakFor('read');
    const fresh = await source.refresh(old, neverAborted);
    expect(github.liveTokens()).toEqual([fresh.accessToken.reveal()]);
    expect(log.lines).toEqual([expect.stringMatching(/^error: .*cannot be read/)]);
  });

  test('is left at once by an aborted caller, while its result is still stored', async () => {
    const { source, open, login, github, controller } = await setUp();
    const old = await login();
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 50 });
    const leaving = source.refresh(old, controller.signal);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    const reason = new Error('shutting down');
    const staying = source.refresh(old, neverAborted);
    controller.abort(reason);
    expect(await rejection(leaving)).toBe(reason);
    const fresh = await staying;
    expect(revealed(await open().load())).toEqual(revealed(fresh));
  });

  test('for a token that the refresh under way is about to bring starts another one', async () => {
    const { source, login, refreshes } = await setUp();
    const first = await login();
    const flight = source.refresh(first, neverAborted);
    const second = await flight;
    const joined = await Promise.all([
      source.refresh(first, neverAborted),
      source.refresh(second, neverAborted),
    ]);
    expect(joined[1].accessToken.equals(second.accessToken)).toBe(false);
    expect(refreshes()).toHaveLength(2);
  });
});

describe('a vault of this process alone', () => {
  test('makes a logout the end for this process, and brings no news', async () => {
    const { source, login, github } = await setUp();
    source.watch(() => expect.fail('there is no news'));
    const credential = await login();
    expect(await source.prepare(credential, neverAborted)).toBeUndefined();
    expect(await source.newer(credential, neverAborted)).toBeUndefined();
    const { was, unrevoked } = await source.logout(credential, neverAborted);
    expect(was).toBe(credential);
    expect(unrevoked).toContain(`${github.url}/settings/apps/authorizations`);
    expect(await source.load()).toBeUndefined();
  });

  test('lets a logout wait for the refresh that is under way', async () => {
    const { source, login, github, clock } = await setUp();
    const old = await login();
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 50 });
    const refreshing = source.refresh(old, neverAborted);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    const leaving = source.logout(undefined, neverAborted);
    const fresh = await refreshing;
    await clock.pass(50);
    expect((await leaving).was).toBe(fresh);
  });
});

test('with a file vault no secret is in the state directory, in the log or in an error', async () => {
  const stateDir = tempDir();
  const vaultLog = createTestLog();
  const { source, login, github, log, clock } = await setUp({
    vault: createFileVault({ stateDir, log: vaultLog }),
  });
  const old = await login();
  clock.advance(28_800_000);
  const fresh = await source.refresh(old, neverAborted);
  github.revokeAll('octocat');
  const error = await rejection(source.refresh(fresh, neverAborted));
  const record = filesUnder(path.join(stateDir, 'credentials'))[0] ?? '';
  writeFileSync(record, `${readFileSync(record, 'utf8')}x`);
  expect(await source.load()).toBeUndefined();
  expect(vaultLog.lines).toHaveLength(1);
  assertHarmless(error, github.secrets());
  const printed = [...log.lines, ...vaultLog.lines].join('\n');
  assertNoSecrets({ dirs: [stateDir], buffers: { printed }, secrets: github.secrets() });
});
