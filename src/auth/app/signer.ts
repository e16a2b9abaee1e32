// RS256 signatures with the private key of a GitHub App, wherever that is.
// Not for: what is signed (jwt.ts).
import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Secret } from '../../base/secret.ts';
import { readSecret } from '../secret-source.ts';
import type { SecretReading } from '../secret-source.ts';
import { readKeyFile } from './key-file.ts';
import type { KeySource } from './key-source.ts';
import { settingOf } from './key-source.ts';
import { parsePrivateKey } from './private-key.ts';

/**
 * Signs ASCII text, such as `header.payload` of a JWT: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
 * @returns Base64url without padding
 * @throws {RefusedError} the key cannot be had or is none; names the setting, and holds nothing of the key
 * @throws {UnreachableError} a command or AWS did not answer in time
 * @throws the signal's reason
 */
export type Signer = (input: string, signal: AbortSignal) => Promise<string>;

/** A signer that may keep a key for some minutes. */
export interface KeySigner extends Signer {
  /** Told where a signature was not accepted: the key may have been replaced, and is fetched again for the next one. */
  refused(): void;
}

export interface SignerOptions {
  /** For `env:` and `command:`. The AWS SDK goes by the environment of this process. */
  readonly env: NodeJS.ProcessEnv;
  /** Of a command or a call of AWS, in ms. */
  readonly timeoutMs: number;
  /** Told of a key that came here, before it is used. */
  readonly conceal?: ((secret: Secret) => void) | undefined;
  readonly clock: Clock;
}

/**
 * How long a key that had to be asked for is kept, in ms: one start signs several times, and a command may ask a person,
 * AWS for money. Files and variables are read each time.
 */
const KEPT = 10 * 60_000;

export function createSigner(source: KeySource, options: SignerOptions): KeySigner {
  return source.kind === 'aws-kms' ? kmsSigner(source, options) : localSigner(source, options);
}

type KmsKey = Extract<KeySource, { kind: 'aws-kms' }>;
type LocalKey = Exclude<KeySource, { kind: 'aws-kms' }>;

function kmsSigner(source: KmsKey, { clock, timeoutMs }: SignerOptions): KeySigner {
  const signer = async (input: string, signal: AbortSignal): Promise<string> => {
    const { signWithKms } = await import('./aws-kms.ts');
    const signature = await signWithKms(input, {
      keyId: source.keyId,
      setting: settingOf(source),
      clock,
      timeoutMs,
      signal,
    });
    return signature.toString('base64url');
  };
  return Object.assign(signer, { refused() {} });
}

function localSigner(source: LocalKey, options: SignerOptions): KeySigner {
  const { clock } = options;
  const isAskedFor = source.kind === 'command' || source.kind === 'aws-secretsmanager';
  let kept: { readonly key: KeyObject; readonly until: number } | undefined;

  const signer = async (input: string, signal: AbortSignal): Promise<string> => {
    signal.throwIfAborted();
    if (kept && kept.until <= clock.steady()) kept = undefined;
    const key = kept?.key ?? (await readKey(source, options, signal));
    if (isAskedFor) kept ??= { key, until: clock.steady() + KEPT };
    return sign('sha256', Buffer.from(input), key).toString('base64url');
  };
  return Object.assign(signer, {
    refused() {
      kept = undefined;
    },
  });
}

async function readKey(source: LocalKey, options: SignerOptions, signal: AbortSignal): Promise<KeyObject> {
  const setting = settingOf(source);
  const { env, timeoutMs } = options;
  const text = await readText(source, options, { env, timeoutMs, what: setting, signal });
  options.conceal?.(text);
  return parsePrivateKey(text, setting);
}

async function readText(source: LocalKey, { clock }: SignerOptions, reading: SecretReading): Promise<Secret> {
  if (source.kind === 'pem') return source.pem;
  if (source.kind === 'file') return readKeyFile(source.path, reading);
  if (source.kind !== 'aws-secretsmanager') return readSecret(source, reading);
  const { readAwsSecret } = await import('./aws-secret.ts');
  const { timeoutMs, signal, what: setting } = reading;
  return readAwsSecret({ id: source.id, jsonKey: source.jsonKey, setting, clock, timeoutMs, signal });
}
