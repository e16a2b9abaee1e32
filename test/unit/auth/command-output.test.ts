// What token commands print, the right and the wrong: no word of it is in an error.
import { expect, test } from 'vitest';
import { parseTokenOutput } from '../../../src/auth/command-output.ts';
import { RefusedError } from '../../../src/base/errors.ts';
import { assertHarmless } from '../github/support.ts';

const NOW = Date.parse('2030-01-31T12:00:00Z');
const HOUR = 3_600_000;

const parse = (text: string) => parseTokenOutput(text, NOW, 'the command of --token-command');

function refusal(text: string): RefusedError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
  return expect.fail('it was accepted');
}

test.each([
  'ghp_0123456789abcdefghijABCDEFGHIJ012345',
  `ghs_123456_${'eyJ'.repeat(170)}.a-b_c`,
  'glpat-xxxxxxxxxxxxxxxxxxxx',
  'null-and-void',
])('%s is a token, with whatever blanks around it', (token) => {
  for (const text of [token, `${token}\n`, `\uFEFF  ${token}\r\n\r\n`]) {
    const printed = parse(text);
    expect(printed.token.reveal()).toBe(token);
    expect(printed).toEqual({ token: printed.token });
  }
});

test.each([
  ['{"token":"t0ken-t0ken"}', {}],
  ['{"access_token":"t0ken-t0ken","expires_at":null,"token_type":"bearer"}', {}],
  ['{"token":"t0ken-t0ken","expires_at":"2030-01-31T13:00:00Z"}', { expiresAt: NOW + HOUR }],
  ['{"token":"t0ken-t0ken","expires_at":"2030-01-31 14:00:00.000+01:00"}', { expiresAt: NOW + HOUR }],
  [`{"token":"t0ken-t0ken","expires_at":${(NOW + HOUR) / 1000}}`, { expiresAt: NOW + HOUR }],
  [`{"token":"t0ken-t0ken","expires_at":"${(NOW + HOUR) / 1000}"}`, { expiresAt: NOW + HOUR }],
  ['{"token":"t0ken-t0ken","expiration":"2030-01-31T13:00:00Z"}', { expiresAt: NOW + HOUR }],
  ['{"token":"t0ken-t0ken","expires_in":3600}', { expiresAt: NOW + HOUR }],
  ['{"token":"t0ken-t0ken","expires_in":"3600"}', { expiresAt: NOW + HOUR }],
  ['{"token":"t0ken-t0ken","expires_in":0}', {}],
  ['\n{\n  "token": "t0ken-t0ken",\n  "login": "monalisa"\n}\n', { login: 'monalisa' }],
  ['{"token":"t0ken-t0ken","login":"two\\nlines"}', {}],
])('%s is understood', (text, known) => {
  const { token, ...rest } = parse(text);
  expect(token.reveal()).toBe('t0ken-t0ken');
  expect(rest).toEqual(known);
});

test.each([
  ['', 'printed nothing'],
  [' \n', 'printed nothing'],
  ['hunter2-one\nhunter2-two', 'several lines'],
  ['<!DOCTYPE html><p>hunter2</p>', 'page (HTML)'],
  ['null\n', 'printed null'],
  ['"hunter2-quoted"', 'quotation marks'],
  ['hunter2 with blanks', 'no token'],
  ['hunter2\u00fc', 'no token'],
  ['h'.repeat(16_385), 'no token'],
  ['{"token": "hunter2", ', 'begins like JSON'],
  ['{"toke": "hunter2-token"}', 'without a usable "token"'],
  ['{"token": "hunter2 token"}', 'without a usable "token"'],
  ['{"token": 12345678}', 'without a usable "token"'],
  ['{"token": "hunter2-token", "expires_at": "2030-01-31T13:00:00"}', 'neither a time'],
  ['{"token": "hunter2-token", "expires_at": "soon, hunter2"}', 'neither a time'],
  [`{"token": "hunter2-token", "expires_at": ${NOW + HOUR}}`, 'neither a time'],
  ['{"token": "hunter2-token", "expires_in": "an hour"}', 'no number of seconds'],
  ['{"token": "hunter2-token", "expires_in": -5}', 'no number of seconds'],
])('%s is refused for what it is', (text, why) => {
  const error = refusal(text);
  expect(error.code).toBe('bad_output');
  expect(error.message).toMatch(/^the command of --token-command printed /);
  expect(error.message).toContain(why);
  expect(error.next).toContain('{"token": "...", "expires_at":');
  assertHarmless(error, ['hunter2-one', 'hunter2-two', 'hunter2-quoted', 'hunter2-token', '12345678']);
});
