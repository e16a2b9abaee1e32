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

const WORK: Profile = { host: 'octo.ghe.com', clientId: 'Iv23liWORK', scopes: ['repo', 'gist'] };

function settings(
  argv: readonly string[],
  profiles: Readonly<Record<string, Profile>> = {},
  env: NodeJS.ProcessEnv = {},
) {
  const all = new Map(Object.entries(profiles));
  return readSettings(readCommandLine(argv, env), env, { file: '/state/profiles.json', all });
}

const RUN = ['--', 'server'];
const withDefault = (change: Partial<Profile>) => () => settings(RUN, { default: { ...WORK, ...change } });

test('a named profile gives host, client id, scopes, store and passphrase file', () => {
  const profile = { ...WORK, store: 'file', passphraseFile: '/secrets/pass' };
  expect(settings(['--profile', 'work', ...RUN], { work: profile })).toMatchObject({
    profile: 'work',
    host: { label: 'octo.ghe.com' },
    hostGiven: true,
    clientId: 'Iv23liWORK',
    scopes: ['repo', 'gist'],
    store: 'file',
    passphrase: { kind: 'file', path: '/secrets/pass' },
  });
});

test('without a name it is the profile "default"', () => {
  expect(settings(RUN, { default: WORK })).toMatchObject({ profile: 'default', clientId: 'Iv23liWORK' });
  expect(settings(RUN, { work: WORK })).toMatchObject({ profile: 'default', clientId: undefined });
});

test('a host that was not named is not told to the server, unless it is not github.com', () => {
  expect(settings(RUN, { default: { ...WORK, host: 'github.com' } }).hostGiven).toBe(false);
  expect(settings(RUN, { default: WORK }).hostGiven).toBe(true);
});

test('flags go before the environment, and that before the profile', () => {
  const env = { GITHUB_OAUTH_SCOPES: 'user', GH_MCP_PROXY_STORE: 'keychain' };
  const profiles = { default: { ...WORK, store: 'file' } };
  expect(settings(['--store', 'memory', ...RUN], profiles, env)).toMatchObject({
    store: 'memory',
    scopes: ['user'],
    clientId: 'Iv23liWORK',
  });
});

test('at another host the client id and the rest of the profile do not count', () => {
  const profiles = { default: { ...WORK, store: 'file' } };
  expect(settings(['--gh-host', 'git.example.com', ...RUN], profiles)).toMatchObject({
    host: { label: 'git.example.com' },
    clientId: undefined,
    scopes: [],
    store: 'auto',
  });
  expect(settings(['--gh-host', 'https://octo.ghe.com/', ...RUN], profiles).clientId).toBe('Iv23liWORK');
});

test('for another app the scopes of the profile do not count', () => {
  const found = settings(['--oauth-client-id', 'Iv23liOTHER', ...RUN], { default: WORK });
  expect(found).toMatchObject({ host: { label: 'octo.ghe.com' }, clientId: 'Iv23liOTHER', scopes: [] });
});

test('a passphrase from a file descriptor goes before the file of the profile', () => {
  const profiles = { default: { ...WORK, passphraseFile: '/pass' } };
  expect(settings(['--passphrase-fd', '3', ...RUN], profiles).passphrase).toEqual({ kind: 'fd', fd: 3 });
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
] as const)('%j is wrong usage', (args, message) => {
  expect(() => settings([...args, ...RUN])).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(() => settings([...args, ...RUN])).toThrow(message);
});

test('a profile that is not there: `run` says how to make it, unless a client id is given', () => {
  const missing = () => settings(['--profile', 'wrok', ...RUN], { work: WORK });
  expect(missing).toThrow('there is no profile wrok in /state/profiles.json');
  expect(missing).toThrow(
    expect.objectContaining({ next: expect.stringContaining('login --profile wrok') as string }),
  );
  expect(settings(['--profile', 'new', '--oauth-client-id', 'Iv23liX', ...RUN])).toMatchObject({
    profile: 'new',
    clientId: 'Iv23liX',
  });
  expect(settings(['token', '--profile', 'wrok'])).toMatchObject({ clientId: undefined });
});

test('whoever names a profile and another host has made a mistake, except in a login, which may move it', () => {
  const args = ['--profile', 'work', '--gh-host', 'github.com'];
  const wrong = () => settings([...args, ...RUN], { work: WORK });
  expect(wrong).toThrow('the profile work is for octo.ghe.com, but --gh-host is github.com');
  const byVariable = () => settings(['token', '--profile', 'work'], { work: WORK }, { GITHUB_HOST: 'x.org' });
  expect(byVariable).toThrow('the profile work is for octo.ghe.com, but GITHUB_HOST is x.org');
  expect(settings(['login', ...args], { work: WORK })).toMatchObject({ host: { label: 'github.com' } });
  expect(settings(['audit', ...args], { work: WORK })).toMatchObject({ host: { label: 'github.com' } });
});

test('a profile whose values are nonsense is named', () => {
  expect(withDefault({ host: 'ftp://x' })).toThrow(/^the profile default does not name a host: .*ftp/);
  expect(withDefault({ clientId: 'a secret!' })).toThrow(
    '--oauth-client-id in the profile default is not a client id',
  );
  expect(withDefault({ store: 'cloud' })).toThrow('--store in the profile default is "cloud"');
});

test('no settings can be changed once they are read', () => {
  expect(Object.isFrozen(settings(RUN))).toBe(true);
});

test('what is saved is read again, beside what was there, for its owner only', async () => {
  const stateDir = path.join(tempDir(), 'not', 'yet');
  const log = createTestLog();
  expect(readProfiles(stateDir).all).toEqual(new Map());
  await saveProfile(stateDir, 'work', WORK, log);
  await saveProfile(stateDir, 'a.b', { ...WORK, store: 'file' }, log);
  await saveProfile(stateDir, '__proto__', WORK, log);
  await saveProfile(stateDir, 'work', { ...WORK, scopes: [] }, log);
  const { all, file, damaged } = readProfiles(stateDir);
  expect([...all]).toEqual([
    ['work', { ...WORK, scopes: [] }],
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
    JSON.stringify({ later: 1, profiles: { odd: { mode: 'gh' }, work: { ...WORK, more: 2 } } }),
  );
  expect([...readProfiles(stateDir).all]).toEqual([['work', WORK]]);
  await saveProfile(stateDir, 'mine', WORK, createTestLog());
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
    later: 1,
    profiles: { odd: { mode: 'gh' }, work: { ...WORK, more: 2 }, mine: WORK },
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
