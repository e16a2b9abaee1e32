// Whose credentials a key service is asked with, and in which region: the standard ways of AWS, one after the other.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ROLE_TOKEN } from '../../../fixtures/aws/emulator.mjs';
import type { AwsEmulator } from '../../../fixtures/aws/emulator.mjs';
import { assertHarmless, rejection } from '../github/support.ts';
import { makeKeyPair, signerFor, startTestAws } from './aws.ts';

const pair = makeKeyPair();
const input = 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIxIn0';
const setting = '--app-private-key';
const keys = [
  { id: 'the-key', privateKey: pair.privateKey },
  { id: 'the-key', privateKey: pair.privateKey, region: 'us-west-2' },
];
const USERS = [
  { accessKeyId: 'AKIAFIRSTFIRSTFIRST1', secretAccessKey: 'secret-access-key-of-the-first-0123456789' },
  {
    accessKeyId: 'ASIASECONDSECONDSEC2',
    secretAccessKey: 'secret-access-key-of-the-second-012345678',
    sessionToken: 'session-token-of-the-second-0123456789',
  },
] as const;
const [first, second] = USERS;

const sign = () => signerFor({ kind: 'aws-kms', keyId: 'the-key', setting }).sign(input);

/** @param environment on top of the emulator's; `undefined` takes a variable away */
async function start(environment: Readonly<Record<string, string | undefined>>, now = Date.now) {
  const started = await startTestAws({ keys, credentials: USERS, now });
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  return started;
}

const WITHOUT_KEYS = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
const profile = (name: string, { accessKeyId, secretAccessKey }: (typeof USERS)[number], more = ''): string =>
  `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n${more}\n`;

const lastOf = ({ requests }: AwsEmulator) => requests.at(-1);

describe('credentials', () => {
  test('of the environment, with a session token', async () => {
    const { aws } = await start({
      AWS_ACCESS_KEY_ID: second.accessKeyId,
      AWS_SECRET_ACCESS_KEY: second.secretAccessKey,
      AWS_SESSION_TOKEN: second.sessionToken,
    });
    expect(pair.verifies(input, await sign())).toBe(true);
    expect(lastOf(aws)?.accessKeyId).toBe(second.accessKeyId);
  });

  test('of a profile, read anew for each signature', async () => {
    const { aws, home } = await start({ ...WITHOUT_KEYS, AWS_PROFILE: 'work' });
    const file = path.join(home, 'credentials');
    writeFileSync(file, profile('work', first));
    await sign();
    expect(lastOf(aws)?.accessKeyId).toBe(first.accessKeyId);
    writeFileSync(file, profile('work', second, `aws_session_token = ${second.sessionToken}`));
    await sign();
    expect(lastOf(aws)?.accessKeyId).toBe(second.accessKeyId);
  });

  test('of a command that a profile names', async () => {
    const { aws, home } = await start(WITHOUT_KEYS);
    const printed = path.join(home, 'printed.json');
    writeFileSync(
      printed,
      JSON.stringify({
        Version: 1,
        AccessKeyId: first.accessKeyId,
        SecretAccessKey: first.secretAccessKey,
      }),
    );
    writeFileSync(path.join(home, 'config'), `[default]\ncredential_process = cat ${printed}\n`);
    expect(pair.verifies(input, await sign())).toBe(true);
    expect(lastOf(aws)?.accessKeyId).toBe(first.accessKeyId);
  });

  test('of a web identity', async () => {
    const { aws, home } = await start({
      ...WITHOUT_KEYS,
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/emulated',
    });
    vi.stubEnv('AWS_WEB_IDENTITY_TOKEN_FILE', path.join(home, 'token'));
    writeFileSync(path.join(home, 'token'), ROLE_TOKEN);
    expect(pair.verifies(input, await sign())).toBe(true);
    expect(lastOf(aws)?.accessKeyId).toMatch(/^ASIA/);
  });

  test('of a container', async () => {
    const { aws } = await start(WITHOUT_KEYS);
    vi.stubEnv('AWS_CONTAINER_CREDENTIALS_FULL_URI', `${aws.url}/container`);
    vi.stubEnv('AWS_CONTAINER_AUTHORIZATION_TOKEN', ROLE_TOKEN);
    expect(pair.verifies(input, await sign())).toBe(true);
    expect(lastOf(aws)?.accessKeyId).toMatch(/^ASIA/);
  });

  test('of an instance', async () => {
    const { aws } = await start({ ...WITHOUT_KEYS, AWS_EC2_METADATA_DISABLED: undefined });
    vi.stubEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT', aws.url);
    expect(pair.verifies(input, await sign())).toBe(true);
    expect(lastOf(aws)?.accessKeyId).toMatch(/^ASIA/);
  });

  test.each([
    [
      'of nobody',
      WITHOUT_KEYS,
      'aws_no_credentials',
      'no AWS credentials were found here for --app-private-key',
    ],
    [
      'that AWS does not know',
      { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWN' },
      'aws_credentials_refused',
      'AWS does not accept the credentials that were found here',
    ],
    [
      'with a wrong secret',
      {
        AWS_ACCESS_KEY_ID: second.accessKeyId,
        AWS_SECRET_ACCESS_KEY: first.secretAccessKey,
        AWS_SESSION_TOKEN: second.sessionToken,
      },
      'aws_credentials_refused',
      'AWS does not accept the credentials that were found here',
    ],
  ])('%s are told of, without any', async (_whose, environment, code, message) => {
    const { aws } = await start(environment);
    const refusal = await rejection(sign());
    expect(refusal).toMatchObject({
      code,
      message,
      next: expect.stringContaining('aws sts get-caller-identity') as string,
    });
    assertHarmless(refusal, aws.secretsInUse());
  });

  test('that have expired are told of', async () => {
    const { aws } = await start({});
    aws.fault({ operation: 'Sign', kind: 'error', type: 'ExpiredTokenException', message: 'expired' });
    expect(await rejection(sign())).toMatchObject({
      code: 'aws_credentials_expired',
      next: expect.stringContaining('aws sso login') as string,
    });
  });

  test.each([
    [
      'aws sso login',
      '[profile work]\nsso_session = work\nsso_account_id = 111122223333\nsso_role_name = Reader\n[sso-session work]\nsso_region = eu-central-1\nsso_start_url = https://example.test/start\n',
    ],
    ['aws login', '[profile work]\nlogin_session = arn:aws:iam::111122223333:user/emulated\n'],
  ])('of a session of `%s` that is over are told of', async (command, config) => {
    const { home } = await start({ ...WITHOUT_KEYS, AWS_PROFILE: 'work' });
    vi.stubEnv('HOME', home);
    writeFileSync(path.join(home, 'config'), config);
    expect(await rejection(sign())).toMatchObject({
      code: 'aws_credentials_expired',
      next: expect.stringContaining(command) as string,
    });
  });
});

test("a machine's clock may be wrong by hours", async () => {
  await start({}, () => Date.now() - 7_200_000);
  expect(pair.verifies(input, await sign())).toBe(true);
});

test('the role may be what is not allowed', async () => {
  const { aws } = await start({});
  const message =
    'User: arn:aws:iam::111122223333:user/emulated is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/signer';
  aws.fault({ operation: 'Sign', kind: 'error', type: 'AccessDenied', message, status: 403 });
  expect(await rejection(sign())).toMatchObject({
    code: 'aws_access_denied',
    message: `AWS does not allow sts:AssumeRole for the-key (${setting}): ${message}`,
    next: 'Give the identity that the proxy runs with the permission sts:AssumeRole.',
  });
});

describe('the region', () => {
  test.each([
    ['of AWS_REGION', { AWS_REGION: 'us-west-2', AWS_DEFAULT_REGION: 'eu-central-1' }],
    ['of AWS_DEFAULT_REGION', { AWS_REGION: undefined, AWS_DEFAULT_REGION: 'us-west-2' }],
  ])('%s', async (_which, environment) => {
    const { aws } = await start(environment);
    await sign();
    expect(lastOf(aws)?.region).toBe('us-west-2');
  });

  test('of the profile', async () => {
    const { aws, home } = await start({ AWS_REGION: undefined });
    writeFileSync(path.join(home, 'config'), '[default]\nregion = us-west-2\n');
    await sign();
    expect(lastOf(aws)?.region).toBe('us-west-2');
  });

  test.each([
    ['missing', undefined],
    ['none', 'not a region'],
  ])('that is %s is told of', async (_what, region) => {
    const { aws } = await start({ AWS_REGION: region });
    expect(await rejection(sign())).toMatchObject({
      code: 'aws_region',
      message: expect.stringContaining(setting) as string,
      next: expect.stringContaining('AWS_REGION') as string,
    });
    expect(aws.requests).toEqual([]);
  });
});

describe('the endpoint', () => {
  test('of one service goes before that of all', async () => {
    const { aws } = await start({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', aws.url);
    expect(pair.verifies(input, await sign())).toBe(true);
  });

  test('that is no URL is told of', async () => {
    await start({ AWS_ENDPOINT_URL: 'not a url' });
    expect(await rejection(sign())).toMatchObject({
      next: expect.stringContaining('AWS_ENDPOINT_URL') as string,
    });
  });
});
