// The parts of the vault that touch no disk: memory, records as text, where state lives by convention.
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { createMemoryVault } from '../../../src/vault/memory.ts';
import { decodeRecord, encodeRecord } from '../../../src/vault/record.ts';
import { defaultStateDir } from '../../../src/vault/state-dir.ts';

const identity = {
  mode: 'device',
  issuer: 'https://github.com',
  clientId: 'Iv1',
  profile: 'default',
  scopes: [],
};
const record = { accessToken: new Secret('ghu_x'), issuedAt: 1, scopes: [], rotation: 'exclusive' } as const;

test('the memory vault keeps one record an identity and forgets it', async () => {
  const vault = createMemoryVault();
  await vault.write(identity, record);
  expect(await vault.read({ ...identity })).toEqual({ kind: 'record', record });
  expect(await vault.list()).toEqual([identity]);
  expect(await vault.read({ ...identity, profile: 'work' })).toEqual({ kind: 'none' });
  await vault.remove(identity);
  expect(await vault.read(identity)).toEqual({ kind: 'none' });
  expect(await vault.list()).toEqual([]);
});

describe('a record as text', () => {
  const fields = JSON.parse(encodeRecord(record)) as Record<string, unknown>;

  test('unknown keys of a later version are passed over', () => {
    expect(decodeRecord(JSON.stringify({ ...fields, note: 'x' }))?.accessToken.reveal()).toBe('ghu_x');
  });

  test.each([
    ['no JSON', 'ghu_x'],
    ['no object', '["ghu_x"]'],
    ...Object.entries({
      accessToken: ['', 7, undefined],
      refreshToken: ['', null],
      issuedAt: ['1', undefined],
      expiresAt: ['soon', null],
      refreshTokenExpiresAt: [true],
      scopes: ['repo', [1], undefined],
      login: [7],
      rotation: ['sometimes', undefined],
    }).flatMap(([name, values]) =>
      values.map((value) => [
        `${name} ${JSON.stringify(value)}`,
        JSON.stringify({ ...fields, [name]: value }),
      ]),
    ),
  ])('is refused with %s', (_name, text) => {
    expect(decodeRecord(text)).toBeUndefined();
  });
});

describe('the state directory', () => {
  test.each([
    ['linux', { HOME: '/home/o' }, '/home/o/.local/state/gh-mcp-proxy'],
    ['linux', { HOME: '/home/o', XDG_STATE_HOME: '/var/o' }, '/var/o/gh-mcp-proxy'],
    ['linux', { HOME: '/home/o', XDG_STATE_HOME: 'relative' }, '/home/o/.local/state/gh-mcp-proxy'],
    ['linux', { HOME: '/home/o', XDG_STATE_HOME: '' }, '/home/o/.local/state/gh-mcp-proxy'],
    ['darwin', { HOME: '/Users/o' }, '/Users/o/Library/Application Support/gh-mcp-proxy'],
    [
      'win32',
      { LOCALAPPDATA: String.raw`C:\Users\o\AppData\Local` },
      String.raw`C:\Users\o\AppData\Local\gh-mcp-proxy`,
    ],
    ['win32', { USERPROFILE: String.raw`C:\Users\o` }, String.raw`C:\Users\o\AppData\Local\gh-mcp-proxy`],
  ] as const)('on %s with %j is %s', (platform, env, expected) => {
    expect(defaultStateDir(env, platform)).toBe(expected);
  });
});
