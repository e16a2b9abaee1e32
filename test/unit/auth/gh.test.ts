// The source of `--auth gh` with a gh that keeps its logins in a file: whose token, when again, and what each refusal says.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { writeHosts } from '../../../fixtures/gh/hosts.mjs';
import { createGhSource, ghIsLoggedIn } from '../../../src/auth/gh.ts';
import type { Credential } from '../../../src/auth/token-source.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { aliveWithMarker, waitUntilGone } from '../../support/processes.ts';
import { surroundings } from '../../support/spawned.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted, rejection } from '../github/support.ts';

function fail(why: string): never {
  throw new Error(why);
}

const GH = path.join(import.meta.dirname, '../../../fixtures/gh/bin');
const MONA = { user: 'monalisa', users: { monalisa: 'gho_monalisa_one', hubot: 'gho_hubot_one' } };
const MONA_TWO = { ...MONA, users: { ...MONA.users, monalisa: 'gho_monalisa_two' } };

interface World {
  readonly host?: string;
  readonly user?: string;
  readonly env?: Record<string, string>;
}

/** gh is in PATH, before what a test says. */
function testGh({ host = 'github.com', user, env = {} }: World = {}) {
  const all = surroundings({
    env: { PATH: `${GH}${path.delimiter}${process.env['PATH'] ?? ''}`, ...env },
  }).env;
  const concealed: string[] = [];
  const source = createGhSource({
    host: parseGithubHost(host),
    user,
    env: all,
    clock: createFakeClock(),
    log: createTestLog(),
    conceal: (secret) => void concealed.push(secret.reveal()),
  });
  const load = async (): Promise<Credential> => (await source.load()) ?? fail('no token');
  return { source, env: all, concealed, load };
}

const shown = ({ accessToken, login }: Credential): readonly unknown[] => [accessToken.reveal(), login];

test('the active account gives its token and its name', async () => {
  const { env, load, concealed, source } = testGh();
  writeHosts(env, { 'github.com': MONA });
  expect(shown(await load())).toEqual(['gho_monalisa_one', 'monalisa']);
  expect(concealed).toEqual(['gho_monalisa_one']);
  expect(source).toMatchObject({ mode: 'gh', hostLabel: 'github.com', isUnattended: true });
});

test('--gh-user names another account, and GH_CONFIG_DIR another configuration', async () => {
  const { env, load } = testGh({ host: 'octo.ghe.com', user: 'hubot', env: { GH_CONFIG_DIR: tempDir() } });
  writeHosts(env, { 'octo.ghe.com': MONA });
  expect(shown(await load())).toEqual(['gho_hubot_one', 'hubot']);
});

test.each([
  ['github.com', { GH_TOKEN: 'ghp_of_the_client', GITHUB_TOKEN: 'ghp_of_the_client' }],
  [
    'git.example.com',
    { GH_ENTERPRISE_TOKEN: 'ghp_of_the_client', GITHUB_ENTERPRISE_TOKEN: 'ghp_of_the_client' },
  ],
])("at %s a token of the client's environment is not taken for gh's login", async (host, env) => {
  const gh = testGh({ host, env });
  writeHosts(gh.env, { [host]: MONA });
  expect(shown(await gh.load())).toEqual(['gho_monalisa_one', 'monalisa']);
  expect(await ghIsLoggedIn(host, gh.env)).toBe(true);
  writeHosts(gh.env, {});
  expect(await rejection(gh.source.load())).toMatchObject({ code: 'gh_no_login' });
  expect(await ghIsLoggedIn(host, gh.env)).toBe(false);
});

test('a token that is refused is read again; the very same one is brought as it is, with the command to run', async () => {
  const { env, source, load } = testGh();
  writeHosts(env, { 'github.com': MONA });
  const one = await load();
  expect(await source.refresh(one, neverAborted)).toBe(one);
  expect(source.remedy).toBe('In a terminal, run: gh auth refresh --hostname github.com');
  expect(testGh({ user: 'hubot' }).source.remedy).toBe(
    'In a terminal, run: gh auth switch --hostname github.com --user hubot && gh auth refresh --hostname github.com',
  );
  writeHosts(env, { 'github.com': MONA_TWO });
  expect(shown(await source.refresh(one, neverAborted))).toEqual(['gho_monalisa_two', 'monalisa']);
});

test('a session keeps its account when another one becomes active', async () => {
  const { env, source, load } = testGh();
  writeHosts(env, { 'github.com': MONA });
  const one = await load();
  writeHosts(env, { 'github.com': { ...MONA_TWO, user: 'hubot' } });
  expect(shown(await source.refresh(one, neverAborted))).toEqual(['gho_monalisa_two', 'monalisa']);
  writeHosts(env, { 'github.com': { user: 'hubot', users: { hubot: 'gho_hubot_one' } } });
  expect(await rejection(source.refresh(one, neverAborted))).toMatchObject({
    code: 'gh_no_account',
    message: 'gh is not logged in to github.com as monalisa',
    next: 'It has hubot: to go on with its active account, restart this server in the client. For monalisa, run in a terminal: gh auth login --hostname github.com',
  });
});

test('a gh of one account a host (before 2.40) is asked without a name', async () => {
  const { env, source, load } = testGh({ env: { FAKE_GH_VERSION: '2.39' } });
  writeHosts(env, { 'github.com': MONA });
  const one = await load();
  writeHosts(env, { 'github.com': MONA_TWO });
  expect(shown(await source.refresh(one, neverAborted))).toEqual(['gho_monalisa_two', 'monalisa']);
});

test.each([
  ['nobody is logged in', {}, 'gh_no_login', 'gh auth login --hostname github.com'],
  ['no such account', { user: 'octocat' }, 'gh_no_account', 'It has --gh-user monalisa, --gh-user hubot.'],
  [
    'accounts need a newer gh',
    { user: 'hubot', env: { FAKE_GH_VERSION: '2.39' } },
    'gh_too_old',
    'leave --gh-user out',
  ],
  ['tokens need a newer gh', { env: { FAKE_GH_VERSION: '2.16' } }, 'gh_too_old', 'Update gh'],
  ['there is no gh', { env: { PATH: '/nowhere' } }, 'gh_missing', 'gh auth login --hostname github.com'],
  ['GH_PATH leads nowhere', { env: { GH_PATH: '/nowhere/gh' } }, 'gh_missing', 'GH_PATH'],
  ["hosts with ports are not gh's", { host: 'git.example.com:8443' }, 'gh_no_login', 'another --auth'],
] as const)('%s: said with the way out', async (_what, world, code, next) => {
  const { env, source } = testGh(world);
  if (code !== 'gh_no_login') writeHosts(env, { 'github.com': MONA });
  expect(await rejection(source.load())).toMatchObject({ code, next: expect.stringContaining(next) });
});

test('gh that fails in a way of its own is quoted', async () => {
  const dir = tempDir();
  const broken = path.join(dir, 'gh');
  writeFileSync(broken, '#!/bin/sh\necho "invalid config file: yaml: line 3" >&2; exit 1\n', { mode: 0o755 });
  const { env, source } = testGh({ env: { GH_PATH: broken } });
  expect(await rejection(source.load())).toMatchObject({
    code: 'gh_failed',
    message:
      'gh, which is asked for the token of github.com, failed with exit code 1: invalid config file: yaml: line 3',
  });
  expect(await ghIsLoggedIn('github.com', env)).toBe(false);
});

test('gh that waits for its keychain is ended with those who wait for it', async () => {
  const { env, source } = testGh({ env: { FAKE_GH_HANGS: '1' } });
  const leaving = new AbortController();
  const login = rejection(source.login({ scopes: [], onPrompt: () => {} }, leaving.signal));
  const mark = `HOME=${env['HOME']}`;
  await vi.waitUntil(() => aliveWithMarker(mark).length > 0, { timeout: 5_000, interval: 5 });
  leaving.abort(new Error('nobody waits'));
  expect(await login).toEqual(new Error('nobody waits'));
  await waitUntilGone(mark, 5_000);
});

test('gh is asked for a token and a name, and for nothing over the network', async () => {
  const journal = path.join(tempDir(), 'calls');
  const { env, load } = testGh({ env: { FAKE_GH_JOURNAL: journal } });
  writeHosts(env, { 'github.com': MONA });
  await load();
  expect(readFileSync(journal, 'utf8').trim().split('\n').sort()).toEqual([
    '["auth","token","--hostname","github.com"]',
    '["config","get","user","--host","github.com"]',
  ]);
});
