// The source of `--auth env`: the variable's token as it is, and nothing after it.
import { expect, test } from 'vitest';
import { createEnvSource } from '../../../src/auth/env.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createTestLog } from '../../support/test-log.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';

function fail(why: string): never {
  throw new Error(why);
}

const TOKEN = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';

function testSource() {
  const concealed: string[] = [];
  const source = createEnvSource({
    token: new Secret(TOKEN),
    name: 'GITHUB_PERSONAL_ACCESS_TOKEN',
    hostLabel: 'github.com',
    clock: createFakeClock(),
    log: createTestLog(),
    conceal: (secret) => void concealed.push(secret.reveal()),
  });
  return { source, concealed };
}

test('the token is passed through as it is, and concealed before anybody asks for it', async () => {
  const { source, concealed } = testSource();
  expect(concealed).toEqual([TOKEN]);
  const credential = await source.load();
  expect(credential?.accessToken.reveal()).toBe(TOKEN);
  expect(credential?.expiresAt).toBeUndefined();
  expect(source).toMatchObject({ mode: 'env', isUnattended: true });
});

test('once it is refused there is no other: the variable is named, and what to do', async () => {
  const { source } = testSource();
  const credential = (await source.load()) ?? fail('no token');
  const login = source.login({ known: credential, scopes: [], onPrompt: () => {} }, neverAborted);
  for (const attempt of [source.refresh(credential, neverAborted), login]) {
    const error = await rejection(attempt);
    expect(error).toMatchObject({ code: 'token_refused' });
    expect(String(error)).toContain(
      'the token in GITHUB_PERSONAL_ACCESS_TOKEN is not accepted at github.com',
    );
    expect(error).toHaveProperty(
      'next',
      expect.stringMatching(/^Put a new one into GITHUB_PERSONAL_ACCESS_TOKEN/),
    );
    assertHarmless(error, [TOKEN]);
  }
});
