// What only the process that began a login can know: the proof of possession of its code (RFC 7636), and its state.
// Not for: sending any of it.
import { createHash, randomBytes } from 'node:crypto';
import { Secret } from '../base/secret.ts';

export interface Pkce {
  /** 43 characters, shown to nobody but the token endpoint (RFC 7636, section 4.1). */
  readonly verifier: Secret;
  /** Its SHA-256, for `code_challenge` with the method `S256`. */
  readonly challenge: string;
}

/** 32 bytes: what RFC 7636, section 7.1, recommends. */
const BYTES = 32;

export function createPkce(): Pkce {
  const verifier = randomBytes(BYTES).toString('base64url');
  return {
    verifier: new Secret(verifier),
    challenge: createHash('sha256').update(verifier).digest('base64url'),
  };
}

/** What ties the answer to the question (RFC 6749, section 10.12). In the address that the person opens: no secret. */
export function createState(): string {
  return randomBytes(BYTES).toString('base64url');
}
