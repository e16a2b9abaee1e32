// What is cut out of a text of somebody else's, and what is not: errors have to stay legible.
import { expect, test } from 'vitest';
import { maskCredentials } from '../../../src/base/mask.ts';

test.each([
  ['remote: ghp_0123456789abcdefghijABCDEFGHIJ012345 was rejected', 'remote: [redacted] was rejected'],
  ['token glpat-xxxxxxxxxxxxxxxxxxxx, expired', 'token [redacted], expired'],
  ['got eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxMjM0NSJ9.c2lnbmF0dXJl!', 'got [redacted]!'],
  ['> Authorization: Bearer AbCdEf0123456789+/==', '> Authorization: Bearer [redacted]'],
  ['authorization: basic dXNlcjpodW50ZXIyLWh1bnRlcg==', 'authorization: basic [redacted]'],
  ['fatal: https://me:hunter2@host/x: 403', 'fatal: https://[redacted]@host/x: 403'],
  [`key: ${'LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQ'.repeat(3)}==, bad`, 'key: [redacted], bad'],
])('%s', (text, masked) => {
  expect(maskCredentials(text)).toBe(masked);
});

test.each([
  'Error making API request. URL: GET https://vault.example:8200/v1/github/token. Code: 403. Errors: permission denied',
  'no oauth token found for github.com account monalisa-the-octocat',
  'token has expired, run: aws sso login --profile engineering',
  `open /nix/store/${'0'.repeat(64)}-vault/etc: no such file (${'a1'.repeat(32)})`,
  'mail ops@example.com or see https://example.com/@handle/help',
])('%s is left as it is', (text) => {
  expect(maskCredentials(text)).toBe(text);
});
