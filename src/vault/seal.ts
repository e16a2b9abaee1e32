// The envelope around a record: AES-256-GCM, bound to the record's identity (DESIGN 2.8).
// Not for: where keys come from (key-file.ts), files, or the meaning of what is sealed.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';
import { parseObject } from './record.ts';

const VERSION = 1;
const ALGORITHM = 'A256GCM';
/** 96 bits: the nonce length GCM is specified for (NIST SP 800-38D, 5.2.1.1). */
const NONCE_BYTES = 12;
/** 128 bits: Node would take shorter ones, which are easier to forge. */
const TAG_BYTES = 16;
export const KEY_BYTES = 32;

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

/** A sealed record as it lies on the disk. `newer`: another version wrote it, which is no damage. */
export type Envelope =
  | {
      readonly kind: 'sealed';
      readonly keyId: string | undefined;
      readonly nonce: Buffer;
      readonly tag: Buffer;
      readonly data: Buffer;
    }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'damaged' };

/**
 * The envelope's text.
 * @param bound the associated data: {@link open} needs the same
 */
export function seal(key: VaultKey, bound: string, text: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyBytes(key), nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(bound));
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  const envelope = {
    v: VERSION,
    alg: ALGORITHM,
    kid: key.id,
    nonce: nonce.toString('base64url'),
    tag: cipher.getAuthTag().toString('base64url'),
    data: data.toString('base64url'),
  };
  return `${JSON.stringify(envelope)}\n`;
}

/** Reads an envelope without opening it. */
export function parseEnvelope(text: string): Envelope {
  const fields = parseObject(text);
  const version = fields?.v;
  if (!fields || typeof version !== 'number' || !Number.isSafeInteger(version)) return { kind: 'damaged' };
  if (version > VERSION) return { kind: 'newer', version };
  const nonce = bytesOf(fields.nonce);
  const tag = bytesOf(fields.tag);
  const data = bytesOf(fields.data);
  const isWhole = nonce?.length === NONCE_BYTES && tag?.length === TAG_BYTES && data !== undefined;
  if (version !== VERSION || fields.alg !== ALGORITHM || !isWhole) return { kind: 'damaged' };
  return { kind: 'sealed', keyId: typeof fields.kid === 'string' ? fields.kid : undefined, nonce, tag, data };
}

/** The sealed text, or `undefined` where the key, the identity or a single bit is another one. */
export function open(
  key: VaultKey,
  bound: string,
  envelope: Envelope & { kind: 'sealed' },
): string | undefined {
  const decipher = createDecipheriv('aes-256-gcm', keyBytes(key), envelope.nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(bound));
  decipher.setAuthTag(envelope.tag);
  try {
    return Buffer.concat([decipher.update(envelope.data), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function keyBytes(key: VaultKey): Buffer {
  return Buffer.from(key.secret.reveal(), 'base64url');
}

function bytesOf(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? Buffer.from(value, 'base64url') : undefined;
}
