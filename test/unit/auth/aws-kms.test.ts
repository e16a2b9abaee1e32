// Signatures that KMS makes, checked with the public key, and what is told where it makes none.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
import { describe, expect, test, vi } from 'vitest';
import { UnreachableError } from '../../../src/base/errors.ts';
import { assertHarmless, rejection } from '../github/support.ts';
import { makeKeyPair, signerFor, startTestAws } from './aws.ts';

const pair = makeKeyPair();
const { privateKey } = pair;
const KEY_ID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const input = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0';
const setting = '--app-private-key';

const keys = [
  { id: KEY_ID, alias: 'github-app', privateKey },
  { id: 'of-another-region', alias: 'elsewhere', privateKey, region: 'us-west-2' },
  { id: 'disabled', privateKey, state: 'Disabled' },
  { id: 'going', privateKey, state: 'PendingDeletion' },
  { id: 'without-material', privateKey, state: 'PendingImport' },
  { id: 'for-encryption', privateKey, usage: 'ENCRYPT_DECRYPT' },
  { id: 'denied', privateKey, isDenied: true },
] as const;

const start = async (keyId: string) => {
  const started = await startTestAws({ keys });
  return { ...started, signer: signerFor({ kind: 'aws-kms', keyId, setting }) };
};

describe('signs', () => {
  test.each([
    ['by id', KEY_ID],
    ['by alias', 'alias/github-app'],
    ['by ARN', `arn:aws:kms:eu-central-1:111122223333:key/${KEY_ID}`],
    ["in the ARN's region, whatever else is set", 'arn:aws:kms:us-west-2:111122223333:alias/elsewhere'],
  ])('%s', async (_how, keyId) => {
    const { aws, signer } = await start(keyId);
    expect(pair.verifies(input, await signer.sign(input))).toBe(true);
    expect(aws.requests).toMatchObject([
      {
        operation: 'Sign',
        region: keyId.includes('us-west-2') ? 'us-west-2' : 'eu-central-1',
        accessKeyId: aws.environment['AWS_ACCESS_KEY_ID'],
        body: {
          KeyId: keyId,
          MessageType: 'RAW',
          Message: Buffer.from(input).toString('base64'),
          SigningAlgorithm: 'RSASSA_PKCS1_V1_5_SHA_256',
        },
      },
    ]);
    expect(aws.requests[0]?.userAgent).toContain('gh-mcp-proxy/');
    expect(signer.concealed).toEqual([]);
  });

  test('what is longer than KMS takes, by its digest', async () => {
    const { aws, signer } = await start(KEY_ID);
    const long = 'x'.repeat(4097);
    expect(pair.verifies(long, await signer.sign(long))).toBe(true);
    expect(aws.requests).toMatchObject([{ body: { MessageType: 'DIGEST' } }]);
  });
});

describe('refused', () => {
  test.each([
    ['no-such-key', 'aws_not_found', 'has no key no-such-key in eu-central-1', 'AWS_REGION'],
    ['elsewhere', 'aws_not_found', 'has no key elsewhere', 'alias/NAME'],
    ['disabled', 'aws_key_disabled', 'is disabled', 'aws kms enable-key'],
    ['going', 'aws_key_unusable', 'scheduled for deletion', 'aws kms describe-key'],
    ['without-material', 'aws_key_unusable', 'not imported', 'aws kms describe-key'],
    ['for-encryption', 'aws_wrong_key', 'cannot make RS256 signatures', 'SIGN_VERIFY'],
    ['denied', 'aws_access_denied', 'user/emulated is not authorized to perform: kms:Sign', 'kms:Sign'],
  ])('%s', async (keyId, code, message, next) => {
    const { aws, signer } = await start(keyId);
    const refusal = await rejection(signer.sign(input));
    expect(refusal).toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
      next: expect.stringContaining(next) as string,
    });
    expect(String(refusal)).toContain(setting);
    expect(aws.requests).toHaveLength(1);
    assertHarmless(refusal, [...aws.secretsInUse(), ...pair.pieces]);
  });
});

describe('out of reach', () => {
  test('a failure of AWS is tried again', async () => {
    const { aws, signer } = await start(KEY_ID);
    aws.fault({ operation: 'Sign', kind: 'error', type: 'KMSInternalException', status: 500 });
    expect(pair.verifies(input, await signer.sign(input))).toBe(true);
    expect(aws.count('Sign')).toBe(2);
  });

  test.each([
    ['KMSInternalException', 500],
    ['ThrottlingException', 400],
    ['DependencyTimeoutException', 503],
  ])('%s that lasts', async (type, status) => {
    const { aws, signer } = await start(KEY_ID);
    vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
    aws.fault({ operation: 'Sign', kind: 'error', type, status });
    expect(await rejection(signer.sign(input))).toMatchObject({
      name: 'UnreachableError',
      message: 'KMS of AWS cannot answer just now',
    });
  });

  test('nobody listens there', async () => {
    const { aws, signer } = await start(KEY_ID);
    await aws.close();
    expect(await rejection(signer.sign(input))).toMatchObject({
      name: 'UnreachableError',
      message: `cannot reach ${aws.url} (ECONNREFUSED)`,
    });
  });

  test('something else answers', async () => {
    const { aws, signer } = await start(KEY_ID);
    aws.fault({ operation: 'Sign', kind: 'html', times: 9 });
    const failure = await rejection(signer.sign(input));
    expect(failure).toBeInstanceOf(UnreachableError);
    expect(failure).toMatchObject({
      message: `${aws.url} answered kms:Sign with something that is not of AWS (HTTP 200)`,
      next: expect.stringContaining('AWS_ENDPOINT_URL') as string,
    });
  });

  test('no answer within the limit', async () => {
    const { aws, signer } = await start(KEY_ID);
    aws.fault({ operation: 'Sign', kind: 'hang' });
    const failure = rejection(signer.sign(input));
    await signer.clock.pass(30_000);
    expect(await failure).toMatchObject({
      name: 'UnreachableError',
      message: 'KMS of AWS did not answer within 30 s',
      next: expect.stringContaining('--command-timeout') as string,
    });
  });

  test('nobody waits any more', async () => {
    const { aws, signer } = await start(KEY_ID);
    aws.fault({ operation: 'Sign', kind: 'hang' });
    const ending = new AbortController();
    const failure = rejection(signer.sign(input, ending.signal));
    await signer.clock.waitForTimer(30_000);
    const reason = new Error('the session ends');
    ending.abort(reason);
    expect(await failure).toBe(reason);
    expect(signer.clock.pending()).toEqual([]);
  });
});
