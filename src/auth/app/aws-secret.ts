// A private key that Secrets Manager keeps: fetched, and taken out of the JSON that it may be in.
// Not for: reading it as a key (private-key.ts), or keeping it (signer.ts).
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { RefusedError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { asObject } from '../../net/http.ts';
import type { AwsCall } from './aws-call.ts';
import { callAws } from './aws-call.ts';

export interface AwsSecretReading extends Pick<AwsCall, 'clock' | 'timeoutMs' | 'signal' | 'setting'> {
  /** A name or an ARN. */
  readonly id: string;
  /** The text under this name, where the secret is a JSON object. */
  readonly jsonKey: string | undefined;
}

/**
 * The current version of a secret (AWSCURRENT), text or binary.
 * https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 * @throws {RefusedError} `no_secret`: there is no such text in it
 * @throws {RefusedError | UnreachableError} see {@link callAws}
 */
export async function readAwsSecret({ id, jsonKey, ...call }: AwsSecretReading): Promise<Secret> {
  const { SecretString: text, SecretBinary: bytes } = await callAws(
    { ...call, service: 'Secrets Manager', action: 'secretsmanager:GetSecretValue', resource: id },
    (config) => new SecretsManagerClient(config),
    (client, abortSignal) => client.send(new GetSecretValueCommand({ SecretId: id }), { abortSignal }),
  );
  const whole = text ?? Buffer.from(bytes ?? []).toString('utf8');
  const value = jsonKey === undefined ? whole : textUnder(jsonKey, whole);
  if (value !== undefined && value.trim() !== '') return new Secret(value);
  throw new RefusedError(
    'no_secret',
    `the secret ${id} (${call.setting}) ${jsonKey === undefined ? 'is empty' : `is no JSON with a text at '${jsonKey}'`}`,
    {
      next:
        jsonKey === undefined
          ? 'Put the PEM of the private key there.'
          : 'Correct the name after the #, or leave it out where the whole secret is the PEM.',
    },
  );
}

function textUnder(jsonKey: string, json: string): string | undefined {
  try {
    const fields = asObject(JSON.parse(json));
    const value = fields && Object.hasOwn(fields, jsonKey) ? fields[jsonKey] : undefined;
    return typeof value === 'string' ? value : undefined;
  } catch {
    // The parser's message quotes the text.
    return undefined;
  }
}
