// What the settings of each way to a token mean, and what is said where they are wrong or missing. Not for: which way is
// chosen (auth-choice.test.ts), or the settings of a broker, which are its own (unit/auth/exchange-settings.test.ts).
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OptionTexts } from '../../../src/cli/option-names.ts';
import { readCommandLine } from '../../../src/cli/options.ts';
import { ownNamesOf } from '../../../src/cli/own-variables.ts';
import type { Profile } from '../../../src/cli/profiles.ts';
import { readSettings } from '../../../src/cli/settings.ts';

const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----';

async function auth(flags: readonly string[], env: NodeJS.ProcessEnv = {}, ci?: Profile) {
  const all = new Map(ci ? [['ci', ci]] : []);
  const line = readCommandLine([...flags, '--', 'server'], env);
  return (await readSettings(line, env, { file: '/state/profiles.json', all })).auth;
}

const APP = ['--app-id', '123456', '--app-private-key-path', '/key.pem'];
const BROKER = ['--exchange-issuer', 'https://broker.example', '--exchange-client-id', 'proxy'];

async function installation(...flags: string[]) {
  const found = await auth([...APP, ...flags]);
  return found.mode === 'github-app' && found.installation;
}

describe('what they mean', () => {
  test('github-app', async () => {
    const narrow = [
      '--app-repositories',
      'one, octo-org/two',
      '--app-permissions',
      'contents:read,issues:write',
    ];
    expect(await auth([...APP, ...narrow, '--app-repository', 'octo-org/octo.repo'])).toMatchObject({
      mode: 'github-app',
      host: { label: 'github.com' },
      appId: '123456',
      key: { kind: 'file', path: '/key.pem', setting: '--app-private-key-path' },
      installation: { kind: 'repository', owner: 'octo-org', repository: 'octo.repo' },
      repositories: ['one', 'octo-org/two'],
      permissions: { contents: 'read', issues: 'write' },
      timeoutMs: 30_000,
    });
  });

  test('its installation is a number, an owner, or the only one', async () => {
    expect(await installation()).toEqual({ kind: 'only' });
    expect(await installation('--app-installation-id', '42')).toEqual({ kind: 'id', id: 42 });
    expect(await installation('--app-owner', 'octo-org')).toEqual({ kind: 'owner', owner: 'octo-org' });
  });

  test('its key may be in a variable, which nothing but a flag goes before', async () => {
    const env = { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: PEM };
    expect(await auth([], env)).toMatchObject({ key: { kind: 'pem', from: 'GITHUB_APP_PRIVATE_KEY' } });
    const elsewhere = ['--app-private-key', 'aws-kms:alias/app'];
    expect(await auth(elsewhere, env)).toMatchObject({ key: { kind: 'aws-kms', keyId: 'alias/app' } });
  });

  test('browser and oauth', async () => {
    const id = ['--oauth-client-id', 'Iv23liX', '--oauth-scopes', 'repo gist'];
    expect(await auth([...id, '--oauth-callback-port', '8123'])).toMatchObject({
      mode: 'browser',
      clientId: 'Iv23liX',
      scopes: ['repo', 'gist'],
      callbackPort: 8123,
      clientSecret: undefined,
    });
    const env = { GITHUB_OAUTH_CLIENT_SECRET: 'kept' };
    expect(await auth([...id, '--issuer', 'https://gitlab.com/'], env)).toMatchObject({
      mode: 'oauth',
      // Letter by letter as it was given.
      issuer: 'https://gitlab.com/',
      clientSecret: { kind: 'env', name: 'GITHUB_OAUTH_CLIENT_SECRET' },
    });
    const file = [...id, '--oauth-client-secret-file', '/secret'];
    expect(await auth(file, env)).toMatchObject({ clientSecret: { kind: 'file', path: '/secret' } });
  });

  test('exchange, command, gh and env', async () => {
    const target = ['--exchange-resource', 'github', '--exchange-resource', 'gitlab'];
    const subject = { GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET: 's', GH_MCP_PROXY_SUBJECT_TOKEN_ENV: 'SUBJECT' };
    expect(await auth([...BROKER, ...target, '--command-timeout', '2.5'], subject)).toMatchObject({
      mode: 'exchange',
      settings: { resources: ['github', 'gitlab'], subject: { source: { kind: 'env', name: 'SUBJECT' } } },
      timeoutMs: 2500,
    });
    expect(await auth(['--token-command', 'print it'])).toMatchObject({
      mode: 'command',
      command: 'print it',
      timeoutMs: 30_000,
    });
    expect(await auth(['--auth', 'gh', '--gh-user', 'octocat'])).toMatchObject({
      mode: 'gh',
      user: 'octocat',
    });
    expect(await auth(['--token-env', 'NONE,SOME'], { SOME: 'glpat' })).toMatchObject({
      mode: 'env',
      name: 'SOME',
    });
  });
});

describe('a profile', () => {
  const CI: Profile = {
    auth: 'github-app',
    host: 'github.com',
    options: {
      'app-id': ['123456'],
      'app-private-key-path': ['/key.pem'],
      'app-installation-id': ['42'],
      'app-repositories': ['one'],
    },
  };

  test('gives all settings of its mode', async () => {
    expect(await auth(['--profile', 'ci'], {}, CI)).toMatchObject({
      appId: '123456',
      key: { kind: 'file', path: '/key.pem' },
      installation: { kind: 'id', id: 42 },
      repositories: ['one'],
      because: 'the profile ci says so',
    });
  });

  test('that is named goes before variables, and a flag before it', async () => {
    const env = { GITHUB_APP_ID: '2', GITHUB_APP_REPOSITORIES: 'two' };
    expect(await auth(['--profile', 'ci'], env, CI)).toMatchObject({
      appId: '123456',
      repositories: ['one'],
    });
    const flags = ['--profile', 'ci', '--app-repositories', 'three'];
    expect(await auth(flags, env, CI)).toMatchObject({ repositories: ['three'] });
  });

  test('gives way as far as a flag stands for the same', async () => {
    expect(await auth(['--profile', 'ci', '--app-owner', 'octo-org'], {}, CI)).toMatchObject({
      installation: { kind: 'owner', owner: 'octo-org' },
      repositories: ['one'],
    });
  });

  test('does not give the key and the installation of one app to another', async () => {
    await expect(auth(['--profile', 'ci', '--app-id', '2'], {}, CI)).rejects.toThrow(
      '--auth github-app needs the private key of the app',
    );
  });

  test('keeps what was given, with paths that hold from anywhere, and nothing secret', async () => {
    const flags = ['--app-id', '1', '--app-private-key', 'file:key.pem', '--app-owner', 'octo-org'];
    const env = { GITHUB_APP_INSTALLATION_ID: '42', GITHUB_OAUTH_CLIENT_ID: 'Iv23liX' };
    const kept: OptionTexts = {
      'app-id': ['1'],
      'app-private-key': [`file:${path.resolve('key.pem')}`],
      'app-owner': ['octo-org'],
    };
    expect((await auth(flags, env)).options).toEqual(kept);
    const secret = { GITHUB_APP_ID: '1', GITHUB_APP_PRIVATE_KEY: PEM };
    expect((await auth([], secret)).options).toEqual({ 'app-id': ['1'] });
  });
});

describe('what is wrong or missing is named', () => {
  const none = { GITHUB_APP_ID: '1' };
  test.each<readonly [readonly string[], NodeJS.ProcessEnv, string]>([
    [['--auth', 'github-app'], {}, '--auth github-app needs --app-id'],
    [['--app-id', 'an app'], {}, '--app-id is not the id of an app'],
    [[], none, '--auth github-app needs the private key of the app'],
    [['--app-id', '1', '--app-private-key-path', ' '], {}, '--app-private-key-path is empty'],
    [
      ['--app-id', '1', '--app-private-key', '/key.pem'],
      {},
      '--app-private-key names where the private key is',
    ],
    [
      [...APP, '--app-private-key', 'env:KEY'],
      {},
      'both --app-private-key and --app-private-key-path are given',
    ],
    [
      [],
      { ...none, GITHUB_APP_PRIVATE_KEY: PEM, GITHUB_APP_PRIVATE_KEY_PATH: '/key.pem' },
      'both GITHUB_APP_PRIVATE_KEY_PATH and GITHUB_APP_PRIVATE_KEY are given',
    ],
    [[...APP, '--app-installation-id', 'x'], {}, '--app-installation-id is "x"'],
    [[...APP, '--app-owner', 'a/b'], {}, '--app-owner is "a/b"'],
    [[...APP, '--app-repository', 'repo'], {}, '--app-repository is "repo"'],
    [[...APP, '--app-owner', 'a', '--app-repository', 'a/b'], {}, 'both --app-owner and --app-repository'],
    [[...APP, '--app-repositories', 'one,a/b/c'], {}, '--app-repositories has "a/b/c"'],
    [[...APP, '--app-repositories', '/b'], {}, '--app-repositories has "/b"'],
    [[...APP, '--app-permissions', 'contents'], {}, '--app-permissions has "contents"'],
    [[...APP, '--command-timeout', '0'], {}, '--command-timeout is "0"'],
    [['--auth', 'browser'], {}, '--auth browser needs --oauth-client-id'],
    [['--oauth-client-id', 'a b', '--oauth-callback-port', '1'], {}, '--oauth-client-id is not a client id'],
    [
      ['--oauth-client-id', 'Iv23liX', '--oauth-callback-port', '70000'],
      {},
      '--oauth-callback-port is "70000"',
    ],
    [
      ['--oauth-client-id', 'Iv23liX', '--oauth-client-secret-file', ''],
      {},
      '--oauth-client-secret-file is empty',
    ],
    [['--auth', 'oauth'], {}, '--auth oauth needs --issuer'],
    [['--issuer', 'https://gitlab.com'], {}, '--auth oauth needs --oauth-client-id'],
    [['--issuer', 'http://gitlab.com'], {}, '--issuer is not the URL of an authorization server'],
    [[], { GH_MCP_PROXY_ISSUER: 'gitlab.com' }, 'GH_MCP_PROXY_ISSUER is not the URL'],
    [['--auth', 'exchange'], {}, 'it is not said where tokens are exchanged'],
    [BROKER, {}, 'the secret of the client "proxy" is missing'],
    [['--auth', 'gh', '--gh-user', 'a b'], {}, '--gh-user is "a b"'],
    [['--auth', 'command'], {}, '--auth command needs --token-command'],
    [['--token-command', ' '], {}, '--token-command is empty'],
    [['--auth', 'env'], {}, '--auth env passes a token on, but GITHUB_PERSONAL_ACCESS_TOKEN is not set'],
    [['--auth', 'env', '--token-env', 'A,B'], {}, 'but A and B are not set'],
    [
      ['--auth', 'gh', '--store', 'keychain'],
      {},
      '--store keychain has nothing to store: the mode is gh, because --auth is given',
    ],
    [
      ['--app-id', '1', '--oauth-client-id', 'Iv23liX'],
      {},
      '--oauth-client-id is a setting of --auth device',
    ],
  ])('%j with %j', async (flags, env, message) => {
    const wrong = auth(flags, env);
    await expect(wrong).rejects.toThrow(expect.objectContaining({ exitCode: 2 }));
    await expect(wrong).rejects.toThrow(message);
    // Each says what to do as well.
    await expect(wrong).rejects.toThrow(
      expect.objectContaining({ next: expect.stringMatching(/\S{2}/) as string }),
    );
  });

  test('where a token is kept by a variable or a profile, that is no business of a mode that keeps none', async () => {
    expect(await auth(['--auth', 'gh'], { GH_MCP_PROXY_STORE: 'keychain' })).toMatchObject({ mode: 'gh' });
    expect(await auth(['--auth', 'gh', '--store', 'memory'])).toMatchObject({ mode: 'gh' });
  });

  test.each([
    ['--app-private-key-path', PEM, 'private key'],
    ['--app-private-key', `env:${PEM}`, 'private key'],
    ['--token-command', 'echo ghs_1_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln', 'token'],
    ['--subject-token-env', 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln', 'token'],
    ['--exchange-param', 'assertion=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln', 'token'],
  ])('a secret in the place of %s is refused, and not printed', async (option, text, what) => {
    const given = auth([`${option}=${text}`]);
    await expect(given).rejects.toThrow(`${option} was given what looks like a ${what}`);
    await expect(given).rejects.not.toThrow(text.slice(-20));
  });
});

describe('the variables that a server never sees', () => {
  const env = {
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 's',
    AWS_SESSION_TOKEN: 't',
    AWS_WEB_IDENTITY_TOKEN_FILE: 'f',
    AWS_CONTAINER_CREDENTIALS_FULL_URI: 'u',
    AWS_CONTAINER_AUTHORIZATION_TOKEN: 't',
    AWS_REGION: 'eu-central-1',
    MY_KEY: 'k',
  };
  const names = async (...flags: string[]) => ownNamesOf(await auth(flags, env), env);

  test.each(['aws-kms:alias/app', 'aws-secretsmanager:app#pem'])('%s: credentials of AWS', async (source) => {
    const found = await names('--app-id', '1', '--app-private-key', source);
    expect(found).toEqual(Object.keys(env).filter((name) => !/REGION|MY_KEY/.test(name)));
  });

  test('a variable that holds a key or a subject token, and nothing of AWS', async () => {
    expect(await names('--app-id', '1', '--app-private-key', 'env:MY_KEY')).toEqual(['MY_KEY']);
    const subject = [
      '--exchange-client-auth',
      'none',
      '--exchange-resource',
      'r',
      '--subject-token-env',
      'MY_KEY',
    ];
    expect(await names(...BROKER, ...subject)).toEqual(['MY_KEY']);
    expect(await names(...APP)).toEqual([]);
    expect(await names('--oauth-client-id', 'Iv23liX')).toEqual([]);
  });

  test('what the variables of a mode that is not chosen name is as secret', async () => {
    const others = {
      GH_MCP_PROXY_APP_PRIVATE_KEY: 'env:MY_KEY',
      GH_MCP_PROXY_SUBJECT_TOKEN_ENV: 'MY_SUBJECT',
    };
    const device = await auth(['--oauth-client-id', 'Iv23liX']);
    expect(ownNamesOf(device, others)).toEqual(['MY_KEY', 'MY_SUBJECT']);
    // As lenient as what reads it.
    const spaced = { GH_MCP_PROXY_APP_PRIVATE_KEY: ' env:MY_KEY\n' };
    expect(ownNamesOf(device, spaced)).toEqual(['MY_KEY']);
    const signing = { ...env, GH_MCP_PROXY_APP_PRIVATE_KEY: 'aws-kms:alias/app' };
    expect(ownNamesOf(device, signing)).toContain('AWS_SECRET_ACCESS_KEY');
  });
});
