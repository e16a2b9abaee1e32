// The proof of possession of a code, checked against the example of RFC 7636 and as the emulator checks it.
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createPkce, createState } from '../../../src/oauth/pkce.ts';

test('a challenge is the S256 of its verifier, which is in the alphabet and not printed (RFC 7636, section 4)', () => {
  const { verifier, challenge } = createPkce();
  expect(verifier.reveal()).toMatch(/^[\w-]{43}$/);
  expect(challenge).toBe(createHash('sha256').update(verifier.reveal()).digest('base64url'));
  expect(inspect({ verifier, challenge }, { showHidden: true, depth: 9 })).not.toContain(verifier.reveal());
});

test('no two are the same', () => {
  const all = Array.from({ length: 50 }, () => [createState(), createPkce().verifier.reveal()]).flat();
  expect(new Set(all).size).toBe(100);
});
