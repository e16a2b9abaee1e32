// The command line by itself: what wins over what, and that the help tells of everything there is.
// Not for: the messages of wrong ones (integration/bad-input.test.ts).
import { expect, test } from 'vitest';
import { helpText, readCommandLine } from '../../../src/cli/options.ts';
import { readSettings } from '../../../src/cli/settings.ts';

const COMMAND = ['--', 'server'];
const settings = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  readSettings(readCommandLine([...args, ...COMMAND], env), env);

/** The options that take a value, and those that do not. */
const VALUES = [
  'oauth-client-id',
  'oauth-scopes',
  'gh-host',
  'token-env',
  'store',
  'state-dir',
  'before-login',
  'open-browser',
  'drain-timeout',
  'log-level',
];
const SWITCHES = ['help', 'version'];

test('the help tells of these options and of no others', () => {
  const told = [...helpText('0').matchAll(/^  (?:-\w, )?--([a-z-]+)/gm)].map(([, name]) => name);
  expect(new Set(told)).toEqual(new Set([...VALUES, ...SWITCHES]));
});

test.each(VALUES)('--%s takes a value', (name) => {
  expect(() => readCommandLine([`--${name}`], {})).toThrow(`--${name} needs a value`);
  expect(readCommandLine([`--${name}`, 'x', ...COMMAND], {}).command).toEqual(['server']);
});

test.each(SWITCHES)('--%s takes none', (name) => {
  expect(readCommandLine([`--${name}`], {})).toHaveProperty(name, true);
});

test('every variable that the help names is read', () => {
  const env: Record<string, string> = {
    GITHUB_OAUTH_CLIENT_ID: 'Iv23liX',
    GITHUB_OAUTH_SCOPES: 'repo, read:org',
    GITHUB_HOST: 'octo.ghe.com',
    GH_MCP_PROXY_TOKEN_ENV: 'A,B A',
    GH_MCP_PROXY_STORE: 'file',
    GH_MCP_PROXY_STATE_DIR: '/state',
    GH_MCP_PROXY_BEFORE_LOGIN: 'auth-only',
    GH_MCP_PROXY_OPEN_BROWSER: 'never',
    GH_MCP_PROXY_DRAIN_TIMEOUT: '1.5',
    GH_MCP_PROXY_LOG_LEVEL: 'debug',
  };
  for (const name of Object.keys(env)) expect(helpText('0')).toContain(name);
  expect(settings([], env)).toMatchObject({
    clientId: 'Iv23liX',
    scopes: ['repo', 'read:org'],
    host: { label: 'octo.ghe.com' },
    hostGiven: true,
    tokenEnv: ['A', 'B'],
    store: 'file',
    stateDir: '/state',
    beforeLogin: 'auth-only',
    openBrowser: 'never',
    drainTimeout: 1500,
    logLevel: 'debug',
  });
});

test('a flag wins over its variable, and of several flags the last counts', () => {
  const env = { GH_MCP_PROXY_STORE: 'file', GH_MCP_PROXY_TOKEN_ENV: 'FROM_ENV' };
  const flags = ['--store', 'file', '--store=memory', '--token-env', 'A', '--token-env', 'B'];
  expect(settings(flags, env)).toMatchObject({ store: 'memory', tokenEnv: ['A', 'B'] });
});

test('a variable that is set to nothing counts as not set', () => {
  const env = {
    GITHUB_HOST: '',
    GITHUB_OAUTH_CLIENT_ID: '',
    GH_MCP_PROXY_STATE_DIR: '',
    XDG_STATE_HOME: '/xdg',
  };
  const { host, hostGiven, clientId, tokenEnv, stateDir } = settings([], env);
  expect({ host: host.label, hostGiven, clientId, tokenEnv, stateDir }).toEqual({
    host: 'github.com',
    hostGiven: false,
    clientId: undefined,
    tokenEnv: ['GITHUB_PERSONAL_ACCESS_TOKEN'],
    stateDir: '/xdg/gh-mcp-proxy',
  });
});

test('the same host given twice is no conflict, however it is written', () => {
  const env = { GITHUB_HOST: 'https://git.example.com/' };
  expect(settings(['--gh-host', 'git.example.com'], env).host.label).toBe('git.example.com');
});

test('what stands after the first "--" is the command, whatever it looks like', () => {
  const { command } = readCommandLine(['--', '--help', '--', '-x', 'a b', ''], {});
  expect(command).toEqual(['--help', '--', '-x', 'a b', '']);
});
