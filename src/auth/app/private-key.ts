// The RSA key in a text, in each form in which people paste one; and for what is none, what it is instead.
// Not for: where the text comes from (signer.ts). No error here holds a byte of it.
import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { RefusedError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';

/**
 * A PEM of PKCS#1 (as GitHub gives it) or PKCS#8. Read as well: lines that end in CRLF, in a literal `\n`, in spaces or
 * not at all, quotes around the whole, text before and after, and the Base64 of a whole PEM.
 * @param setting that names or holds it, such as `GITHUB_APP_PRIVATE_KEY`
 * @throws {RefusedError} `bad_private_key`: it is no RSA key that can sign; what it seems to be and what to do
 */
export function parsePrivateKey(text: Secret, setting: string): KeyObject {
  const refuse = (what: string, next: string): RefusedError =>
    new RefusedError('bad_private_key', `the private key of ${setting} ${what}`, { next });
  const plain = unpacked(text.reveal());
  // Whoever has JSON has several texts, and names the one that is the key.
  const block = plain.startsWith('{') ? undefined : privateBlock(plain);
  if (!block) throw refuse(...withoutBlock(plain));
  const { label, body, isWhole } = block;

  if (label === 'ENCRYPTED PRIVATE KEY' || /ENCRYPTED|DEK-Info/.test(body))
    throw refuse('is encrypted, and there is nobody to ask for its passphrase', DECRYPT);
  if (label === 'OPENSSH PRIVATE KEY') throw refuse('is an SSH key', GENERATE);
  if (label === 'EC PRIVATE KEY' || label === 'DSA PRIVATE KEY')
    throw refuse(`is a key of another kind (${label.slice(0, -' PRIVATE KEY'.length)}), not RSA`, GENERATE);
  if (label.endsWith('PUBLIC KEY')) throw refuse('is a public key', GENERATE);
  if (label === 'CERTIFICATE') throw refuse('is a certificate', GENERATE);
  if (label !== 'RSA PRIVATE KEY' && label !== 'PRIVATE KEY')
    throw refuse('is a PEM of something that is no private key', GENERATE);
  if (!isWhole) throw refuse('is cut off: its -----END line is missing', WHOLE);

  const key = readKey(body, label === 'PRIVATE KEY' ? 'pkcs8' : 'pkcs1');
  if (!key) throw refuse('is damaged or cut off: it cannot be read as a key', WHOLE);
  if (key.asymmetricKeyType !== 'rsa')
    throw refuse(`is a key of another kind (${key.asymmetricKeyType}), not RSA`, GENERATE);
  return key;
}

const GENERATE =
  "Give the .pem file that GitHub makes: Generate a private key, on the app's own settings page, under General.";
const DECRYPT =
  'Write it without one (openssl rsa -in ENCRYPTED.pem -out KEY.pem, then chmod 600 KEY.pem), or generate a new key on the settings page of the app.';
const WHOLE = 'Give the whole .pem file, from its -----BEGIN line to its -----END line.';

/** A block of PEM (RFC 7468), its labels not compared with their like in lower case, and its end where there is one. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)(-----END \1-----|$)/g;

interface Block {
  readonly label: string;
  readonly body: string;
  readonly isWhole: boolean;
}

/** The first block that says it is a private key, else the first: files of certificates hold both. */
function privateBlock(text: string): Block | undefined {
  const blocks = [...text.matchAll(BLOCK)].map(([, label = '', body = '', end]) => ({
    label,
    body,
    isWhole: end !== '',
  }));
  return blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0];
}

/** Line ends, quotes and escapes as they were before somebody put the text into a variable or a JSON file. */
function unpacked(text: string): string {
  const plain = text
    .trim()
    .replace(/^(["'])([^]*)\1$/, '$2')
    .replace(/(?:\\r)?\\n/g, '\n');
  if (plain.includes('-----') || !/^[\w+/=\s-]+$/.test(plain)) return plain;
  const decoded = Buffer.from(plain, 'base64').toString('latin1');
  return decoded.includes('-----BEGIN ') ? unpacked(decoded) : plain;
}

function readKey(body: string, type: 'pkcs1' | 'pkcs8'): KeyObject | undefined {
  const base64 = body.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  try {
    return createPrivateKey({ key: Buffer.from(base64, 'base64'), format: 'der', type });
  } catch {
    return undefined;
  }
}

/** What a text without any PEM is, as what is told and what to do. */
function withoutBlock(text: string): [what: string, next: string] {
  if (/^(?:ssh-|ecdsa-|sk-|PuTTY-User-Key-File)/.test(text)) return ['is an SSH key', GENERATE];
  if (text.startsWith('{'))
    return [
      'is JSON, not a PEM',
      'Where a secret of AWS is JSON, name the key in it: aws-secretsmanager:ID#JSON-KEY.',
    ];
  if (/^\S+\.(?:pem|key)$/.test(text) || /^[./~][^\n]*$/.test(text))
    return ['is a path, not a key', 'Give the path to --app-private-key-path (GITHUB_APP_PRIVATE_KEY_PATH).'];
  return ['is no PEM: it has no -----BEGIN line', WHOLE];
}
