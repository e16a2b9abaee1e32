// The answer of a token endpoint that grants a token, checked by hand (RFC 6749, section 5.1).
// Not for: error answers (github/, oauth/), or what becomes of the token (auth/).
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

/** Who answered, for a person. */
export interface GrantingServer {
  readonly label: string;
  /** What names it, such as `--issuer`. */
  readonly setting: string;
}

/** Tokens end up in headers and in an environment: only visible ASCII may get there (RFC 6749, appendix A.12). */
const TOKEN = /^[\x21-\x7e]{1,4096}$/;
/** Scopes are shown to people and models: visible ASCII (RFC 6749, section 3.3), and not more of it than a scope has. */
const SCOPE = /^[\x21-\x7e]{1,256}$/;
/** The end of the year 9999, in ms since the epoch: some servers say "never" by a number that no date can hold. */
const LATEST = Date.UTC(10_000, 0) - 1;

/**
 * @param fields the parsed answer
 * @param now when it was received
 * @param server how it is named in an error
 * @throws {UnreachableError} it has an `access_token` that nobody could use; no part of it is in the message
 */
export function parseTokenGrant(
  fields: Readonly<Record<string, unknown>>,
  now: number,
  server: GrantingServer,
): TokenGrant {
  const accessToken = tokenOf(fields.access_token, server);
  const type = fields.token_type;
  if (type !== undefined && !(typeof type === 'string' && type.toLowerCase() === 'bearer'))
    throw nonsense(server);
  const refreshToken = isAbsent(fields.refresh_token) ? undefined : tokenOf(fields.refresh_token, server);
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
  return text.split(/[\s,]+/).filter((scope) => SCOPE.test(scope));
}

function tokenOf(value: unknown, server: GrantingServer): Secret {
  if (typeof value !== 'string' || !TOKEN.test(value)) throw nonsense(server);
  return new Secret(value);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** @param seconds a number, or one as text; absent, 0, nonsense and what is beyond all dates mean that nobody knows */
function momentAfter(now: number, seconds: unknown): number | undefined {
  const number = typeof seconds === 'string' ? Number(seconds) : seconds;
  if (typeof number !== 'number' || !(number > 0)) return undefined;
  const moment = now + number * 1000;
  return moment <= LATEST ? moment : undefined;
}

function nonsense({ label, setting }: GrantingServer): UnreachableError {
  return new UnreachableError(`${label} answered with a token that cannot be used`, {
    next: `Check ${setting} and try again.`,
  });
}
