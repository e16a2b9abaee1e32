// Which way to a token is taken: every row of the rules (DESIGN 2.7, `auto`). Not for: what the options of a way mean
// (auth-settings.test.ts).
import { describe, expect, test } from 'vitest';
import { chooseMode, settingsOfOthers } from '../../../src/cli/auth-choice.ts';
import type { ModeChoice } from '../../../src/cli/auth-choice.ts';
import { LOGIN_MODES, MODE_OPTIONS, UNATTENDED_MODES } from '../../../src/cli/auth-modes.ts';
import type { AuthMode } from '../../../src/cli/auth-modes.ts';
import { readCommandLine } from '../../../src/cli/options.ts';

interface Given {
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The mode of the profile that counts. */
  readonly profile?: AuthMode;
  readonly named?: boolean;
}

function choice({ flags = [], env = {}, profile, named = false }: Given): ModeChoice {
  const line = readCommandLine([...flags, '--', 'server'], env);
  return chooseMode({
    value: line.value,
    env,
    profile: { name: named ? 'ci' : 'default', isNamed: named, mode: profile },
    tokenEnv: ['THE_TOKEN', 'ANOTHER'],
  });
}

/** Each option with the mode that it asks for, in the order in which they count. */
const TRIGGERS = [
  ['app-id', '1', 'GITHUB_APP_ID', 'github-app'],
  ['exchange-issuer', 'https://b', 'GH_MCP_PROXY_EXCHANGE_ISSUER', 'exchange'],
  ['exchange-token-endpoint', 'https://b/t', 'GH_MCP_PROXY_EXCHANGE_TOKEN_ENDPOINT', 'exchange'],
  ['issuer', 'https://i', 'GH_MCP_PROXY_ISSUER', 'oauth'],
  ['oauth-client-id', 'Iv23liX', 'GITHUB_OAUTH_CLIENT_ID', 'device'],
  ['token-command', 'print', 'GH_MCP_PROXY_TOKEN_COMMAND', 'command'],
] as const;

describe('auto', () => {
  test.each(TRIGGERS)('--%s %s, or %s, is %s', (option, text, variable, mode) => {
    expect(choice({ flags: [`--${option}`, text] })).toMatchObject({ mode, because: `--${option} is given` });
    expect(choice({ env: { [variable]: text } })).toMatchObject({ mode, because: `${variable} is set` });
  });

  test.each(TRIGGERS.slice(1).map((trigger, at) => [TRIGGERS[at] ?? trigger, trigger] as const))(
    'of %j and %j, both variables, the first counts',
    ([, text, variable, mode], [, otherText, otherVariable]) => {
      expect(choice({ env: { [otherVariable]: otherText, [variable]: text } }).mode).toBe(mode);
    },
  );

  test.each([
    [{ GITHUB_OAUTH_CLIENT_SECRET: 's' }, 'GITHUB_OAUTH_CLIENT_SECRET'],
    [{ GITHUB_OAUTH_CLIENT_SECRET_FILE: 'f' }, 'GITHUB_OAUTH_CLIENT_SECRET_FILE'],
    [{ GITHUB_OAUTH_CALLBACK_PORT: '8080' }, 'GITHUB_OAUTH_CALLBACK_PORT'],
  ])('a client id with %j is browser', (env, beside) => {
    const because = `together with ${beside}`;
    expect(choice({ flags: ['--oauth-client-id', 'Iv23liX'], env })).toMatchObject({
      mode: 'browser',
      because: `--oauth-client-id is given ${because}`,
    });
    expect(choice({ env: { ...env, GITHUB_OAUTH_CLIENT_ID: 'Iv23liX' } })).toMatchObject({
      mode: 'browser',
      because: `GITHUB_OAUTH_CLIENT_ID is set ${because}`,
    });
    // By itself it names no app to log in with.
    expect(choice({ env }).mode).toBe('device');
  });

  test('a client id beside an issuer belongs to it, whichever is the flag', () => {
    const env = { GH_MCP_PROXY_ISSUER: 'https://i' };
    expect(choice({ flags: ['--oauth-client-id', 'abcd'], env }).mode).toBe('oauth');
  });

  test('a flag goes before any variable', () => {
    const env = { GITHUB_APP_ID: '1', GH_MCP_PROXY_ISSUER: 'https://i' };
    expect(choice({ flags: ['--token-command', 'print'], env }).mode).toBe('command');
  });

  test('after everything else comes a token that is set, and at last the device flow', () => {
    expect(choice({ env: { ANOTHER: 't' } })).toEqual({
      mode: 'env',
      because: 'ANOTHER is set and nothing else is configured',
      isDeliberate: false,
    });
    expect(choice({ env: { ANOTHER: 't', THE_TOKEN: 't' } }).because).toMatch(/^THE_TOKEN is set/);
    expect(choice({ env: { THE_TOKEN: '' } })).toMatchObject({
      mode: 'device',
      because: 'nothing else is configured',
    });
    // A mistyped name must not become a login of somebody else.
    expect(choice({ env: { THE_TOKEN: 't' }, named: true }).mode).toBe('device');
  });

  test('gh is never taken unasked', () => {
    expect(choice({ flags: ['--gh-user', 'octocat'] }).mode).toBe('device');
  });
});

describe('a profile', () => {
  test('that is the default counts after variables, and before a token that is set', () => {
    expect(choice({ profile: 'gh', env: { THE_TOKEN: 't' } })).toEqual({
      mode: 'gh',
      because: 'the profile default says so',
      isDeliberate: false,
    });
    expect(choice({ profile: 'gh', env: { GITHUB_APP_ID: '1' } }).mode).toBe('github-app');
    expect(choice({ profile: 'oauth', flags: ['--oauth-client-id', 'Iv23liX'] }).mode).toBe('device');
  });

  test('that is named counts before variables', () => {
    const env = { GITHUB_APP_ID: '1', GH_MCP_PROXY_AUTH: 'command' };
    expect(choice({ profile: 'oauth', named: true, env })).toEqual({
      mode: 'oauth',
      because: 'the profile ci says so',
      isDeliberate: true,
    });
  });

  test('that is named takes flags of its own mode, and gives way to those of another', () => {
    const narrower = ['--app-repositories', 'one'];
    expect(choice({ profile: 'github-app', named: true, flags: narrower }).mode).toBe('github-app');
    const id = ['--oauth-client-id', 'Iv23liX'];
    expect(choice({ profile: 'browser', named: true, flags: id }).mode).toBe('browser');
    expect(choice({ profile: 'github-app', named: true, flags: id }).mode).toBe('device');
  });
});

describe('--auth', () => {
  const everything = { GITHUB_APP_ID: '1', GH_MCP_PROXY_AUTH: 'exchange', THE_TOKEN: 't' };

  test.each([...LOGIN_MODES, ...UNATTENDED_MODES])('%s is taken whatever else is configured', (mode) => {
    const flags = ['--auth', mode];
    expect(choice({ flags, env: everything, profile: 'command', named: true })).toEqual({
      mode,
      because: '--auth is given',
      isDeliberate: true,
    });
    expect(choice({ env: { ...everything, GH_MCP_PROXY_AUTH: mode } })).toMatchObject({
      mode,
      because: 'GH_MCP_PROXY_AUTH is set',
    });
  });

  test('by its variable says how a flag is meant that several modes have, but not that another mode was meant', () => {
    const env = { GH_MCP_PROXY_AUTH: 'browser' };
    expect(choice({ flags: ['--oauth-client-id', 'Iv23liX'], env }).mode).toBe('browser');
    expect(choice({ flags: ['--app-id', '1'], env }).mode).toBe('github-app');
  });

  test('auto is as if nothing were said, the variable included', () => {
    expect(choice({ flags: ['--auth', 'auto'], env: { GH_MCP_PROXY_AUTH: 'gh' } }).mode).toBe('device');
    expect(choice({ env: { GH_MCP_PROXY_AUTH: 'auto', GITHUB_APP_ID: '1' } }).mode).toBe('github-app');
  });

  test('anything else is wrong, with what there is', () => {
    expect(() => choice({ flags: ['--auth', 'Device'] })).toThrow('--auth is "Device"');
    expect(() => choice({ env: { GH_MCP_PROXY_AUTH: 'x' } })).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: 'GH_MCP_PROXY_AUTH is "x"',
        next: 'It takes one of: auto, device, browser, oauth, exchange, github-app, gh, command, env.',
      }),
    );
  });
});

const others = (mode: AuthMode, flags: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  settingsOfOthers({ mode, because: 'so' }, readCommandLine([...flags, '--', 'server'], env).value);

describe('settings of another mode', () => {
  test.each(Object.entries(MODE_OPTIONS))('%s takes its own options', (mode, options) => {
    const flags = options.flatMap((option) => [`--${option}`, 'x']);
    expect(others(mode as AuthMode, flags)).toEqual([]);
  });

  test('given by a flag are an error that names both', () => {
    expect(() => others('device', ['--gh-user', 'octocat'])).toThrow(
      expect.objectContaining({
        exitCode: 2,
        message: '--gh-user is a setting of --auth gh, but the mode is device, because so',
        next: 'Leave --gh-user out, or say --auth gh.',
      }),
    );
    expect(() => others('gh', ['--oauth-client-id', 'x'])).toThrow(
      '--oauth-client-id is a setting of --auth device or browser or oauth, but the mode is gh',
    );
  });

  test('given by a variable are left alone, and told', () => {
    const env = { GITHUB_APP_ID: '1', GH_MCP_PROXY_ISSUER: 'https://i', GITHUB_OAUTH_SCOPES: 'repo' };
    expect(others('device', [], env)).toEqual(['GH_MCP_PROXY_ISSUER', 'GITHUB_APP_ID']);
  });
});
