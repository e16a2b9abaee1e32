// The commands that messages tell people to run: they must work when they are pasted.
// Not for: the messages around them (integration/commands-*.test.ts).
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { maskTokens } from '../../../src/cli/mask.ts';
import { readCommandLine } from '../../../src/cli/options.ts';
import type { Profile, Profiles } from '../../../src/cli/profiles.ts';
import { exactCommand, inShell, loginCommand } from '../../../src/cli/shell.ts';
import type { Which } from '../../../src/cli/shell.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';

const GITHUB: Which = {
  host: parseGithubHost('github.com'),
  clientId: 'Iv23liX',
  scopes: [],
  profile: 'default',
};

function known(argv: readonly string[] = [], all: Readonly<Record<string, Profile>> = {}) {
  const line = readCommandLine(['status', ...argv], {});
  const profiles: Profiles = { file: '', all: new Map(Object.entries(all)), damaged: undefined };
  return { line, profiles };
}

test.each([
  [GITHUB, {}, 'gh-mcp-proxy login --oauth-client-id Iv23liX'],
  [{ ...GITHUB, clientId: undefined }, {}, 'gh-mcp-proxy login --oauth-client-id CLIENT_ID'],
  [
    { ...GITHUB, profile: 'work', scopes: ['repo', 'read:org'] },
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
  [GITHUB, { default: { host: 'github.com', clientId: 'Iv23liX', scopes: [] } }, 'gh-mcp-proxy login'],
  [
    GITHUB,
    { default: { host: 'github.com', clientId: 'Iv23liOTHER', scopes: [] } },
    'gh-mcp-proxy login --oauth-client-id Iv23liX',
  ],
  [
    { ...GITHUB, profile: 'work', scopes: ['gist'] },
    { work: { host: 'github.com', clientId: 'Iv23liX', scopes: ['repo'] } },
    'gh-mcp-proxy login --profile work --oauth-scopes gist',
  ],
] as const)('a login says what its profile does not: %#', (which, profiles, command) => {
  expect(loginCommand(which, known([], profiles))).toBe(command);
});

test('a logout says all that there is to say, so that it means this login and no other', () => {
  expect(exactCommand('logout', { ...GITHUB, profile: 'work', scopes: ['repo'] }, known())).toBe(
    'gh-mcp-proxy logout --profile work --oauth-client-id Iv23liX --oauth-scopes repo',
  );
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
])('%s is not printed, whatever stands around it', (token) => {
  expect(maskTokens(`at f (token=${token}): "${token}"`)).toBe('at f (token=[redacted]): "[redacted]"');
});

test('ordinary words stay', () => {
  const text = 'ghost_writer github_patience ghp_short and Iv23liABCDEFGHIJKLMN';
  expect(maskTokens(text)).toBe(text);
});
