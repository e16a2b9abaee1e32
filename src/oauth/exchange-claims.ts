// What a JSON Web Token says of itself, unchecked: whose it is, until when, and whether it is bound to a key.
// Not for: trusting any of it; whoever takes the token checks its signature.
import type { Secret } from '../base/secret.ts';
import { asObject } from '../net/http.ts';

export interface Claims {
  /** Issuer and subject in one text, comparable and nothing else (RFC 7519, sections 4.1.1 and 4.1.2). */
  readonly subject: string | undefined;
  /** The subject alone, where it is fit to be shown. */
  readonly name: string | undefined;
  /** Milliseconds since the epoch (section 4.1.4). */
  readonly expiresAt: number | undefined;
  /** Whether only the holder of a key can use it (RFC 7800, section 3.1). */
  readonly isBound: boolean;
}

/** @returns `undefined` where it is no JWT: an opaque token says nothing to us */
export function claimsOf(token: Secret): Claims | undefined {
  const [header, payload, signature, ...more] = token.reveal().split('.');
  if (header === undefined || payload === undefined || signature === undefined || more.length > 0)
    return undefined;
  const fields = asObject(jsonIn(payload));
  if (!fields || !asObject(jsonIn(header))) return undefined;
  const { iss, sub, exp, cnf } = fields;
  return {
    subject:
      typeof sub === 'string' ? JSON.stringify([typeof iss === 'string' ? iss : null, sub]) : undefined,
    name: typeof sub === 'string' && /^[\w.@|:+-]{1,100}$/.test(sub) ? sub : undefined,
    expiresAt: typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined,
    isBound: asObject(cnf) !== undefined,
  };
}

function jsonIn(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
