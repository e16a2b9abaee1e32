// How a client proves to a server's endpoints that it is the one it says (RFC 6749, section 2.3; RFC 7523, section 2.2).
// Not for: where its secret or key comes from.
import { createPrivateKey } from 'node:crypto';
import type { KeyObject, webcrypto } from 'node:crypto';
import type { ClientAuth } from 'oauth4webapi';
import type { Clock } from '../base/clock.ts';
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Server } from './discovery.ts';

export type ClientProof =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic' | 'post'; readonly secret: Secret }
  /** `key` is a private key as PEM, PKCS#8 or of its own kind: RSA signs RS256, P-256 signs ES256. */
  | { readonly kind: 'private-key-jwt'; readonly key: Secret; readonly setting: string };

export interface ProvenClient {
  readonly clientId: string;
  readonly proof: ClientProof;
  /** To whom a signed assertion is addressed: the issuer, or the token endpoint where nobody knows the issuer. */
  readonly audience: string;
  readonly clock: Clock;
}

/** Puts the proof into a request: into its form, or its headers (lower-case names). */
export type ProveClient = (form: URLSearchParams, headers: Record<string, string>) => Promise<void>;

/** @returns rejects with {@link RefusedError} where the key cannot be used, naming the setting that it came by */
export function createProveClient({ clientId, proof, audience, clock }: ProvenClient): ProveClient {
  let made: Promise<ClientAuth> | undefined;
  return async (form, headers) => {
    made ??= clientAuth(proof, clock);
    const added = new Headers();
    await (
      await made
    )({ issuer: audience }, { client_id: clientId }, form, added);
    for (const [name, value] of added) headers[name] = value;
  };
}

/** As the server lists it: what RFC 8414, section 2, has for one that lists nothing, else what it does list. */
export function proofBySecret({ metadata }: Server, secret: Secret | undefined): ClientProof {
  if (!secret) return { kind: 'none' };
  const methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
  const isPost = !methods.includes('client_secret_basic') && methods.includes('client_secret_post');
  return { kind: isPost ? 'post' : 'basic', secret };
}

async function clientAuth(proof: ClientProof, clock: Clock): Promise<ClientAuth> {
  const oauth = await import('oauth4webapi');
  if (proof.kind === 'none') return oauth.None();
  if (proof.kind === 'private-key-jwt')
    return oauth.PrivateKeyJwt(await signingKey(proof), {
      [oauth.modifyAssertion]: (_header, payload) => {
        const now = Math.floor(clock.now() / 1000);
        Object.assign(payload, { iat: now, nbf: now, exp: now + 60 });
      },
    });
  const secret = proof.secret.reveal();
  return proof.kind === 'post' ? oauth.ClientSecretPost(secret) : oauth.ClientSecretBasic(secret);
}

async function signingKey({
  key,
  setting,
}: Extract<ClientProof, { kind: 'private-key-jwt' }>): Promise<webcrypto.CryptoKey> {
  const parsed = parseKey(key, setting);
  const algorithm = algorithmOf(parsed);
  if (!algorithm) throw unusableKey(setting, 'is neither an RSA key nor one of the curve P-256');
  const bytes = parsed.export({ format: 'der', type: 'pkcs8' });
  return crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign']);
}

/** The parser's message may quote the text. */
function parseKey(key: Secret, setting: string): KeyObject {
  try {
    return createPrivateKey(key.reveal());
  } catch {
    throw unusableKey(setting, 'is no private key in PEM');
  }
}

function algorithmOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject) {
  if (type === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  return type === 'ec' && details?.namedCurve === 'prime256v1'
    ? { name: 'ECDSA', namedCurve: 'P-256' }
    : undefined;
}

function unusableKey(setting: string, why: string): RefusedError {
  return new RefusedError('unusable_key', `the key of ${setting} ${why}`, {
    next: 'Give a PEM file that begins with "-----BEGIN PRIVATE KEY-----" and is not encrypted.',
  });
}
