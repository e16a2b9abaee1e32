import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/base/errors.ts';
import { childEnvironment, validateTokenEnvName } from '../../../src/upstream/environment.ts';

const PAT = 'GITHUB_PERSONAL_ACCESS_TOKEN';
const base = { tokenEnv: [PAT], token: 'ghu_live', platform: 'linux' } as const;

describe('childEnvironment', () => {
  it('keeps what is not ours, the network proxy and npm among it', () => {
    const parent = {
      PATH: '/bin',
      HTTPS_PROXY: 'http://127.0.0.1:3128',
      NODE_AUTH_TOKEN: 'ghp_for_npx',
      npm_config_registry: 'x',
      GITHUB_TOOLSETS: 'all',
      GITHUB_ACTIONS: 'true',
      EMPTY: '',
    };
    expect(childEnvironment({ ...base, parent })).toEqual({ ...parent, [PAT]: 'ghu_live' });
  });

  it('removes every setting and secret of the proxy', () => {
    const parent = {
      GITHUB_APP_ID: '1',
      GITHUB_APP_PRIVATE_KEY: 'pem',
      GITHUB_OAUTH_CLIENT_ID: 'Iv23',
      GITHUB_OAUTH_CLIENT_SECRET: 's',
      GH_MCP_PROXY_STATE_DIR: '/x',
      GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET: 's',
      BROKER_SECRET: 's',
    };
    expect(childEnvironment({ ...base, parent, ownNames: ['BROKER_SECRET'] })).toEqual({ [PAT]: 'ghu_live' });
  });

  it('leaves no other GitHub token beside the one it gives', () => {
    const parent = {
      GITHUB_TOKEN: 'a',
      GH_TOKEN: 'b',
      GITHUB_PERSONAL_ACCESS_TOKEN: 'c',
      GH_ENTERPRISE_TOKEN: 'd',
      GITHUB_ENTERPRISE_TOKEN: 'e',
    };
    expect(childEnvironment({ ...base, parent })).toEqual({ [PAT]: 'ghu_live' });
    expect(childEnvironment({ ...base, parent, tokenEnv: ['MY_TOKEN'] })).toEqual({ MY_TOKEN: 'ghu_live' });
  });

  it('puts the token under each name, also one that would be removed', () => {
    const env = childEnvironment({
      ...base,
      parent: { GH_TOKEN: 'other', GITHUB_OAUTH_TOKEN: 'other' },
      tokenEnv: ['GH_TOKEN', 'GITHUB_OAUTH_TOKEN'],
    });
    expect(env).toEqual({ GH_TOKEN: 'ghu_live', GITHUB_OAUTH_TOKEN: 'ghu_live' });
  });

  it('sets GITHUB_HOST only where the parent has none or an empty one', () => {
    const host = 'https://ghes.example';
    expect(childEnvironment({ ...base, parent: {}, host })['GITHUB_HOST']).toBe(host);
    expect(childEnvironment({ ...base, parent: { GITHUB_HOST: '' }, host })['GITHUB_HOST']).toBe(host);
    expect(childEnvironment({ ...base, parent: { GITHUB_HOST: 'https://o' }, host })['GITHUB_HOST']).toBe(
      'https://o',
    );
    expect(childEnvironment({ ...base, parent: {} })).not.toHaveProperty('GITHUB_HOST');
  });

  it('completes a GITHUB_HOST that has no scheme, which github-mcp-server refuses', () => {
    const parent = { GITHUB_HOST: 'octo.ghe.com' };
    const host = 'https://octo.ghe.com';
    expect(childEnvironment({ ...base, parent, host })['GITHUB_HOST']).toBe(host);
  });

  it('compares names without case on Windows, and with case elsewhere', () => {
    const parent = {
      Path: 'C:\\',
      github_app_id: '1',
      Gh_Token: 'b',
      github_personal_access_token: 'c',
      Github_Host: 'https://o',
    };
    expect(childEnvironment({ ...base, parent, host: 'https://h', platform: 'win32' })).toEqual({
      Path: 'C:\\',
      Github_Host: 'https://o',
      [PAT]: 'ghu_live',
    });
    expect(childEnvironment({ ...base, parent })).toEqual({ ...parent, [PAT]: 'ghu_live' });
  });

  it('does not touch the parent and drops what is undefined', () => {
    const parent = Object.freeze({ GITHUB_TOKEN: 'a', GONE: undefined });
    expect(childEnvironment({ ...base, parent })).toEqual({ [PAT]: 'ghu_live' });
  });
});

describe('validateTokenEnvName', () => {
  it.each([PAT, 'GH_TOKEN', 'GHE_TOKEN', 'GITHUB_OAUTH_TOKEN', '_x1'])('accepts %s', (name) => {
    expect(() => validateTokenEnvName(name)).not.toThrow();
  });

  it.each(['', '1X', 'A-B', 'A B', 'A=secret', 'GITHUB_HOST', 'Path', 'GH_MCP_PROXY_X'])(
    'refuses %j',
    (name) => {
      expect(() => validateTokenEnvName(name)).toThrow(UsageError);
    },
  );

  it.each(['ghp_abcDEF123', 'github_pat_11A', 'TOKEN=ghp_abcDEF123', 'eyJhbGciOi.J9.x'])(
    'never prints what may be a token: %s',
    (given) => {
      let thrown: unknown;
      try {
        validateTokenEnvName(given);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(UsageError);
      const { message, next } = thrown as UsageError;
      expect(`${message} ${next}`).not.toMatch(/abcDEF123|github_pat_11A|eyJ/);
    },
  );
});
