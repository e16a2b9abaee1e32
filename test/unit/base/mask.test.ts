// What is cut out of a text of somebody else's, and what is not: errors have to stay legible.
import { expect, test } from 'vitest';
import { maskCredentials } from '../../../src/base/mask.ts';

/** Base64 of a key, in lines. */
function wrapped(width: number, newline = '\n'): string {
  const text = 'LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ'.repeat(8);
  return `${(text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(newline)}==`;
}

test.each([
  ['remote: ghp_0123456789abcdefghijABCDEFGHIJ012345 was rejected', 'remote: [redacted] was rejected'],
  ['token glpat-xxxxxxxxxxxxxxxxxxxx, expired', 'token [redacted], expired'],
  ['got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl!', 'got [redacted]!'],
  ['> Authorization: Bearer AbCdEf0123456789+/==', '> Authorization: Bearer [redacted]'],
  ['authorization: basic dXNlcjpodW50ZXIyLWh1bnRlcg==', 'authorization: basic [redacted]'],
  ['fatal: https://me:hunter2@host/x: 403', 'fatal: https://[redacted]@host/x: 403'],
  [`key: ${'LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ'.repeat(3)}==, bad`, 'key: [redacted], bad'],
  // As base64 and openssl print it, in lines of 76 or 64 characters; and as a log quotes those.
  [`no key:\n${wrapped(76)}\nat line 1`, 'no key:\n[redacted]\nat line 1'],
  [`no key:\r\n${wrapped(64, '\r\n')}, bad`, 'no key:\r\n[redacted], bad'],
  [`bad key "${wrapped(64, '\\n')}\\n"`, 'bad key "[redacted]\\n"'],
])('%s', (text, masked) => {
  expect(maskCredentials(text)).toBe(masked);
});

test.each([
  'Error making API request. URL: GET https://vault.example:8200/v1/github/token. Code: 403. Errors: permission denied',
  'no oauth token found for github.com account monalisa-the-octocat',
  'token has expired, run: aws sso login --profile engineering',
  `open /nix/store/${'0'.repeat(64)}-vault/etc: no such file (${'a1'.repeat(32)})`,
  `open ${'/home/octocat/Library/App_Support'.repeat(6)}/key: permission denied`,
  `Get "https://vault/v1/projects/platform${'/locations/europe-west1/keyRings/ring-1'.repeat(4)}": 403`,
  `${'-'.repeat(130)}\n${'0a'.repeat(32)}\n${'0b'.repeat(32)}\ndone`,
  'mail ops@example.com or see https://example.com/@handle/help',
])('%s is left as it is', (text) => {
  expect(maskCredentials(text)).toBe(text);
});
