// A record as text and back.
// Not for: protecting it (seal.ts) or deciding what to do with a record that is not one (file.ts).
import { Secret } from '../base/secret.ts';
import { isText, isTextList, isTime, parseObject } from './plain.ts';
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
  const { accessToken, refreshToken, issuedAt, expiresAt, refreshTokenExpiresAt, scopes } = fields;
  const { login, subject, rotation } = fields;
  if (!isText(accessToken) || !isTime(issuedAt) || !isTextList(scopes)) return undefined;
  if (rotation !== 'exclusive' && rotation !== 'overlapping') return undefined;
  if (refreshToken !== undefined && !isText(refreshToken)) return undefined;
  if (expiresAt !== undefined && !isTime(expiresAt)) return undefined;
  if (refreshTokenExpiresAt !== undefined && !isTime(refreshTokenExpiresAt)) return undefined;
  if (login !== undefined && !isText(login)) return undefined;
  if (subject !== undefined && !isText(subject)) return undefined;
  return {
    accessToken: new Secret(accessToken),
    ...(refreshToken !== undefined && { refreshToken: new Secret(refreshToken) }),
    issuedAt,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    scopes,
    ...(login !== undefined && { login }),
    ...(subject !== undefined && { subject }),
    rotation,
  };
}
