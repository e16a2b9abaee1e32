// How a client proves which one it is (RFC 6749, section 2.3.1; RFC 7523, sections 2.2 and 3).
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { ClientProof } from '../../../src/oauth/client-auth.ts';
import { createProveClient, proofBySecret } from '../../../src/oauth/client-auth.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertHarmless, rejection } from '../github/support.ts';

const ODD = 's3cret: with/odd+characters%20';
const AUDIENCE = 'https://issuer.example';

async function prove(proof: ClientProof, clientId = 'the client') {
  const clock = createFakeClock();
  const form = new URLSearchParams({ grant_type: 'refresh_token' });
  const headers: Record<string, string> = { accept: 'application/json' };
  await createProveClient({ clientId, proof, audience: AUDIENCE, clock })(form, headers);
  return { fields: Object.fromEntries(form), headers, clock };
}

test('a public client names itself', async () => {
  const { fields, headers } = await prove({ kind: 'none' });
  expect(fields).toEqual({ grant_type: 'refresh_token', client_id: 'the client' });
  expect(headers).toEqual({ accept: 'application/json' });
});

test('a secret goes into the form as it is', async () => {
  const { fields, headers } = await prove({ kind: 'post', secret: new Secret(ODD) });
  expect(fields).toMatchObject({ client_id: 'the client', client_secret: ODD });
  expect(headers).toEqual({ accept: 'application/json' });
});

test('a secret is form-encoded before it goes into the header (RFC 6749, 2.3.1)', async () => {
  const { fields, headers } = await prove({ kind: 'basic', secret: new Secret(ODD) });
  const [scheme, encoded = ''] = headers['authorization']?.split(' ') ?? [];
  const [user, password] = Buffer.from(encoded, 'base64').toString().split(':');
  expect(scheme).toBe('Basic');
  const decoded = [...new URLSearchParams(`${user}=${password}`)];
  expect(decoded).toEqual([['the client', ODD]]);
  expect(JSON.stringify(fields)).not.toContain('s3cret');
});

const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1') =>
  new Secret(key.export({ format: 'pem', type }).toString());
const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());

describe('a key signs an assertion', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  test.each([
    ['RSA, PKCS#8', 'RS256', pem(rsa.privateKey, 'pkcs8'), rsa.publicKey],
    ['RSA, PKCS#1', 'RS256', pem(rsa.privateKey, 'pkcs1'), rsa.publicKey],
    ['P-256, PKCS#8', 'ES256', pem(ec.privateKey, 'pkcs8'), ec.publicKey],
    ['P-256, SEC 1', 'ES256', pem(ec.privateKey, 'sec1'), ec.publicKey],
  ])('of %s by %s', async (_kind, alg, key, publicKey) => {
    const { fields, clock } = await prove({ kind: 'private-key-jwt', key, setting: '--key-file' });
    const jwt = fields['client_assertion'] ?? '';
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const now = clock.now() / 1000;
    expect(read(header)).toMatchObject({ alg });
    expect(read(payload)).toMatchObject({
      iss: 'the client',
      sub: 'the client',
      aud: AUDIENCE,
      iat: now,
      exp: now + 60,
      jti: expect.stringMatching(/^.{20,}$/) as string,
    });
    expect(fields).toMatchObject({
      client_id: 'the client',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    });
    const signed = Buffer.from(`${header}.${payload}`);
    const by = {
      key: createPublicKey(publicKey.export({ format: 'pem', type: 'spki' })),
      dsaEncoding: 'ieee-p1363' as const,
    };
    expect(verify('sha256', signed, by, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  test('another one each time', async () => {
    const proof = {
      kind: 'private-key-jwt',
      key: pem(ec.privateKey, 'pkcs8'),
      setting: '--key-file',
    } as const;
    const clock = createFakeClock();
    const proveIt = createProveClient({ clientId: 'c', proof, audience: AUDIENCE, clock });
    const assertions = await Promise.all(
      [1, 2].map(async () => {
        const form = new URLSearchParams();
        await proveIt(form, {});
        return form.get('client_assertion');
      }),
    );
    expect(new Set(assertions).size).toBe(2);
  });

  test.each([
    ['no PEM', new Secret('-----BEGIN PRIVATE KEY-----\nnonsenseOfMine\n-----END PRIVATE KEY-----')],
    ['of another curve', pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey, 'pkcs8')],
    ['of another kind', pem(generateKeyPairSync('ed25519').privateKey, 'pkcs8')],
  ])('but not one that is %s', async (_what, key) => {
    const error = await rejection(prove({ kind: 'private-key-jwt', key, setting: '--key-file' }));
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      code: 'unusable_key',
      message: expect.stringContaining('--key-file') as string,
    });
    assertHarmless(error, [key.reveal(), 'nonsenseOfMine']);
  });
});

test.each([
  [undefined, 'basic'],
  [['client_secret_basic', 'client_secret_post'], 'basic'],
  [['client_secret_post'], 'post'],
  [['private_key_jwt'], 'basic'],
])('of methods %j a client with a secret takes %s (RFC 8414, section 2)', (methods, kind) => {
  const metadata = { issuer: AUDIENCE, ...(methods && { token_endpoint_auth_methods_supported: methods }) };
  expect(proofBySecret({ label: 'issuer.example', metadata }, new Secret('s'))).toMatchObject({ kind });
  expect(proofBySecret({ label: 'issuer.example', metadata }, undefined)).toEqual({ kind: 'none' });
});
