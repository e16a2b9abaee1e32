// The commands that messages tell people to run: they must work when they are pasted.
// Not for: the messages around them (integration/commands-*.test.ts).
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { maskTokens } from '../../../src/base/mask.ts';
import { readCommandLine } from '../../../src/cli/options.ts';
import type { Profile, Profiles } from '../../../src/cli/profiles.ts';
import { exactCommand, inShell, loginCommand } from '../../../src/cli/shell.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';

type Named = Parameters<typeof loginCommand>[0];

const GITHUB: Named = {
  mode: 'device',
  host: parseGithubHost('github.com'),
  options: { 'oauth-client-id': ['Iv23liX'] },
  profile: 'default',
};
const GITLAB: Named = {
  mode: 'oauth',
  host: undefined,
  options: { issuer: ['https://gitlab.com'], 'oauth-client-id': ['abc'], 'oauth-scopes': ['api'] },
  profile: 'default',
};
const WORK: Profile = {
  auth: 'device',
  host: 'github.com',
  options: { ...GITHUB.options, 'oauth-scopes': [''] },
};

function known(
  argv: readonly string[] = [],
  all: Readonly<Record<string, Profile>> = {},
  env: NodeJS.ProcessEnv = {},
) {
  const line = readCommandLine(['status', ...argv], env);
  const profiles: Profiles = { file: '', all: new Map(Object.entries(all)), damaged: undefined };
  return { line, profiles, env };
}

const withScopes = (text: string) => ({ ...GITHUB.options, 'oauth-scopes': [text] });

test.each<readonly [Named, Readonly<Record<string, Profile>>, string]>([
  [GITHUB, {}, 'gh-mcp-proxy login --oauth-client-id Iv23liX'],
  [{ ...GITHUB, options: {} }, {}, 'gh-mcp-proxy login --oauth-client-id CLIENT_ID'],
  [{ ...GITHUB, options: {} }, { default: WORK }, 'gh-mcp-proxy login'],
  [
    { ...GITHUB, profile: 'work', options: withScopes('repo read:org') },
    {},
    'gh-mcp-proxy login --profile work --oauth-client-id Iv23liX --oauth-scopes repo,read:org',
  ],
  [
    { ...GITHUB, host: parseGithubHost('git.example.com:8443') },
    {},
    'gh-mcp-proxy login --gh-host git.example.com:8443 --oauth-client-id Iv23liX',
  ],
  [
    { ...GITHUB, host: parseGithubHost('http://127.0.0.1:80') },
    {},
    'gh-mcp-proxy login --gh-host http://127.0.0.1 --oauth-client-id Iv23liX',
  ],
  [GITHUB, { default: WORK }, 'gh-mcp-proxy login'],
  [
    GITHUB,
    { default: { ...WORK, options: { ...WORK.options, 'oauth-client-id': ['Iv23liOTHER'] } } },
    'gh-mcp-proxy login --oauth-client-id Iv23liX',
  ],
  [
    { ...GITHUB, profile: 'work', options: withScopes('gist') },
    { work: { ...WORK, options: withScopes('repo') } },
    'gh-mcp-proxy login --profile work --oauth-scopes gist',
  ],
  [{ ...GITHUB, mode: 'browser' }, {}, 'gh-mcp-proxy login --auth browser --oauth-client-id Iv23liX'],
  [GITLAB, {}, 'gh-mcp-proxy login --issuer https://gitlab.com --oauth-client-id abc --oauth-scopes api'],
  [GITLAB, { default: { auth: 'oauth', options: GITLAB.options } }, 'gh-mcp-proxy login'],
  [
    { ...GITLAB, profile: 'work' },
    { work: WORK },
    'gh-mcp-proxy login --profile work --issuer https://gitlab.com --oauth-client-id abc --oauth-scopes api',
  ],
])('a login says what its profile does not: %#', (which, profiles, command) => {
  expect(loginCommand(which, known([], profiles))).toBe(command);
});

test('a logout says all that there is to say, so that it means this login and no other', () => {
  const which = { ...GITHUB, profile: 'work', options: withScopes('repo') };
  const command = 'gh-mcp-proxy logout --profile work --oauth-client-id Iv23liX --oauth-scopes repo';
  expect(exactCommand('logout', which, known())).toBe(command);
});

test.each<readonly [string, Readonly<Record<string, Profile>>, NodeJS.ProcessEnv]>([
  ['a client secret would make it the browser flow', {}, { GITHUB_OAUTH_CLIENT_SECRET: 'x' }],
  ['a variable chooses another one', {}, { GH_MCP_PROXY_AUTH: 'browser' }],
  ['the profile of that name is for another one', { work: { ...WORK, auth: 'browser' } }, {}],
])('the mode is said where the same words would choose another one: %s', (_why, profiles, env) => {
  expect(exactCommand('logout', { ...GITHUB, profile: 'work' }, known([], profiles, env))).toBe(
    'gh-mcp-proxy logout --profile work --auth device --oauth-client-id Iv23liX',
  );
});

test('what may hold a secret is not printed back', () => {
  const which: Named = {
    ...GITLAB,
    mode: 'exchange',
    options: {
      'exchange-issuer': ['https://broker.example'],
      'exchange-param': ['key=hidden-one'],
      'subject-token-command': ['curl -H hidden-two'],
    },
  };
  const command = loginCommand(which, known());
  expect(command).toContain('--exchange-issuer https://broker.example');
  expect(command).toContain('--subject-token-command COMMAND');
  expect(command).not.toContain('hidden');
});

test('a state directory that was named is named again, in words that a shell reads as one', () => {
  const command = loginCommand(GITHUB, known(['--state-dir', "/it's a/dir$HOME"]));
  const words = execFileSync('/bin/sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' });
  expect(words.split('\n')).toEqual([
    'gh-mcp-proxy',
    'login',
    '--oauth-client-id',
    'Iv23liX',
    '--state-dir',
    "/it's a/dir$HOME",
    '',
  ]);
});

test('what a model is told to call, a person is told to run', () => {
  expect(inShell('Call auth_login again for a new code.', 'LOGIN')).toBe('Run LOGIN again for a new code.');
  expect(inShell('Tick it and save. Then call auth_login again.', 'LOGIN')).toBe(
    'Tick it and save. Then run LOGIN again.',
  );
});

test.each([
  'ghu_0123456789abcdefghijABCDEFGHIJ012345',
  'ghr_0123456789abcdefghij',
  'github_pat_11ABCDEFG0123456789_abcdefghij',
  'ghs_12345_eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln-bmF0dXJl',
  'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0.c2ln-bmF0dXJl',
  'glpat-0123456789abcdefghij',
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA+/=\n-----END RSA PRIVATE KEY-----',
])('%s is not printed, whatever stands around it', (token) => {
  expect(maskTokens(`at f (token=${token}): "${token}"`)).toBe('at f (token=[redacted]): "[redacted]"');
});

test('ordinary words stay', () => {
  const text = 'ghost_writer github_patience ghp_short and Iv23liABCDEFGHIJKLMN';
  expect(maskTokens(text)).toBe(text);
});
