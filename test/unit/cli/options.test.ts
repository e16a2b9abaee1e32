// The command line by itself: what wins over what, and that the help tells of everything there is.
// Not for: the messages of wrong ones (integration/bad-input.test.ts).
import { expect, test } from 'vitest';
import { MODE_OPTIONS } from '../../../src/cli/auth-modes.ts';
import { commandHelp, helpText } from '../../../src/cli/help.ts';
import { VALUE_OPTIONS } from '../../../src/cli/option-names.ts';
import { readCommandLine } from '../../../src/cli/options.ts';
import { readSettings } from '../../../src/cli/settings.ts';
import { COMMANDS, RUN } from '../../../src/cli/verbs.ts';

const COMMAND = ['--', 'server'];
const settings = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  readSettings(readCommandLine([...args, ...COMMAND], env), env);

/** The options of `run` that take a value, and those that do not. */
const VALUES = [
  'auth',
  ...new Set(Object.values(MODE_OPTIONS).flat()),
  'gh-host',
  'profile',
  'token-env',
  'store',
  'passphrase-file',
  'passphrase-fd',
  'state-dir',
  'before-login',
  'open-browser',
  'drain-timeout',
  'rotation',
  'auth-failure-pattern',
  'log-level',
  'log-file',
];
const SWITCHES = ['help', 'version', 'auth-tools'];

const help = helpText('0', RUN.options);
const toldIn = (text: string) =>
  new Set([...text.matchAll(/^  (?:-\w, )?--([a-z-]+)/gm)].map(([, name]) => name));

test('the help tells of these options and of no others', () => {
  expect(toldIn(help)).toEqual(new Set([...VALUES, ...SWITCHES]));
});

test.each(COMMANDS)('the help of $name tells of its options and of no others', ({ name, options }) => {
  if (name === 'run') throw new Error('run is no command');
  const text = commandHelp(name, options);
  expect(toldIn(text)).toEqual(new Set([...options, 'help']));
  expect(text).toContain(`Usage: gh-mcp-proxy ${name} [options]`);
  expect(help).toMatch(new RegExp(`^  ${name} +\\w`, 'm'));
});

test('no line of any help is longer than a terminal of 120 columns', () => {
  const texts = [
    help,
    ...COMMANDS.map(({ name, options }) => (name === 'run' ? '' : commandHelp(name, options))),
  ];
  const long = texts.flatMap((text) => text.split('\n')).filter((line) => line.length > 120);
  expect(long).toEqual([]);
});

test.each(VALUES)('--%s takes a value', (name) => {
  expect(() => readCommandLine([`--${name}`], {})).toThrow(`--${name} needs a value`);
  expect(readCommandLine([`--${name}`, 'x', ...COMMAND], {}).command).toEqual(['server']);
});

test.each(SWITCHES)('--%s takes none', (name) => {
  expect(() => readCommandLine([`--${name}=yes`, ...COMMAND], {})).toThrow(`--${name}`);
});

test('switches are off until somebody switches them on', async () => {
  expect(readCommandLine(COMMAND, {})).toMatchObject({ help: false, version: false });
  expect(readCommandLine(['-h'], {}).help).toBe(true);
  expect(readCommandLine(['-v'], {}).version).toBe(true);
  const authTools = async (text: string) => (await settings([], { GH_MCP_PROXY_AUTH_TOOLS: text })).authTools;
  const all = (...texts: string[]) => Promise.all(texts.map(authTools));
  expect(await all('', '0', 'false', 'no', 'OFF')).toEqual([false, false, false, false, false]);
  expect(await all('1', 'true', 'Yes', 'on')).toEqual([true, true, true, true]);
  expect((await settings(['--auth-tools'], { GH_MCP_PROXY_AUTH_TOOLS: '0' })).authTools).toBe(true);
  await expect(authTools('maybe')).rejects.toThrow('GH_MCP_PROXY_AUTH_TOOLS is "maybe"');
});

test('every variable that the help names is read', async () => {
  const env: Record<string, string> = {
    GITHUB_OAUTH_CLIENT_ID: 'Iv23liX',
    GITHUB_OAUTH_SCOPES: 'repo, read:org',
    GITHUB_HOST: 'octo.ghe.com',
    GH_MCP_PROXY_PROFILE: 'work',
    GH_MCP_PROXY_TOKEN_ENV: 'A,B A',
    GH_MCP_PROXY_STORE: 'file',
    GH_MCP_PROXY_PASSPHRASE_FILE: '/pass',
    GH_MCP_PROXY_AUTH_TOOLS: '1',
    GH_MCP_PROXY_STATE_DIR: '/state',
    GH_MCP_PROXY_BEFORE_LOGIN: 'auth-only',
    GH_MCP_PROXY_OPEN_BROWSER: 'never',
    GH_MCP_PROXY_DRAIN_TIMEOUT: '1.5',
    GH_MCP_PROXY_ROTATION: 'overlapping',
    GH_MCP_PROXY_AUTH_FAILURE_PATTERN: '401, or so',
    GH_MCP_PROXY_LOG_LEVEL: 'debug',
    GH_MCP_PROXY_LOG_FILE: '/log',
  };
  for (const name of Object.keys(env)) expect(help).toContain(name);
  expect(await settings([], env)).toMatchObject({
    auth: { mode: 'device', clientId: 'Iv23liX', scopes: ['repo', 'read:org'] },
    host: { label: 'octo.ghe.com' },
    hostGiven: true,
    profile: 'work',
    tokenEnv: ['A', 'B'],
    store: 'file',
    passphrase: { kind: 'file', path: '/pass' },
    authTools: true,
    stateDir: '/state',
    beforeLogin: 'auth-only',
    openBrowser: 'never',
    drainTimeout: 1500,
    rotation: 'overlapping',
    authFailurePatterns: [/401, or so/],
    logLevel: 'debug',
    logFile: '/log',
  });
  // Those of one command alone have none. Of a broker's the help says how they are made.
  const known = [
    ...[help, ...COMMANDS.map(({ name, options }) => (name === 'run' ? '' : commandHelp(name, options)))]
      .join('\n')
      .matchAll(/\b(?:GH_MCP_PROXY|GITHUB)_[A-Z_]+\b/g),
  ].map(([name]) => name);
  const secrets = [
    'GITHUB_APP_PRIVATE_KEY',
    'GITHUB_OAUTH_CLIENT_SECRET',
    'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET',
  ];
  const ofModes = Object.values(MODE_OPTIONS).flat();
  const told = ofModes
    .filter((name) => !/^(?:exchange|subject)-/.test(name))
    .map((name) => VALUE_OPTIONS[name]);
  const others = ['GITHUB_PERSONAL_ACCESS_TOKEN', 'GH_MCP_PROXY_AUTH', ...secrets, ...told];
  expect(new Set(known)).toEqual(new Set([...Object.keys(env), ...others]));
});

test('the variable of an option of a broker is GH_MCP_PROXY_ and its name in capitals', () => {
  const names = MODE_OPTIONS.exchange.filter((name) => /^(?:exchange|subject)-/.test(name));
  expect(names.length).toBeGreaterThan(10);
  for (const name of names)
    expect(VALUE_OPTIONS[name]).toBe(`GH_MCP_PROXY_${name.toUpperCase().replaceAll('-', '_')}`);
});

test('a flag wins over its variable, and of several flags the last counts', async () => {
  const env = { GH_MCP_PROXY_STORE: 'file', GH_MCP_PROXY_TOKEN_ENV: 'FROM_ENV' };
  const flags = ['--store', 'file', '--store=memory', '--token-env', 'A', '--token-env', 'B'];
  expect(await settings(flags, env)).toMatchObject({ store: 'memory', tokenEnv: ['A', 'B'] });
});

test('which kind of credential it is can be said; else its source says so', async () => {
  expect((await settings([])).rotation).toBeUndefined();
  expect((await settings(['--rotation', 'exclusive'])).rotation).toBe('exclusive');
  await expect(settings(['--rotation', 'both'])).rejects.toThrow('--rotation is "both"');
  await expect(settings([], { GH_MCP_PROXY_ROTATION: 'both' })).rejects.toThrow(
    'GH_MCP_PROXY_ROTATION is "both"',
  );
});

test('patterns of failures are taken as they are written, each by itself', async () => {
  const flags = [
    '--auth-failure-pattern',
    '401 Unauthorized',
    '--auth-failure-pattern=token (expired|revoked)',
  ];
  const env = { GH_MCP_PROXY_AUTH_FAILURE_PATTERN: 'from the environment' };
  expect((await settings(flags, env)).authFailurePatterns).toEqual([
    /401 Unauthorized/,
    /token (expired|revoked)/,
  ]);
  expect((await settings([])).authFailurePatterns).toEqual([]);
});

test('a pattern that is wrong is named by its flag or its variable', async () => {
  await expect(settings(['--auth-failure-pattern', '('])).rejects.toThrow(
    '--auth-failure-pattern "(" is not a regular expression: Unterminated group',
  );
  await expect(settings(['--auth-failure-pattern', ''])).rejects.toThrow(
    '--auth-failure-pattern "" matches the empty text',
  );
  await expect(settings([], { GH_MCP_PROXY_AUTH_FAILURE_PATTERN: 'a*' })).rejects.toThrow(
    'GH_MCP_PROXY_AUTH_FAILURE_PATTERN "a*" matches the empty text',
  );
});

test('a message with a token in it, given as a pattern, is refused without being printed', async () => {
  const token = 'ghu_0123456789abcdefghijABCDEFGHIJ012345';
  const given = () => settings(['--auth-failure-pattern', `token ${token} was refused (`]);
  await expect(given()).rejects.toThrow('--auth-failure-pattern was given what looks like a token');
  await expect(given()).rejects.not.toThrow(token);
});

test('a variable that is set to nothing counts as not set', async () => {
  const env = {
    GITHUB_HOST: '',
    GITHUB_OAUTH_CLIENT_ID: '',
    GH_MCP_PROXY_STATE_DIR: '',
    GH_MCP_PROXY_ROTATION: '',
    GH_MCP_PROXY_AUTH_FAILURE_PATTERN: '',
    XDG_STATE_HOME: '/xdg',
  };
  const { host, ...others } = await settings([], env);
  const { hostGiven, auth, tokenEnv, stateDir, rotation, authFailurePatterns } = others;
  expect({
    host: host.label,
    hostGiven,
    auth,
    tokenEnv,
    stateDir,
    rotation,
    authFailurePatterns,
  }).toEqual({
    host: 'github.com',
    hostGiven: false,
    auth: expect.objectContaining({ mode: 'device', clientId: undefined }) as unknown,
    tokenEnv: ['GITHUB_PERSONAL_ACCESS_TOKEN'],
    stateDir: '/xdg/gh-mcp-proxy',
    rotation: undefined,
    authFailurePatterns: [],
  });
});

test('the same host given twice is no conflict, however it is written', async () => {
  const env = { GITHUB_HOST: 'https://git.example.com/' };
  expect((await settings(['--gh-host', 'git.example.com'], env)).host.label).toBe('git.example.com');
});

test('what stands after the first "--" is the command, whatever it looks like', () => {
  const { command } = readCommandLine(['--', '--help', '--', '-x', 'a b', ''], {});
  expect(command).toEqual(['--help', '--', '-x', 'a b', '']);
});

test.each([
  ['logni', 'login'],
  ['log-in', 'login'],
  ['logot', 'logout'],
  ['stauts', 'status'],
  ['tokens', 'token'],
  ['referesh', 'refresh'],
  ['audti', 'audit'],
])('%s is no command, and most likely %s was meant', (word, meant) => {
  const read = () => readCommandLine([word], {});
  expect(read).toThrow(`"${word}" is not a command of gh-mcp-proxy`);
  expect(read).toThrow(expect.objectContaining({ next: `Did you mean: gh-mcp-proxy ${meant}` }));
});

test.each(['npx', 'run', 'constructor', 'x'])('%s is near to nothing', (word) => {
  expect(() => readCommandLine([word], {})).toThrow(
    expect.objectContaining({
      exitCode: 2,
      next: expect.stringMatching(/login, logout, .*audit.*goes after "--"/) as string,
    }),
  );
});

test('a command may stand behind its options, and its own "--help" needs nothing else', () => {
  expect(readCommandLine(['--profile', 'work', 'token'], {}).verb.name).toBe('token');
  expect(readCommandLine(['audit', '-h'], {})).toMatchObject({ help: true, verb: { name: 'audit' } });
});

test.each([
  [['token', '--drain-timeout', '3'], '--drain-timeout is no option of gh-mcp-proxy token'],
  [['login', '--json'], '--json is no option of gh-mcp-proxy login'],
  [['audit', '--store', 'file'], '--store is no option of gh-mcp-proxy audit'],
  [['--json', '--', 'server'], '--json is an option of a command, and none is named'],
  [['-n', '3', '--', 'server'], '--limit is an option of a command'],
  [['status', 'work'], 'gh-mcp-proxy status takes options only, and "work" is none'],
  [['status', '--', 'server'], 'gh-mcp-proxy status starts no server'],
  [['audit', '-n'], '--limit needs a value'],
] as const)('%j is wrong usage', (argv, message) => {
  expect(() => readCommandLine(argv, {})).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(() => readCommandLine(argv, {})).toThrow(message);
});

test('a variable for `run` does not disturb a command that has no such option', async () => {
  const env = { GH_MCP_PROXY_DRAIN_TIMEOUT: 'nonsense', GH_MCP_PROXY_AUTH_TOOLS: 'nonsense' };
  const line = readCommandLine(['token'], env);
  expect(line.value('drain-timeout')).toBeUndefined();
  expect(await readSettings(line, env)).toMatchObject({ drainTimeout: 30_000, authTools: false });
});

test('a token behind a command is refused without being printed', () => {
  const token = 'ghu_0123456789abcdefghijABCDEFGHIJ012345';
  const given = () => readCommandLine(['login', token], {});
  expect(given).toThrow('the command line has what looks like a token');
  expect(given).not.toThrow(token);
});
