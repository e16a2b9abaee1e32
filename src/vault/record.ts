// A record as text and back, checked by hand: what lies on a disk is input like any other.
// Not for: protecting it (seal.ts) or deciding what to do with a record that is not one (file.ts).
import { Secret } from '../base/secret.ts';
import type { VaultRecord } from './vault.ts';

/** The plain text of a record, tokens in the clear: only ever handed to {@link seal}. */
export function encodeRecord(record: VaultRecord): string {
  return JSON.stringify({
    ...record,
    accessToken: record.accessToken.reveal(),
    ...(record.refreshToken && { refreshToken: record.refreshToken.reveal() }),
  });
}

/** The record, or `undefined` where the text is not one. Keys that are not known are left out. */
export function decodeRecord(text: string): VaultRecord | undefined {
  const fields = parseObject(text);
  if (!fields) return undefined;
  const { accessToken, refreshToken, issuedAt, expiresAt, refreshTokenExpiresAt, scopes, login, rotation } =
    fields;
  if (!isText(accessToken) || !isTime(issuedAt) || !isTextList(scopes)) return undefined;
  if (rotation !== 'exclusive' && rotation !== 'overlapping') return undefined;
  if (refreshToken !== undefined && !isText(refreshToken)) return undefined;
  if (expiresAt !== undefined && !isTime(expiresAt)) return undefined;
  if (refreshTokenExpiresAt !== undefined && !isTime(refreshTokenExpiresAt)) return undefined;
  if (login !== undefined && !isText(login)) return undefined;
  return {
    accessToken: new Secret(accessToken),
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    issuedAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    scopes,
    ...(login !== undefined && { login }),
    rotation,
  };
}

/** The object that `text` is as JSON, or `undefined` for anything else. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    // The parser's message quotes the text, which may hold a token.
    return undefined;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => isText(item));
}
