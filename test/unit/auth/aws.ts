// What the tests of key services share: an AWS for one test, the environment that leads there, and keys.
// Not for: GitHub.
import { generateKeyPairSync, verify } from 'node:crypto';
import path from 'node:path';
import { vi } from 'vitest';
import type { AwsEmulator } from '../../../fixtures/aws/emulator.mjs';
import { startAws } from '../../../fixtures/aws/emulator.mjs';
import type { Secret } from '../../../src/base/secret.ts';
import type { KeySource } from '../../../src/auth/app/key-source.ts';
import type { KeySigner } from '../../../src/auth/app/signer.ts';
import { createSigner } from '../../../src/auth/app/signer.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { tempDir } from '../../support/temp.ts';
import { atTestEnd } from '../../support/test-end.ts';

type AwsOptions = NonNullable<Parameters<typeof startAws>[0]>;

/** One for a whole file: it takes a tenth of a second to make. */
export function makeKeyPair() {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  return {
    privateKey,
    /** As GitHub gives it. */
    pem,
    pkcs8: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    /** Whether it is an RS256 signature in Base64url. */
    verifies: (input: string, signature: string): boolean =>
      /^[\w-]+$/.test(signature) &&
      verify('sha256', Buffer.from(input), publicKey, Buffer.from(signature, 'base64url')),
    /** Pieces of the key that must be nowhere: lines of its Base64. */
    pieces: pem.split('\n').filter((line) => line.length === 64),
  };
}

/**
 * An emulator, and this process's environment as it leads there, until the test ends. Nothing else of AWS is set.
 * @returns also `home`, an empty folder in which the shared files (`config`, `credentials`) would be
 */
export async function startTestAws(options: AwsOptions = {}): Promise<{ aws: AwsEmulator; home: string }> {
  const aws = await startAws(options);
  const home = tempDir();
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  const files = {
    AWS_CONFIG_FILE: path.join(home, 'config'),
    AWS_SHARED_CREDENTIALS_FILE: path.join(home, 'credentials'),
  };
  for (const [name, value] of Object.entries({ ...aws.environment, ...files })) vi.stubEnv(name, value);
  atTestEnd(async () => {
    vi.unstubAllEnvs();
    await aws.close();
  });
  return { aws, home };
}

export interface TestSigner {
  readonly sign: (input: string, signal?: AbortSignal) => Promise<string>;
  readonly refused: KeySigner['refused'];
  /** What it has told to be kept out of logs. */
  readonly concealed: string[];
  readonly clock: FakeClock;
}

/** @param env for `env:` and `command:` */
export function signerFor(source: KeySource, env: NodeJS.ProcessEnv = {}): TestSigner {
  const clock = createFakeClock();
  const concealed: string[] = [];
  const conceal = (secret: Secret): void => void concealed.push(secret.reveal());
  const signer = createSigner(source, { env, timeoutMs: 30_000, conceal, clock });
  return {
    sign: (input, signal = new AbortController().signal) => signer(input, signal),
    refused: () => signer.refused(),
    concealed,
    clock,
  };
}
