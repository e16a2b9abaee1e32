// What a profile adds to the settings, and what it never does: its values belong together. Not for: how `login` writes
// one (integration/commands-profiles.test.ts).
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readCommandLine } from '../../../src/cli/options.ts';
import { saveProfile } from '../../../src/cli/profiles-file.ts';
import { readProfiles } from '../../../src/cli/profiles.ts';
import type { Profile } from '../../../src/cli/profiles.ts';
import { readSettings } from '../../../src/cli/settings.ts';
import { tempDir } from '../../support/temp.ts';
import { createTestLog } from '../../support/test-log.ts';

const WORK: Profile = {
  auth: 'device',
  host: 'octo.ghe.com',
  options: { 'oauth-client-id': ['Iv23liWORK'], 'oauth-scopes': ['repo gist'] },
};

function settings(
  argv: readonly string[],
  profiles: Readonly<Record<string, Profile>> = {},
  env: NodeJS.ProcessEnv = {},
) {
  const all = new Map(Object.entries(profiles));
  return readSettings(readCommandLine(argv, env), env, { file: '/state/profiles.json', all });
}

/** The same, for whatever its app allows. */
const NO_SCOPES: Profile = { ...WORK, options: { ...WORK.options, 'oauth-scopes': [''] } };
/** As the first versions wrote it. */
const WRITTEN = { host: 'octo.ghe.com', clientId: 'Iv23liWORK', scopes: ['repo', 'gist'] };

const RUN = ['--', 'server'];
const withDefault = (change: Partial<Profile>) => () => settings(RUN, { default: { ...WORK, ...change } });

test('a named profile gives host, client id, scopes, store and passphrase file', async () => {
  const profile = { ...WORK, store: 'file', passphraseFile: '/secrets/pass' };
  expect(await settings(['--profile', 'work', ...RUN], { work: profile })).toMatchObject({
    profile: 'work',
    host: { label: 'octo.ghe.com' },
    hostGiven: true,
    auth: { mode: 'device', clientId: 'Iv23liWORK', scopes: ['repo', 'gist'] },
    store: 'file',
    passphrase: { kind: 'file', path: '/secrets/pass' },
  });
});

test('without a name it is the profile "default"', async () => {
  expect(await settings(RUN, { default: WORK })).toMatchObject({
    profile: 'default',
    auth: { clientId: 'Iv23liWORK' },
  });
  expect(await settings(RUN, { work: WORK })).toMatchObject({
    profile: 'default',
    auth: { clientId: undefined },
  });
});

test('a host that was not named is not told to the server, unless it is not github.com', async () => {
  expect((await settings(RUN, { default: { ...WORK, host: 'github.com' } })).hostGiven).toBe(false);
  expect((await settings(RUN, { default: WORK })).hostGiven).toBe(true);
});

test('flags go before the environment, and that before the profile', async () => {
  const env = { GITHUB_OAUTH_SCOPES: 'user', GH_MCP_PROXY_STORE: 'keychain' };
  const profiles = { default: { ...WORK, store: 'file' } };
  expect(await settings(['--store', 'memory', ...RUN], profiles, env)).toMatchObject({
    store: 'memory',
    auth: { scopes: ['user'], clientId: 'Iv23liWORK' },
  });
});

test('at another host the client id and the rest of the profile do not count', async () => {
  const profiles = { default: { ...WORK, store: 'file' } };
  expect(await settings(['--gh-host', 'git.example.com', ...RUN], profiles)).toMatchObject({
    host: { label: 'git.example.com' },
    auth: { clientId: undefined, scopes: [] },
    store: 'auto',
  });
  expect(await settings(['--gh-host', 'https://octo.ghe.com/', ...RUN], profiles)).toMatchObject({
    auth: { clientId: 'Iv23liWORK' },
  });
});

test('for another app the scopes of the profile do not count', async () => {
  const found = await settings(['--oauth-client-id', 'Iv23liOTHER', ...RUN], { default: WORK });
  expect(found).toMatchObject({
    host: { label: 'octo.ghe.com' },
    auth: { clientId: 'Iv23liOTHER', scopes: [] },
  });
});

test('a passphrase from a file descriptor goes before the file of the profile', async () => {
  const profiles = { default: { ...WORK, passphraseFile: '/pass' } };
  expect((await settings(['--passphrase-fd', '3', ...RUN], profiles)).passphrase).toEqual({
    kind: 'fd',
    fd: 3,
  });
});

test.each([
  [
    ['--passphrase-fd', '3', '--passphrase-file', '/x'],
    'both --passphrase-fd and --passphrase-file are given',
  ],
  [['--passphrase-fd', '2'], '--passphrase-fd is "2"'],
  [['--passphrase-fd', 'three'], '--passphrase-fd is "three"'],
  [['--passphrase-file', ''], '--passphrase-file is empty'],
  [['--log-file', ' '], '--log-file is empty'],
  [['--profile', 'a b'], '--profile is "a b"'],
  [['--profile', ''], '--profile is ""'],
  [['--profile', 'x'.repeat(65)], '--profile is "x'],
] as const)('%j is wrong usage', async (args, message) => {
  await expect(settings([...args, ...RUN])).rejects.toThrow(expect.objectContaining({ exitCode: 2 }));
  await expect(settings([...args, ...RUN])).rejects.toThrow(message);
});

test('a profile that is not there: `run` says how to make it, unless a client id is given', async () => {
  const missing = () => settings(['--profile', 'wrok', ...RUN], { work: WORK });
  await expect(missing()).rejects.toThrow('there is no profile wrok in /state/profiles.json');
  await expect(missing()).rejects.toThrow(
    expect.objectContaining({ next: expect.stringContaining('login --profile wrok') as string }),
  );
  expect(await settings(['--profile', 'new', '--oauth-client-id', 'Iv23liX', ...RUN])).toMatchObject({
    profile: 'new',
    auth: { clientId: 'Iv23liX' },
  });
  expect(await settings(['token', '--profile', 'wrok'])).toMatchObject({ auth: { clientId: undefined } });
});

test('whoever names a profile and another host has made a mistake, except in a login, which may move it', async () => {
  const args = ['--profile', 'work', '--gh-host', 'github.com'];
  const wrong = () => settings([...args, ...RUN], { work: WORK });
  await expect(wrong()).rejects.toThrow('the profile work is for octo.ghe.com, but --gh-host is github.com');
  const byVariable = () => settings(['token', '--profile', 'work'], { work: WORK }, { GITHUB_HOST: 'x.org' });
  await expect(byVariable()).rejects.toThrow(
    'the profile work is for octo.ghe.com, but GITHUB_HOST is x.org',
  );
  expect(await settings(['login', ...args], { work: WORK })).toMatchObject({ host: { label: 'github.com' } });
  expect(await settings(['audit', ...args], { work: WORK })).toMatchObject({ host: { label: 'github.com' } });
});

test('a profile whose values are nonsense is named', async () => {
  await expect(withDefault({ host: 'ftp://x' })()).rejects.toThrow(
    /^the profile default does not name a host: .*ftp/,
  );
  await expect(withDefault({ options: { 'oauth-client-id': ['a secret!'] } })()).rejects.toThrow(
    '--oauth-client-id in the profile default is not a client id',
  );
  await expect(withDefault({ store: 'cloud' })()).rejects.toThrow(
    '--store in the profile default is "cloud"',
  );
});

test('no settings can be changed once they are read', async () => {
  expect(Object.isFrozen(await settings(RUN))).toBe(true);
});

test('what is saved is read again, beside what was there, for its owner only', async () => {
  const stateDir = path.join(tempDir(), 'not', 'yet');
  const log = createTestLog();
  expect(readProfiles(stateDir).all).toEqual(new Map());
  await saveProfile(stateDir, 'work', WORK, log);
  await saveProfile(stateDir, 'a.b', { ...WORK, store: 'file' }, log);
  await saveProfile(stateDir, '__proto__', WORK, log);
  await saveProfile(stateDir, 'work', NO_SCOPES, log);
  const { all, file, damaged } = readProfiles(stateDir);
  expect([...all]).toEqual([
    ['work', NO_SCOPES],
    ['a.b', { ...WORK, store: 'file' }],
    ['__proto__', WORK],
  ]);
  expect(damaged).toBeUndefined();
  expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
  expect((statSync(stateDir).mode & 0o777).toString(8)).toBe('700');
  expect(log.lines).toEqual([]);
});

test('what a later version keeps in the file stays there', async () => {
  const stateDir = tempDir();
  const file = path.join(stateDir, 'profiles.json');
  writeFileSync(
    file,
    JSON.stringify({ later: 1, profiles: { odd: { mode: 'gh' }, work: { ...WRITTEN, more: 2 } } }),
  );
  expect([...readProfiles(stateDir).all]).toEqual([['work', WORK]]);
  await saveProfile(stateDir, 'mine', WORK, createTestLog());
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    later: 1,
    profiles: { odd: { mode: 'gh' }, work: { ...WRITTEN, more: 2 }, mine: WRITTEN },
  });
});

test.each(['', '{', '[]', '{"profiles":[]}', '\u0000'])(
  'a file with %j holds no profiles, and is told',
  (text) => {
    const stateDir = tempDir();
    writeFileSync(path.join(stateDir, 'profiles.json'), text);
    expect(readProfiles(stateDir)).toMatchObject({ all: new Map(), damaged: Buffer.from(text) });
  },
);

test('a file that cannot be read or written is named, with what to do', async () => {
  const stateDir = tempDir();
  mkdirSync(path.join(stateDir, 'profiles.json'));
  const next = expect.stringContaining('--state-dir') as string;
  expect(() => readProfiles(stateDir)).toThrow(expect.objectContaining({ exitCode: 1, next }));
  await expect(saveProfile(stateDir, 'work', WORK, createTestLog())).rejects.toThrow(
    expect.objectContaining({ message: expect.stringContaining(stateDir) as string, next }),
  );
});
