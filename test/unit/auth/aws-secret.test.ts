// Keys that Secrets Manager gives out: the text, bytes or a part of the JSON that is a secret; and how long they are kept.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
import { describe, expect, test } from 'vitest';
import { assertHarmless, rejection } from '../github/support.ts';
import { makeKeyPair, signerFor, startTestAws } from './aws.ts';

const first = makeKeyPair();
const second = makeKeyPair();
const input = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0';
const setting = '--app-private-key';
const ARN = 'arn:aws:secretsmanager:us-west-2:111122223333:secret:elsewhere';

const secrets = [
  { name: 'github/app', value: first.pem },
  { name: 'bytes', value: Buffer.from(first.pkcs8) },
  { name: 'json', value: JSON.stringify({ app_id: 1, pem: first.pem }) },
  { name: 'elsewhere', value: first.pem, region: 'us-west-2' },
  { name: 'denied', value: first.pem, isDenied: true },
  { name: 'deleted', value: first.pem, isDeleted: true },
  { name: 'sealed', value: first.pem, isUndecipherable: true },
  { name: 'blank', value: '\n' },
];

const start = async (id: string, jsonKey?: string) => {
  const started = await startTestAws({ secrets });
  const source = {
    kind: 'aws-secretsmanager',
    id,
    setting,
    ...(jsonKey !== undefined && { jsonKey }),
  } as const;
  return { ...started, signer: signerFor(source) };
};

describe('signs with', () => {
  test.each([
    ['a text', 'github/app', undefined, first.pem],
    ['bytes', 'bytes', undefined, first.pkcs8],
    ['a part of JSON', 'json', 'pem', first.pem],
    ["one of the ARN's region", `${ARN}-AbCdEf`, undefined, first.pem],
    ['one whose ARN is not complete', ARN, undefined, first.pem],
  ])('%s', async (_what, id, jsonKey, pem) => {
    const { aws, signer } = await start(id, jsonKey);
    expect(first.verifies(input, await signer.sign(input))).toBe(true);
    expect(aws.requests).toMatchObject([{ operation: 'GetSecretValue', body: { SecretId: id } }]);
    expect(signer.concealed).toEqual([pem]);
  });
});

describe('the key is kept', () => {
  test('for ten minutes', async () => {
    const { aws, signer } = await start('github/app');
    await signer.sign(input);
    aws.putSecret({ name: 'github/app', value: second.pem });
    signer.clock.advance(10 * 60_000 - 1);
    expect(first.verifies(input, await signer.sign(input))).toBe(true);
    expect(aws.count('GetSecretValue')).toBe(1);
    signer.clock.advance(1);
    expect(second.verifies(input, await signer.sign(input))).toBe(true);
    expect(aws.count('GetSecretValue')).toBe(2);
  });

  test('until a signature is refused', async () => {
    const { aws, signer } = await start('github/app');
    await signer.sign(input);
    aws.putSecret({ name: 'github/app', value: second.pem });
    signer.refused();
    expect(second.verifies(input, await signer.sign(input))).toBe(true);
  });

  test('not at all where it is none', async () => {
    const { aws, signer } = await start('json');
    expect(await rejection(signer.sign(input))).toMatchObject({
      code: 'bad_private_key',
      next: expect.stringContaining('#JSON-KEY') as string,
    });
    aws.putSecret({ name: 'json', value: first.pem });
    expect(first.verifies(input, await signer.sign(input))).toBe(true);
  });
});

describe('refused', () => {
  test.each([
    [
      'no-such-secret',
      undefined,
      'aws_not_found',
      'has no secret no-such-secret in eu-central-1',
      'AWS_REGION',
    ],
    ['denied', undefined, 'aws_access_denied', 'user/emulated is not authorized', 'kms:Decrypt'],
    ['deleted', undefined, 'aws_secret_unusable', 'scheduled for deletion', 'restore-secret'],
    ['sealed', undefined, 'aws_secret_unusable', 'cannot decrypt', 'KMS key'],
    ['blank', undefined, 'no_secret', 'is empty', 'PEM'],
    ['github/app', 'pem', 'no_secret', "is no JSON with a text at 'pem'", 'after the #'],
    ['json', 'key', 'no_secret', "is no JSON with a text at 'key'", 'after the #'],
    ['json', 'app_id', 'no_secret', "is no JSON with a text at 'app_id'", 'after the #'],
    ['json', 'toString', 'no_secret', "is no JSON with a text at 'toString'", 'after the #'],
  ])('%s, %s', async (id, jsonKey, code, message, next) => {
    const { aws, signer } = await start(id, jsonKey);
    const refusal = await rejection(signer.sign(input));
    expect(refusal).toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
      next: expect.stringContaining(next) as string,
    });
    expect(String(refusal)).toContain(setting);
    assertHarmless(refusal, [...aws.secretsInUse(), ...first.pieces]);
  });
});
