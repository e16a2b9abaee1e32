// The JWT by which a GitHub App says who it is (RFC 7519, RS256).
// Not for: the key (signer.ts), or what is asked with it (client.ts).
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
import type { Signer } from './signer.ts';

/** How long before now it says that it was issued, in seconds: so much may this machine's clock be ahead. */
const BACKDATED = 60;
/** From then on, in seconds: GitHub's longest. */
const LIFE = 600;

const HEADER = encode({ alg: 'RS256', typ: 'JWT' });

export interface AppJwt {
  readonly jwt: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/**
 * @param issuer the app's id or its client id
 * @param now milliseconds since the epoch, as GitHub counts them
 * @throws what `sign` throws
 */
export async function createAppJwt(
  issuer: string,
  now: number,
  sign: Signer,
  signal: AbortSignal,
): Promise<AppJwt> {
  const iat = Math.floor(now / 1000) - BACKDATED;
  const exp = iat + LIFE;
  const input = `${HEADER}.${encode({ iat, exp, iss: issuer })}`;
  return { jwt: `${input}.${await sign(input, signal)}`, expiresAt: new Date(exp * 1000).toISOString() };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
