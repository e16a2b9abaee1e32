// The search for secrets must find what it is there to find: a search that cannot fail proves nothing.
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { assertNoSecrets, filesUnder, tempDir } from '../../support/temp.ts';

const SECRET = 'a+secret/with~odd characters';

test('a temporary folder is for its owner only', () => {
  expect(statSync(tempDir()).mode & 0o777).toBe(0o700);
});

test.each([
  ['as it is', SECRET],
  ['percent-encoded', encodeURIComponent(SECRET)],
  ['hexadecimal', Buffer.from(SECRET).toString('hex')],
  ['Base64, first', Buffer.from(`${SECRET} and more`).toString('base64')],
  ['Base64, second', Buffer.from(`1${SECRET} and more`).toString('base64')],
  ['Base64, third', Buffer.from(`12${SECRET} and more`).toString('base64')],
  ['Base64url, at the end', Buffer.from(`12345${SECRET}`).toString('base64url')],
])('a secret is found in a buffer: %s', (_form, text) => {
  const buffers = { stdout: `before ${text} after` };
  expect(() => assertNoSecrets({ buffers, secrets: ['another one', SECRET] })).toThrow(
    'secret 1 is in stdout',
  );
});

test('a secret is found in a file and in the name of one; an error never shows it', () => {
  const dir = tempDir();
  const file = path.join(dir, 'a.log');
  writeFileSync(file, 'nothing here');
  expect(filesUnder(dir)).toEqual([file]);
  expect(() => assertNoSecrets({ dirs: [dir], secrets: ['secret-in-a-name'] })).not.toThrow();
  writeFileSync(file, `x${SECRET}x`);
  expect(() => assertNoSecrets({ dirs: [dir], secrets: [SECRET] })).toThrow(
    `secret 0 is in ${file} (as it is)`,
  );
  writeFileSync(path.join(dir, 'secret-in-a-name.json'), '{}');
  expect(() => assertNoSecrets({ dirs: [dir], secrets: ['secret-in-a-name'] })).toThrow('secret 0 is in');
});

test('a search of nothing, for nothing or for too little is an error', () => {
  expect(() => assertNoSecrets({ secrets: [SECRET] })).toThrow('nothing was given to search');
  expect(() => assertNoSecrets({ buffers: { a: '' }, secrets: [] })).toThrow('no secret was given');
  expect(() => assertNoSecrets({ buffers: { a: '' }, secrets: ['short'] })).toThrow('too short');
});
