// Wrong command lines and settings: each has its message, the next step and exit code 2, before anything is started
// or written. Help and version go to stdout. Not for: commands that do not work (bad-commands.test.ts).
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startProxy } from '../support/proxy.ts';
import { tempDir } from '../support/temp.ts';

const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

interface Case {
  readonly name: string;
  readonly args?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What stderr has to say. */
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  { name: 'an unknown option', args: ['--nonsense'], says: /unknown option '--nonsense'.*\n.*--help/i },
  {
    name: 'an option without its value at the end',
    args: ['--gh-host'],
    says: /--gh-host needs a value\n.*--help/,
  },
  {
    name: 'an option without its value before another',
    args: ['--store', '--log-level', 'warn'],
    says: /--store needs a value\n.*--help/,
  },
  { name: 'a value for a switch', args: ['--help=yes'], says: /--help/ },
  { name: 'an empty state directory', args: ['--state-dir', ''], says: /--state-dir.*empty/ },
  { name: 'a stray word', args: ['npx'], says: /"npx" is not a command.*\n.*after "--"/ },
  {
    name: 'no client id at all',
    args: ['--oauth-client-id', ''],
    says: /--oauth-client-id is not a client id/,
  },
  {
    name: 'a client id with spaces',
    args: ['--oauth-client-id', 'my app'],
    says: /--oauth-client-id is not a client id.*\n.*Client ID/,
  },
  {
    name: 'a client id from the environment',
    env: { GITHUB_OAUTH_CLIENT_ID: '!' },
    says: /GITHUB_OAUTH_CLIENT_ID is not a client id/,
  },
  {
    name: 'a wrong store',
    args: ['--store', 'cloud'],
    says: /--store is "cloud"\n.*auto, keychain, file, memory/,
  },
  {
    name: 'a wrong store in the environment',
    env: { GH_MCP_PROXY_STORE: 'cloud' },
    says: /GH_MCP_PROXY_STORE is "cloud"/,
  },
  {
    name: 'a wrong log level',
    args: ['--log-level', 'loud'],
    says: /--log-level is "loud"\n.*silent, error, warn, info, debug/,
  },
  {
    name: 'a wrong mode before login',
    args: ['--before-login', 'x'],
    says: /--before-login is "x"\n.*placeholder, auth-only/,
  },
  {
    name: 'a wrong mode for the browser',
    args: ['--open-browser', 'yes'],
    says: /--open-browser is "yes"\n.*auto, always, never/,
  },
  {
    name: 'a time that is none',
    args: ['--drain-timeout', 'soon'],
    says: /--drain-timeout is "soon"\n.*seconds/,
  },
  { name: 'a negative time', args: ['--drain-timeout=-1'], says: /--drain-timeout is "-1"/ },
  {
    name: 'a host with a scheme that is none',
    args: ['--gh-host', 'ftp://github.com'],
    says: /ftp:\/\/ is no way.*\n.*github\.com/,
  },
  {
    name: 'http to a host that is not this machine',
    args: ['--gh-host', 'http://git.example.com'],
    says: /https is needed/,
  },
  {
    name: 'a host with a path',
    args: ['--gh-host', 'https://git.example.com/api/v3'],
    says: /without a path/,
  },
  { name: 'a host that is none', args: ['--gh-host', 'git hub'], says: /no host name/ },
  { name: 'an empty host', args: ['--gh-host', ''], says: /is empty/ },
  {
    name: 'a bad host in the environment',
    env: { GITHUB_HOST: 'http://git.example.com' },
    says: /GITHUB_HOST.*https is needed/,
  },
  {
    name: 'two different hosts',
    args: ['--gh-host', 'octo.ghe.com'],
    env: { GITHUB_HOST: 'https://git.example.com' },
    says: /octo\.ghe\.com, but GITHUB_HOST is .*git\.example\.com.*\n.*Remove one/,
  },
  { name: 'a name with a value', args: ['--token-env', 'X=1'], says: /without "=" and a value/ },
  {
    name: 'the name of something else',
    args: ['--token-env', 'PATH'],
    says: /--token-env PATH would put the token/,
  },
  {
    name: 'docker without -i',
    command: ['docker', 'run', '--rm', 'image'],
    says: /no -i .*\n.*docker run -i --rm/,
  },
  { name: 'docker with -t', command: ['docker', 'run', '-it', 'image'], says: /has -t .*\n.*Remove -t/ },
  { name: 'podman in the background', command: ['podman', 'run', '-di', 'image'], says: /has -d / },
  {
    name: 'a token in the arguments of docker',
    command: ['docker', 'run', '-i', '-e', `GITHUB_PERSONAL_ACCESS_TOKEN=${TOKEN}`, 'image'],
    says: /literal value.*\n.*revoke/,
  },
  {
    name: 'a token in the place of a name',
    args: ['--token-env', TOKEN],
    says: /looks like a token.*\n.*revoke/,
  },
  { name: 'a token as a stray word', args: [TOKEN], says: /looks like a token.*\n.*revoke/ },
  {
    name: 'a token as a stray word with a name',
    args: [`GITHUB_TOKEN=${TOKEN}`],
    says: /looks like a token.*\n.*revoke/,
  },
  {
    name: 'a token as the value of an option',
    args: ['--log-level', TOKEN],
    says: /--log-level was given what looks like a token.*\n.*revoke/,
  },
  {
    name: 'a token as the host',
    args: ['--gh-host', TOKEN],
    says: /--gh-host was given what looks like a token.*\n.*revoke/,
  },
  {
    name: 'a token as a setting in the environment',
    env: { GH_MCP_PROXY_STORE: TOKEN },
    says: /GH_MCP_PROXY_STORE was given what looks like a token.*\n.*revoke/,
  },
  { name: 'a token in an unknown option', args: [`--token=${TOKEN}`], says: /unknown option '--token'/i },
  { name: 'a token as the client id', args: ['--oauth-client-id', TOKEN], says: /--oauth-client-id.*token/ },
];

/** Runs it to its end and gives everything there is of it. */
async function run({ args = [], command = ['never-started'], env = {} }: Partial<Case>) {
  const home = tempDir();
  const client = startProxy({ args, command, env: { HOME: home, XDG_STATE_HOME: home, ...env }, cwd: home });
  const { code } = await client.closed;
  return {
    code,
    stdout: client.stdoutBytes().toString(),
    stderr: client.stderrText(),
    files: readdirSync(home),
  };
}

test.each(CASES)('$name', async ({ says, ...given }) => {
  const { code, stdout, stderr, files } = await run(given);
  expect(stderr).toMatch(says);
  expect(stderr).toMatch(/^gh-mcp-proxy: [^\n]+\n[^\n]+\n$/);
  expect(stderr).not.toContain(TOKEN);
  expect({ code, stdout, files }).toEqual({ code: 2, stdout: '', files: [] });
});

test.each([
  ['no "--"', ['--store', 'memory']],
  ['nothing after "--"', ['--store', 'memory', '--']],
  ['nothing at all', []],
])('%s', async (_, args) => {
  const client = startProxy({ args });
  expect((await client.closed).code).toBe(2);
  expect(client.stderrText()).toMatch(
    /^gh-mcp-proxy: no server to run: .*\nUsage: gh-mcp-proxy \[options\] -- COMMAND/,
  );
  expect(client.stdoutBytes().toString()).toBe('');
});

test.each([[['--help']], [['-h']], [['--help', '--', 'never-started']]])(
  '%s: help on stdout, exit code 0',
  async (args) => {
    const client = startProxy({ args });
    expect((await client.closed).code).toBe(0);
    expect(client.stdoutBytes().toString()).toMatch(/^gh-mcp-proxy \d+\.\d+\.\d+\n[^]*Usage: [^]*\n$/);
    expect(client.stderrText()).toBe('');
  },
);

test.each(['--version', '-v'])('%s: the version on stdout, exit code 0', async (flag) => {
  const client = startProxy({ args: [flag] });
  expect((await client.closed).code).toBe(0);
  expect(client.stdoutBytes().toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(client.stderrText()).toBe('');
});
