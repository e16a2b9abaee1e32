// The subject token, wherever it comes from: read anew when it changes, never used once it has expired, and compared by
// whom it is about.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { givenSubject } from '../../../src/auth/exchange/subject-token.ts';
import type { SecretSource } from '../../../src/auth/secret-source.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { neverAborted, rejection } from '../github/support.ts';

const TYPE = 'urn:ietf:params:oauth:token-type:jwt';
const clock = createFakeClock();

function jwt(claims: object): string {
  return [{ alg: 'none' }, claims, 'x']
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}

/** @param leftMs how long it has */
const tokenOf = (sub: string, leftMs: number, more = {}) =>
  jwt({ iss: 'https://a', sub, exp: (clock.now() + leftMs) / 1000, ...more });

const MINUTE = 60_000;

function subjectFrom(source: SecretSource, env: Record<string, string> = {}) {
  const concealed: Secret[] = [];
  const settings = { kind: 'given' as const, source, what: `--subject-token-${source.kind}`, type: TYPE };
  const subject = givenSubject(settings, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    timeoutMs: 10_000,
    clock,
    conceal: (secret) => void concealed.push(secret),
  });
  return { subject, concealed, read: async () => (await subject.token(neverAborted)).reveal() };
}

function file(text: string): string {
  const name = path.join(tempDir(), 'token');
  writeFileSync(name, `${text}\n`);
  return name;
}

test('a file is read again at each use, and what it holds is kept out of logs', async () => {
  const name = file('opaque-one');
  const { read, concealed, subject } = subjectFrom({ kind: 'file', path: name });
  expect(await read()).toBe('opaque-one');
  writeFileSync(name, 'opaque-two');
  expect(await read()).toBe('opaque-two');
  expect(concealed.map((secret) => secret.reveal())).toEqual(['opaque-one', 'opaque-two']);
  expect([subject.setting, subject.type]).toEqual([`--subject-token-file ${name}`, TYPE]);
});

test.each([
  ['file', -3 * MINUTE, /expired 3 min ago/, /writes that file/],
  ['file', -150 * MINUTE, /expired 2 h ago/, /writes that file/],
  ['file', 5000, /about to expire/, /writes that file/],
  ['env', -1, /expired less than a minute ago/, /restart the server/],
  ['command', -MINUTE, /expired 1 min ago/, /Have the command print/],
] as const)('%s with a token that ends in %i ms is refused by name', async (kind, leftMs, what, next) => {
  const token = tokenOf('me', leftMs);
  const name = file(token);
  const source: SecretSource =
    kind === 'file'
      ? { kind, path: name }
      : kind === 'env'
        ? { kind, name: 'TOKEN' }
        : { kind, command: `cat "${name}"` };
  const error = await rejection(subjectFrom(source, { TOKEN: token }).read());
  expect(error).toMatchObject({ code: 'subject_token_expired' });
  expect(String(error)).toMatch(what);
  expect(error).toMatchObject({ next: expect.stringMatching(next) as string });
  expect(String(error)).toContain(`--subject-token-${kind}${kind === 'file' ? ` ${name}` : ''}`);
});

test('a file that is not there is told with its path', async () => {
  const error = await rejection(subjectFrom({ kind: 'file', path: '/nowhere/token' }).read());
  expect(String(error)).toMatch(/--subject-token-file, \/nowhere\/token, does not exist/);
});

test('a command is run again when what it printed is old, or is not accepted', async () => {
  const name = file(tokenOf('me', 10 * MINUTE, { jti: 1 }));
  const { read, subject } = subjectFrom({ kind: 'command', command: `cat "${name}"` });
  const first = await read();
  const second = tokenOf('me', 20 * MINUTE, { jti: 2 });
  writeFileSync(name, second);
  expect(await read()).toBe(first);
  clock.advance(MINUTE);
  expect(await read()).toBe(second);
  const last = await subject.token(neverAborted);
  expect(await subject.another(last, neverAborted)).toBeUndefined();
  writeFileSync(name, 'opaque');
  expect((await subject.another(last, neverAborted))?.reveal()).toBe('opaque');
});

test('one whose time is nearly over is not kept, however new', async () => {
  const name = file(tokenOf('me', MINUTE / 2));
  const { read } = subjectFrom({ kind: 'command', command: `cat "${name}"` });
  await read();
  writeFileSync(name, 'opaque');
  expect(await read()).toBe('opaque');
});

test('a variable has no other token to offer', async () => {
  const { subject } = subjectFrom({ kind: 'env', name: 'TOKEN' }, { TOKEN: 'opaque' });
  expect(await subject.another(await subject.token(neverAborted), neverAborted)).toBeUndefined();
});

const who = (source: SecretSource, env?: Record<string, string>) => subjectFrom(source, env).subject.who();

test('who it is about is its issuer and subject, and nobody where it does not say or is not there', async () => {
  const env = (token: string) => who({ kind: 'env', name: 'TOKEN' }, { TOKEN: token });
  const me = await env(tokenOf('me', MINUTE));
  expect(me).toBeDefined();
  expect(await env(tokenOf('me', 2 * MINUTE))).toBe(me);
  expect(await env(tokenOf('you', MINUTE))).not.toBe(me);
  expect(await env(tokenOf('me', MINUTE, { iss: 'https://b' }))).not.toBe(me);
  expect(
    await who({ kind: 'command', command: `printf %s "$TOKEN"` }, { TOKEN: tokenOf('me', MINUTE) }),
  ).toBe(me);
  for (const token of ['opaque', 'a.b', 'a.b.c', jwt({ sub: 7 })]) expect(await env(token)).toBeUndefined();
  expect(await who({ kind: 'file', path: '/nowhere/token' })).toBeUndefined();
});
