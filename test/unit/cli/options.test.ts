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
  'rotation',
  'auth-failure-pattern',
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
    GH_MCP_PROXY_ROTATION: 'overlapping',
    GH_MCP_PROXY_AUTH_FAILURE_PATTERN: '401, or so',
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
    rotation: 'overlapping',
    authFailurePatterns: [/401, or so/],
    logLevel: 'debug',
  });
});

test('a flag wins over its variable, and of several flags the last counts', () => {
  const env = { GH_MCP_PROXY_STORE: 'file', GH_MCP_PROXY_TOKEN_ENV: 'FROM_ENV' };
  const flags = ['--store', 'file', '--store=memory', '--token-env', 'A', '--token-env', 'B'];
  expect(settings(flags, env)).toMatchObject({ store: 'memory', tokenEnv: ['A', 'B'] });
});

test('which kind of credential it is can be said; else its source says so', () => {
  expect(settings([]).rotation).toBeUndefined();
  expect(settings(['--rotation', 'exclusive']).rotation).toBe('exclusive');
  expect(() => settings(['--rotation', 'both'])).toThrow('--rotation is "both"');
  expect(() => settings([], { GH_MCP_PROXY_ROTATION: 'both' })).toThrow('GH_MCP_PROXY_ROTATION is "both"');
});

test('patterns of failures are taken as they are written, each by itself', () => {
  const flags = [
    '--auth-failure-pattern',
    '401 Unauthorized',
    '--auth-failure-pattern=token (expired|revoked)',
  ];
  const env = { GH_MCP_PROXY_AUTH_FAILURE_PATTERN: 'from the environment' };
  expect(settings(flags, env).authFailurePatterns).toEqual([/401 Unauthorized/, /token (expired|revoked)/]);
  expect(settings([]).authFailurePatterns).toEqual([]);
});

test('a pattern that is wrong is named by its flag or its variable', () => {
  expect(() => settings(['--auth-failure-pattern', '('])).toThrow(
    '--auth-failure-pattern "(" is not a regular expression: Unterminated group',
  );
  expect(() => settings(['--auth-failure-pattern', ''])).toThrow(
    '--auth-failure-pattern "" matches the empty text',
  );
  expect(() => settings([], { GH_MCP_PROXY_AUTH_FAILURE_PATTERN: 'a*' })).toThrow(
    'GH_MCP_PROXY_AUTH_FAILURE_PATTERN "a*" matches the empty text',
  );
});

test('a message with a token in it, given as a pattern, is refused without being printed', () => {
  const token = 'ghu_0123456789abcdefghijABCDEFGHIJ012345';
  const given = () => settings(['--auth-failure-pattern', `token ${token} was refused (`]);
  expect(given).toThrow('--auth-failure-pattern was given what looks like a token');
  expect(given).not.toThrow(token);
});

test('a variable that is set to nothing counts as not set', () => {
  const env = {
    GITHUB_HOST: '',
    GITHUB_OAUTH_CLIENT_ID: '',
    GH_MCP_PROXY_STATE_DIR: '',
    GH_MCP_PROXY_ROTATION: '',
    GH_MCP_PROXY_AUTH_FAILURE_PATTERN: '',
    XDG_STATE_HOME: '/xdg',
  };
  const { host, ...others } = settings([], env);
  const { hostGiven, clientId, tokenEnv, stateDir, rotation, authFailurePatterns } = others;
  expect({
    host: host.label,
    hostGiven,
    clientId,
    tokenEnv,
    stateDir,
    rotation,
    authFailurePatterns,
  }).toEqual({
    host: 'github.com',
    hostGiven: false,
    clientId: undefined,
    tokenEnv: ['GITHUB_PERSONAL_ACCESS_TOKEN'],
    stateDir: '/xdg/gh-mcp-proxy',
    rotation: undefined,
    authFailurePatterns: [],
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
