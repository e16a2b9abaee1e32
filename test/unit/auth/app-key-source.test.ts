// The forms in which a setting names a private key.
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { parseArn, parseKeySource, settingOf } from '../../../src/auth/app/key-source.ts';

const setting = '--app-private-key';
const KMS_ARN = 'arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:github/app-AbCdEf';

test.each([
  ['file:/etc/app.pem', { kind: 'file', path: '/etc/app.pem' }],
  ['env:MY_KEY', { kind: 'env', name: 'MY_KEY' }],
  ['command:op read "op://vault/app/pem"', { kind: 'command', command: 'op read "op://vault/app/pem"' }],
  ['aws-kms:alias/github-app', { kind: 'aws-kms', keyId: 'alias/github-app' }],
  [' aws-kms: 1234abcd-12ab ', { kind: 'aws-kms', keyId: '1234abcd-12ab' }],
  [`aws-kms:${KMS_ARN}`, { kind: 'aws-kms', keyId: KMS_ARN }],
  ['aws-secretsmanager:github/app', { kind: 'aws-secretsmanager', id: 'github/app' }],
  [
    `aws-secretsmanager:${SECRET_ARN}#private key`,
    { kind: 'aws-secretsmanager', id: SECRET_ARN, jsonKey: 'private key' },
  ],
])('%s', (text, source) => {
  expect(parseKeySource(text, setting)).toEqual({ ...source, setting });
});

const errorOf = (text: string): UsageError => {
  try {
    parseKeySource(text, setting);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('it was taken');
};

describe('what is none names the setting and lists what it takes', () => {
  test.each(['', 'key.pem', '/etc/app.pem', 'vault:secret/app', 'AWS-KMS:alias/x', 'aws-ssm:/app'])(
    "'%s'",
    (text) => {
      const { message, next } = errorOf(text);
      expect(message).toContain(setting);
      for (const form of ['file:', 'env:', 'command:', 'aws-secretsmanager:', 'aws-kms:', '#JSON-KEY'])
        expect(message).toContain(form);
      expect(next).toContain('--app-private-key-path');
    },
  );

  test('a key itself is not repeated', () => {
    const { message, next } = errorOf('-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA');
    expect(`${message} ${next}`).not.toContain('MIIE');
    expect(next).toContain('GITHUB_APP_PRIVATE_KEY');
  });

  test.each([
    ['aws-kms:', 'nothing after aws-kms:'],
    ['aws-kms:my key', 'a space'],
    [`aws-kms:${SECRET_ARN}`, 'an ARN of secretsmanager after aws-kms:'],
    ['aws-secretsmanager:', 'nothing after aws-secretsmanager:'],
    ['aws-secretsmanager:#pem', 'nothing after aws-secretsmanager:'],
    ['aws-secretsmanager:github/app#', 'no name of a JSON key after the #'],
    [`aws-secretsmanager:${KMS_ARN}`, 'an ARN of kms after aws-secretsmanager:'],
    ['env:not-a-name', 'env:'],
    ['file:', 'file:'],
  ])('%s', (text, words) => {
    const { message } = errorOf(text);
    expect(message).toContain(setting);
    expect(message).toContain(words);
  });
});

test('errors name the setting that was given, else the one that has the kind to itself', () => {
  expect(settingOf({ kind: 'file', path: 'x', setting })).toBe(setting);
  expect(settingOf({ kind: 'file', path: 'x' })).toContain('GITHUB_APP_PRIVATE_KEY_PATH');
  expect(settingOf({ kind: 'aws-kms', keyId: 'x' })).toContain('GH_MCP_PROXY_APP_PRIVATE_KEY');
  expect(settingOf({ kind: 'pem', pem: new Secret('x'), from: 'GITHUB_APP_PRIVATE_KEY' })).toBe(
    'GITHUB_APP_PRIVATE_KEY',
  );
});

test('an ARN tells its service and region', () => {
  expect(parseArn(KMS_ARN)).toEqual({ service: 'kms', region: 'us-west-2' });
  expect(parseArn('alias/github-app')).toBeUndefined();
});
