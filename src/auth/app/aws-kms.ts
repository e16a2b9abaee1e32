// A signature that KMS makes: the key of a GitHub App that was imported there never comes here.
// Not for: keys that Secrets Manager gives out (aws-secret.ts).
import { createHash } from 'node:crypto';
import { KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { UnreachableError } from '../../base/errors.ts';
import type { AwsCall } from './aws-call.ts';
import { callAws } from './aws-call.ts';

export interface KmsSigning extends Pick<AwsCall, 'clock' | 'timeoutMs' | 'signal' | 'setting'> {
  /** A key id, `alias/NAME`, or the ARN of either. */
  readonly keyId: string;
}

/** What KMS takes as it is; of longer ones it takes the digest. In bytes. */
const LONGEST_MESSAGE = 4096;

/**
 * RSASSA-PKCS1-v1_5 over the SHA-256 of `input` (RS256, RFC 7518 section 3.3).
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 * @throws {RefusedError | UnreachableError} see {@link callAws}
 */
export async function signWithKms(input: string, { keyId, ...call }: KmsSigning): Promise<Buffer> {
  const bytes = Buffer.from(input);
  const isLong = bytes.length > LONGEST_MESSAGE;
  const command = new SignCommand({
    KeyId: keyId,
    SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
    MessageType: isLong ? 'DIGEST' : 'RAW',
    Message: isLong ? createHash('sha256').update(bytes).digest() : bytes,
  });
  const { Signature: signature } = await callAws(
    { ...call, service: 'KMS', action: 'kms:Sign', resource: keyId },
    (config) => new KMSClient(config),
    (client, abortSignal) => client.send(command, { abortSignal }),
  );
  if (signature && signature.length > 0) return Buffer.from(signature);
  throw new UnreachableError('KMS of AWS answered without a signature', {
    next: 'Check whether AWS_ENDPOINT_URL leads to something that is not AWS.',
  });
}
