// The answer of GitHub's token endpoint when it grants a token, checked by hand (RFC 6749, section 5.1).
// Not for: its error answers (oauth-refusal.ts), or what becomes of the token (auth/).
import { UnreachableError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';

/** Times are milliseconds since the epoch. */
export interface TokenGrant {
  readonly accessToken: Secret;
  /** Present for GitHub App user tokens that expire; what OAuth Apps give has neither this nor `expiresAt`. */
  readonly refreshToken?: Secret;
  readonly issuedAt: number;
  readonly expiresAt?: number;
  readonly refreshTokenExpiresAt?: number;
  /** `undefined` where the answer does not speak of scopes. */
  readonly scopes: readonly string[] | undefined;
}

/** Tokens end up in headers and in an environment: only visible ASCII may get there (RFC 6749, appendix A.12). */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/**
 * @param fields the parsed answer
 * @param now when it was received
 * @throws {UnreachableError} it has an `access_token` that nobody could use; no part of it is in the message
 */
export function parseTokenGrant(
  fields: Readonly<Record<string, unknown>>,
  now: number,
  label: string,
): TokenGrant {
  const accessToken = tokenOf(fields.access_token, label);
  const type = fields.token_type;
  if (type !== undefined && !(typeof type === 'string' && type.toLowerCase() === 'bearer'))
    throw nonsense(label);
  const refreshToken = isAbsent(fields.refresh_token) ? undefined : tokenOf(fields.refresh_token, label);
  const expiresAt = momentAfter(now, fields.expires_in);
  const refreshTokenExpiresAt = momentAfter(now, fields.refresh_token_expires_in);
  return {
    accessToken,
    ...(refreshToken && { refreshToken }),
    issuedAt: now,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshToken && refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    scopes: typeof fields.scope === 'string' ? parseScopes(fields.scope) : undefined,
  };
}

/** GitHub separates granted scopes by commas, RFC 6749 by spaces. */
function parseScopes(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

function tokenOf(value: unknown, label: string): Secret {
  if (typeof value !== 'string' || !TOKEN.test(value)) throw nonsense(label);
  return new Secret(value);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** @param seconds a number, or one as text; absent, 0 and nonsense mean that nobody knows */
function momentAfter(now: number, seconds: unknown): number | undefined {
  const number = typeof seconds === 'string' ? Number(seconds) : seconds;
  return typeof number === 'number' && Number.isFinite(number) && number > 0
    ? now + number * 1000
    : undefined;
}

function nonsense(label: string): UnreachableError {
  return new UnreachableError(`${label} answered with a token that cannot be used`, {
    next: 'Check --gh-host (GITHUB_HOST) and try again.',
  });
}
