// Secrets that a setting names: where they are read from, and what is said where they are not.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parseSecretSource, readSecret } from '../../../src/auth/secret-source.ts';
import type { SecretSource } from '../../../src/auth/secret-source.ts';
import { RefusedError, UsageError } from '../../../src/base/errors.ts';
import { tempDir } from '../../support/temp.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';

const PATH = process.env['PATH'] ?? '';

async function read(source: SecretSource, env: Record<string, string> = {}): Promise<string> {
  const reading = { env: { PATH, ...env }, timeoutMs: 10_000, what: '--some-secret', signal: neverAborted };
  return (await readSecret(source, reading)).reveal();
}

async function refusal(source: SecretSource, env?: Record<string, string>): Promise<RefusedError> {
  const error = await rejection(read(source, env));
  if (!(error instanceof RefusedError)) throw error;
  return error;
}

function file(text: string): string {
  const name = path.join(tempDir(), 'secret');
  writeFileSync(name, text);
  return name;
}

test.each([
  ['file:/run/secrets/key', { kind: 'file', path: '/run/secrets/key' }],
  ['env:APP_KEY', { kind: 'env', name: 'APP_KEY' }],
  ['command:op read "op://vault/key"', { kind: 'command', command: 'op read "op://vault/key"' }],
])('%s is understood', (text, source) => {
  expect(parseSecretSource(text, '--some-secret')).toEqual(source);
});

test.each([
  ['hunter2hunter2', 'file:PATH, env:NAME or command:COMMAND'],
  ['file:', 'nothing after file:'],
  ['command:  ', 'nothing after command:'],
  ['env:hunter2-hunter2', 'not the name of a variable'],
])('%s is refused by the name of its setting, and not repeated', (text, why) => {
  const parse = () => parseSecretSource(text, '--some-secret');
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(/^--some-secret /);
  expect(parse).toThrow(why);
  expect(parse).not.toThrow('hunter2');
});

test.each(['two\nlines', 'blank at the end '])('one newline at the end is no part of %j', async (secret) => {
  for (const end of ['', '\n', '\r\n'])
    expect(await read({ kind: 'file', path: file(`${secret}${end}`) })).toBe(secret);
  expect(await read({ kind: 'env', name: 'KEY' }, { KEY: `${secret}\n` })).toBe(secret);
  expect(await read({ kind: 'command', command: 'printf "%s\\n" "$KEY"' }, { KEY: secret })).toBe(secret);
});

test('a file is read anew each time', async () => {
  const name = file('one');
  expect(await read({ kind: 'file', path: name })).toBe('one');
  writeFileSync(name, 'two');
  expect(await read({ kind: 'file', path: name })).toBe('two');
});

test('~ is the home folder, for no shell has seen the path', async () => {
  const HOME = tempDir();
  writeFileSync(path.join(HOME, 'key'), 'at home');
  expect(await read({ kind: 'file', path: '~/key' }, { HOME })).toBe('at home');
});

test.each([
  ['is not there', () => path.join(tempDir(), 'none'), 'does not exist'],
  ['is a folder', () => tempDir(), 'is a folder'],
  ['is empty', () => file('\n'), 'is empty'],
])('a file that %s is told with its path and its setting', async (_what, make, why) => {
  const name = make();
  const error = await refusal({ kind: 'file', path: name });
  expect(error.code).toBe('no_secret');
  expect(error.message).toBe(`the file of --some-secret, ${name}, ${why}`);
  expect(error.next).not.toBe('');
});

test('a file is read up to the size that a secret may have: a wrong path may have no end', async () => {
  const longest = 'x'.repeat(64 * 1024);
  expect(await read({ kind: 'file', path: file(longest) })).toBe(longest);
  for (const name of [file(`${longest}x`), ...(process.platform === 'win32' ? [] : ['/dev/zero'])]) {
    const error = await refusal({ kind: 'file', path: name });
    expect([error.code, error.message]).toEqual([
      'no_secret',
      `the file of --some-secret, ${name}, is larger than any secret (more than 64 KiB)`,
    ]);
  }
});

test('a variable that is not set, or empty, is told by its name', async () => {
  const source = { kind: 'env', name: 'APP_KEY' } as const;
  expect((await refusal(source)).message).toBe('the variable APP_KEY, which --some-secret names, is not set');
  expect((await refusal(source, { APP_KEY: '' })).message).toBe(
    'the variable APP_KEY, which --some-secret names, is empty',
  );
});

test('a command that prints nothing, or fails, is told by its setting', async () => {
  expect((await refusal({ kind: 'command', command: 'true' })).message).toBe(
    'what the command of --some-secret printed is empty',
  );
  const failed = await refusal({ kind: 'command', command: 'echo half-a-secret; echo locked >&2; exit 9' });
  expect(failed.message).toBe('the command of --some-secret failed with exit code 9: locked');
  assertHarmless(failed, ['half-a-secret']);
});
