// What goes through the pipes between a proxy and its refresher comes out as it went in, or not at all.
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { lineReader } from '../../../src/auth/lines.ts';
import type { ServerDescription } from '../../../src/auth/login-server.ts';
import type { Job } from '../../../src/auth/refresher-protocol.ts';
import { decodeJob, decodeOutcome, encodeJob, encodeOutcome } from '../../../src/auth/refresher-protocol.ts';
import type { SpendOutcome } from '../../../src/auth/spend.ts';
import type { Version } from '../../../src/auth/version.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';

const base = {
  accessToken: new Secret('ghu_access'),
  refreshToken: new Secret('ghr_refresh'),
  issuedAt: 1000,
  expiresAt: 2000,
  scopes: [],
  login: 'octocat',
  rotation: 'exclusive' as const,
};
const githubServer = {
  kind: 'github',
  host: parseGithubHost('octo.ghe.com'),
  clientId: 'Iv1',
  clientSecret: undefined,
} as const;
const job: Job = {
  identity: {
    mode: 'device',
    issuer: 'https://github.com',
    clientId: 'Iv1',
    profile: 'work',
    scopes: ['repo'],
  },
  server: githubServer,
  delegation: { stateDir: '/state', key: new Secret('k'.repeat(43)), keyKind: 'keychain' },
  nonce: '0123456789abcdef',
  spending: { base, found: { kind: 'record', accessToken: base.accessToken } },
};

/** With its secrets in the clear: two Secret objects are equal to vitest whatever they hold. */
function revealed(value: unknown): unknown {
  if (value instanceof Secret) return `secret ${value.reveal()}`;
  if (value instanceof Error) return { ...Object.fromEntries(Object.entries(value)), message: value.message };
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}

describe('a job', () => {
  test.each<Version>([
    { kind: 'record', accessToken: new Secret('ghu_other') },
    { kind: 'logged-out', at: 5 },
    { kind: 'none' },
    { kind: 'unreadable' },
  ])('over $kind arrives whole, in one line', (found) => {
    const given = { ...job, spending: { base, found } };
    const line = encodeJob(given);
    expect(line).not.toContain('\n');
    expect(revealed(decodeJob(line))).toEqual(revealed(given));
  });

  test.each<ServerDescription>([
    { ...githubServer, clientSecret: new Secret('of the browser flow') },
    { kind: 'oauth', issuer: 'https://gitlab.com', clientId: 'abc', clientSecret: undefined },
    { kind: 'oauth', issuer: 'https://gitlab.com', clientId: 'abc', clientSecret: new Secret('s') },
  ])('for the server %j arrives whole', (server) => {
    const given = { ...job, server };
    expect(revealed(decodeJob(encodeJob(given)))).toEqual(revealed(given));
  });

  const fields = JSON.parse(encodeJob(job)) as { server: { host: object } };
  const { server } = fields;
  const { host } = server;
  test.each<[string, object]>([
    ['of another version', { v: 1 }],
    ['without a lock', { nonce: '' }],
    [
      'without a refresh token',
      { base: '{"accessToken":"x","issuedAt":1,"scopes":[],"rotation":"exclusive"}' },
    ],
    ['without a vault', { delegation: { stateDir: '/state' } }],
    ['for a host of no known kind', { server: { ...server, host: { ...host, kind: 'gitlab' } } }],
    ['for a server of no known kind', { server: { ...server, kind: 'saml' } }],
    ['for an issuer without a name', { server: { ...server, kind: 'oauth' } }],
    ['with a secret that is no text', { server: { ...server, clientSecret: 7 } }],
    ['for nobody', { identity: {} }],
    ['over something unknown', { found: { kind: 'perhaps' } }],
  ])('%s is none', (_what, change) => {
    expect(decodeJob(JSON.stringify({ ...fields, ...change }))).toBeUndefined();
  });
});

describe('an outcome', () => {
  test.each<SpendOutcome>([
    { kind: 'renewed', credential: base, save: { kind: 'saved' } },
    { kind: 'renewed', credential: base, save: { kind: 'failed', why: 'the disk is full.' } },
    { kind: 'renewed', credential: base, save: { kind: 'superseded' } },
    { kind: 'refused', error: new RefusedError('bad_refresh_token', 'used already', { next: 'Log in.' }) },
    { kind: 'unreachable', error: new UnreachableError('no answer', { next: '' }) },
    { kind: 'changed' },
  ])('%j arrives whole, in one line', (outcome) => {
    const line = encodeOutcome(outcome);
    expect(line).not.toContain('\n');
    expect(revealed(decodeOutcome(line))).toEqual(revealed(outcome));
  });

  test.each([
    '',
    'null',
    '{"kind":"renewed"}',
    '{"kind":"renewed","credential":"{}","save":{"kind":"saved"}}',
    '{"kind":"refused","message":"no","next":""}',
    '{"kind":"unreachable"}',
  ])('%j tells as much as nothing', (line) => {
    expect(decodeOutcome(line)).toEqual({ kind: 'died' });
  });
});

describe('lines', () => {
  test('come one by one, however they were cut, and end with the pipe', async () => {
    const pipe = new PassThrough();
    const next = lineReader(pipe);
    const first = next();
    pipe.write(Buffer.from('{"name":"\u00e9').subarray(0, -1));
    pipe.write(Buffer.concat([Buffer.from('\u00e9').subarray(1), Buffer.from('"}\nsecond\nhal')]));
    expect(await first).toBe('{"name":"\u00e9"}');
    expect(await next()).toBe('second');
    const last = next();
    pipe.end('f');
    expect(await last).toBeUndefined();
  });

  test('that never end are no lines', async () => {
    const pipe = new PassThrough();
    const next = lineReader(pipe);
    pipe.write('x'.repeat(2 ** 20 + 1));
    expect(await next()).toBeUndefined();
  });
});
