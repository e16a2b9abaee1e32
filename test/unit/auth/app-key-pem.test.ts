// A private key in the forms in which people paste it, and what they paste instead.
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { parsePrivateKey } from '../../../src/auth/app/private-key.ts';
import { assertHarmless } from '../github/support.ts';
import { makeKeyPair } from './aws.ts';

const setting = 'GITHUB_APP_PRIVATE_KEY';
const { privateKey, pem, pkcs8, pieces } = makeKeyPair();
const one = pem.split('\n');

describe('read', () => {
  test.each([
    ['PKCS#1, as GitHub gives it', pem],
    ['PKCS#8', pkcs8],
    ['a literal \\n', pem.replaceAll('\n', '\\n')],
    ['a literal \\r\\n', pem.replaceAll('\n', '\\r\\n')],
    ['CRLF', pem.replaceAll('\n', '\r\n')],
    ['lines that end in CR', pem.replaceAll('\n', '\r')],
    ['double quotes around it, with a literal \\n', `"${pem.replaceAll('\n', '\\n')}"`],
    ['single quotes around it', `'${pem}'`],
    ['lines that became one, with spaces', pem.trim().replaceAll('\n', ' ')],
    ['lines that became one, with nothing', pem.replaceAll('\n', '')],
    ['lines that are indented', pem.replaceAll('\n', '\n      ')],
    ['no newline at its end', pem.trimEnd()],
    ['a byte order mark before it', `\uFEFF${pem}`],
    ['words before and after it', `# the key of our app\n${pem}\n# end`],
    ['a certificate before it', `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n${pkcs8}`],
    ['Base64 of the whole', Buffer.from(pem).toString('base64')],
    ['Base64 of the whole in lines', `${Buffer.from(pem).toString('base64').replace(/.{76}/g, '$&\n')}\n`],
    ['Base64url of the whole', Buffer.from(pkcs8).toString('base64url')],
  ])('%s', (_form, text) => {
    expect(parsePrivateKey(new Secret(text), setting).equals(privateKey)).toBe(true);
  });
});

const publicPem = (type: 'spki' | 'pkcs1'): string =>
  createPublicKey(privateKey).export({ type, format: 'pem' }).toString();

describe('refused, and said what it is', () => {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 1024 }).privateKey;
  const locked = { cipher: 'aes-256-cbc', passphrase: 'secret' };

  test.each([
    ['encrypted PKCS#8', privateKey.export({ type: 'pkcs8', format: 'pem', ...locked }), 'is encrypted'],
    ['encrypted PKCS#1', privateKey.export({ type: 'pkcs1', format: 'pem', ...locked }), 'is encrypted'],
    ['an EC key (SEC 1)', ec.export({ type: 'sec1', format: 'pem' }), 'another kind (EC), not RSA'],
    ['an EC key (PKCS#8)', ec.export({ type: 'pkcs8', format: 'pem' }), 'another kind (ec), not RSA'],
    ['Ed25519', ed25519.export({ type: 'pkcs8', format: 'pem' }), 'another kind (ed25519), not RSA'],
    ['RSA-PSS', pss.export({ type: 'pkcs8', format: 'pem' }), 'another kind (rsa-pss), not RSA'],
    ['a public key', publicPem('spki'), 'is a public key'],
    ['a public key (PKCS#1)', publicPem('pkcs1'), 'is a public key'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', 'is a certificate'],
    ['another PEM', '-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----', 'is no private key'],
    [
      'an SSH key',
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----',
      'is an SSH key',
    ],
    ['a public SSH key', 'ssh-rsa AAAAB3NzaC1yc2E me@here', 'is an SSH key'],
    ['a PuTTY key', 'PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none', 'is an SSH key'],
    ['no last line', one.slice(0, -2).join('\n'), 'is cut off: its -----END line is missing'],
    ['no lines in the middle', [...one.slice(0, 5), ...one.slice(-2)].join('\n'), 'is damaged or cut off'],
    ['characters of no Base64', pem.replace(/[A-Z]{2}\n/, '??\n'), 'is damaged or cut off'],
    ['nothing between the lines', `${one[0]}\n${one.at(-2)}`, 'is damaged or cut off'],
    ['JSON', JSON.stringify({ pem }), 'is JSON'],
    ['a path', '/etc/secrets/app.pem', 'is a path'],
    ['the name of a file', 'my-app.private-key.pem', 'is a path'],
    ['only the Base64', pieces.join('\n'), 'it has no -----BEGIN line'],
    ['nothing', '', 'it has no -----BEGIN line'],
  ])('%s', (_form, text, words) => {
    let refusal: unknown;
    try {
      parsePrivateKey(new Secret(text.toString()), setting);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(RefusedError);
    expect(refusal).toMatchObject({
      code: 'bad_private_key',
      message: expect.stringContaining(words) as string,
      next: expect.stringMatching(/[.]$/) as string,
    });
    expect((refusal as RefusedError).message).toContain(setting);
    assertHarmless(refusal, pieces);
  });
});
