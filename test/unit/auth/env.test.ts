// The source of `--auth env`: the variable's token as it is, and nothing after it.
import { expect, test } from 'vitest';
import { createEnvSource } from '../../../src/auth/env.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted } from '../github/support.ts';

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

test('once it is refused there is no other: it is brought again, and the remedy names the variable', async () => {
  const { source } = testSource();
  const credential = (await source.load()) ?? fail('no token');
  const login = source.login({ known: credential, scopes: [], onPrompt: () => {} }, neverAborted);
  for (const attempt of [source.refresh(credential, neverAborted), login])
    expect(await attempt).toBe(credential);
  expect(source.remedy).toMatch(/^Put a new one into GITHUB_PERSONAL_ACCESS_TOKEN and restart/);
});
