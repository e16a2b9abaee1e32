// The signer as it is shipped: the bundle has every part of the SDK that a way to credentials needs, and says nothing.
import { readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ROLE_TOKEN } from '../../../fixtures/aws/emulator.mjs';
import type * as SignerModule from '../../../src/auth/app/signer.ts';
import type { KeySource } from '../../../src/auth/app/key-source.ts';
import { systemClock } from '../../../src/base/clock.ts';
import { builtProxy } from '../../support/spawned.ts';
import { neverAborted } from '../github/support.ts';
import { makeKeyPair, startTestAws } from './aws.ts';

const pair = makeKeyPair();
const GOOD = { isGood: true, warnings: [] };
const WITHOUT_KEYS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };

/** Signs with the built code. @returns whether the signature is good, and what Node was warned of meanwhile */
async function signBuilt(source: KeySource): Promise<{ isGood: boolean; warnings: unknown[] }> {
  const chunks = path.join(path.dirname(builtProxy()), 'chunks');
  const name = readdirSync(chunks).find((one) => one.startsWith('signer-'));
  if (name === undefined) throw new Error('the build has no chunk for the signer');
  const warnings: unknown[] = [];
  const keep = (warning: unknown): void => void warnings.push(warning);
  process.on('warning', keep);
  onTestFinished(() => void process.off('warning', keep));
  const { createSigner } = (await import(pathToFileURL(path.join(chunks, name)).href)) as typeof SignerModule;
  const sign = createSigner(source, { env: process.env, timeoutMs: 10_000, clock: systemClock });
  return { isGood: pair.verifies('text', await sign('text', neverAborted)), warnings };
}

const start = async (environment: Readonly<Record<string, string | undefined>>) => {
  const started = await startTestAws({
    keys: [{ id: 'the-key', privateKey: pair.privateKey }],
    secrets: [{ name: 'app', value: pair.pem }],
  });
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return started;
};
const kmsKey = { kind: 'aws-kms', keyId: 'the-key' } as const;

test('KMS, with credentials of the environment', async () => {
  await start({});
  expect(await signBuilt(kmsKey)).toEqual(GOOD);
});

test('Secrets Manager, with a profile that names a command', async () => {
  const { aws, home } = await start(WITHOUT_KEYS);
  const { AWS_ACCESS_KEY_ID: AccessKeyId, AWS_SECRET_ACCESS_KEY: SecretAccessKey } = aws.environment;
  const printed = path.join(home, 'printed.json');
  writeFileSync(printed, JSON.stringify({ Version: 1, AccessKeyId, SecretAccessKey }));
  writeFileSync(path.join(home, 'config'), `[default]\ncredential_process = cat ${printed}\n`);
  expect(await signBuilt({ kind: 'aws-secretsmanager', id: 'app' })).toEqual(GOOD);
});

test('KMS, with a web identity', async () => {
  const { home } = await start({ ...WITHOUT_KEYS, AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/emulated' });
  const token = path.join(home, 'token');
  writeFileSync(token, ROLE_TOKEN);
  vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', token);
  expect(await signBuilt(kmsKey)).toEqual(GOOD);
});

test('KMS, in a container', async () => {
  const { aws } = await start({ ...WITHOUT_KEYS, AWS_CONTAINER_AUTHORIZATION_TOKEN: ROLE_TOKEN });
  vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${aws.url}/container`);
  expect(await signBuilt(kmsKey)).toEqual(GOOD);
});

test('KMS, on an instance', async () => {
  const { aws } = await start({ ...WITHOUT_KEYS, AWS_EC2_METADATA_DISABLED: undefined });
  vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', aws.url);
  expect(await signBuilt(kmsKey)).toEqual(GOOD);
});

test('a command', async () => {
  const { home } = await start({});
  const file = path.join(home, 'key.pem');
  writeFileSync(file, pair.pem);
  expect(await signBuilt({ kind: 'command', command: `cat "${file}"` })).toEqual(GOOD);
});
