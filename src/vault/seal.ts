// The envelope around a record: AES-256-GCM, bound to the record's identity (DESIGN 2.8).
// Not for: where keys come from (keys.ts), files, or the meaning of what is sealed.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import { isText, isTextList, isTime, objectOf, parseObject } from './plain.ts';
import type { RecordIdentity } from './vault.ts';

const VERSION = 1;
const ALGORITHM = 'A256GCM';
/** 96 bits: the nonce length GCM is specified for (NIST SP 800-38D, 5.2.1.1). */
const NONCE_BYTES = 12;
/** 128 bits: Node would take shorter ones, which are easier to forge. */
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

/** Where a key is kept. Envelopes name it, so that nobody has to guess, and no record changes its kind in silence. */
export const KEY_KINDS = ['file', 'keychain', 'passphrase'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** A key and a short name that tells it from another one; the name goes into envelopes, the key never does. */
export interface VaultKey {
  /** The first 8 hex digits of the key's SHA-256: of 256 random bits that gives nothing away. */
  readonly id: string;
  /** The 32 bytes, base64url. */
  readonly secret: Secret;
}

/** @param bytes exactly {@link KEY_BYTES} of them */
export function keyFromBytes(bytes: Uint8Array): VaultKey {
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 8);
  return { id, secret: new Secret(Buffer.from(bytes).toString('base64url')) };
}

/** The key that a text is, as {@link VaultKey.secret} holds it, or `undefined`. */
export function keyFromText(text: string): VaultKey | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.length === KEY_BYTES && bytes.toString('base64url') === text ? keyFromBytes(bytes) : undefined;
}

/** AES-256-GCM and nothing else: nonce, tag and data, each base64url. */
export interface Box {
  readonly nonce: string;
  readonly tag: string;
  readonly data: string;
}

/**
 * @param key {@link KEY_BYTES} of them
 * @param bound the associated data: {@link openBox} needs the same
 */
export function sealBox(key: Uint8Array, bound: string, text: string): Box {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(bound));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return {
    nonce: nonce.toString('base64url'),
    tag: cipher.getAuthTag().toString('base64url'),
    data: data.toString('base64url'),
  };
}

/** The sealed text, or `undefined` where the key, what it is bound to or a single bit is another one. */
export function openBox(key: Uint8Array, bound: string, box: Box): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(box.nonce, 'base64url'), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(Buffer.from(box.tag, 'base64url'));
  try {
    return Buffer.concat([decipher.update(Buffer.from(box.data, 'base64url')), decipher.final()]).toString(
      'utf8',
    );
  } catch {
    return undefined;
  }
}

/** The box in the fields of an object, or `undefined` where its parts are missing or of another length. */
export function boxOf(fields: Readonly<Record<string, unknown>>): Box | undefined {
  const { nonce, tag, data } = fields;
  if (typeof nonce !== 'string' || typeof tag !== 'string' || typeof data !== 'string') return undefined;
  const isWhole = lengthOf(nonce) === NONCE_BYTES && lengthOf(tag) === TAG_BYTES;
  return isWhole ? { nonce, tag, data } : undefined;
}

/** A sealed record as it lies on the disk. `newer`: another version wrote it, which is no damage. */
export type Envelope =
  | SealedEnvelope
  | { readonly kind: 'logged-out'; readonly at: number }
  | { readonly kind: 'newer' }
  | { readonly kind: 'damaged' };

export interface SealedEnvelope {
  readonly kind: 'sealed';
  readonly keyKind: KeyKind;
  readonly keyId: string | undefined;
  /** Whose record it says it is: believed only where the file's name says the same. */
  readonly subject: RecordIdentity | undefined;
  readonly box: Box;
}

/** A key with its kind. */
export interface SealingKey {
  readonly kind: KeyKind;
  readonly key: VaultKey;
}

/**
 * The envelope's text.
 * @param subject whose it is, in plain: it holds no secret, and lets `status` tell what there is
 * @param bound the associated data: {@link openEnvelope} needs the same
 */
export function seal(
  { kind, key }: SealingKey,
  subject: RecordIdentity,
  bound: string,
  text: string,
): string {
  const { mode, issuer, clientId, profile, scopes } = subject;
  const envelope = {
    v: VERSION,
    alg: ALGORITHM,
    for: { mode, issuer, clientId, profile, scopes },
    key: kind,
    kid: key.id,
    ...sealBox(bytesOf(key), bound, text),
  };
  return `${JSON.stringify(envelope)}\n`;
}

/** What lies in a record's place after a logout. */
export function loggedOutMark(at: number): string {
  return `${JSON.stringify({ v: VERSION, loggedOut: at })}\n`;
}

/** Reads an envelope without opening it. */
export function parseEnvelope(text: string): Envelope {
  const fields = parseObject(text);
  const version = fields?.v;
  if (!fields || typeof version !== 'number' || !Number.isSafeInteger(version)) return { kind: 'damaged' };
  if (version > VERSION) return { kind: 'newer' };
  if (version !== VERSION) return { kind: 'damaged' };
  if (isTime(fields.loggedOut)) return { kind: 'logged-out', at: fields.loggedOut };
  const box = boxOf(fields);
  // Records were sealed with the key file alone before envelopes said with what.
  const keyKind = fields.key ?? 'file';
  if (fields.alg !== ALGORITHM || !box || typeof keyKind !== 'string') return { kind: 'damaged' };
  const known = KEY_KINDS.find((kind) => kind === keyKind);
  if (!known) return { kind: 'newer' };
  return {
    kind: 'sealed',
    keyKind: known,
    keyId: typeof fields.kid === 'string' ? fields.kid : undefined,
    subject: subjectOf(fields.for),
    box,
  };
}

/** The sealed text, or `undefined` where the key, the identity or a single bit is another one. */
export function openEnvelope(key: VaultKey, bound: string, envelope: SealedEnvelope): string | undefined {
  return openBox(bytesOf(key), bound, envelope.box);
}

function subjectOf(value: unknown): RecordIdentity | undefined {
  const { mode, issuer, clientId, profile, scopes } = objectOf(value) ?? {};
  if (!isText(mode) || !isText(issuer) || !isText(clientId) || !isText(profile)) return undefined;
  return isTextList(scopes) ? { mode, issuer, clientId, profile, scopes } : undefined;
}

function bytesOf(key: VaultKey): Buffer {
  return Buffer.from(key.secret.reveal(), 'base64url');
}

function lengthOf(base64url: string): number {
  return Buffer.from(base64url, 'base64url').length;
}
