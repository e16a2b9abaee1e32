// What a record is called: the canonical form of its identity, and the file name made from it.
// Not for: reading or writing records (file.ts), or what a token means (auth/).
import { createHash } from 'node:crypto';
import type { RecordIdentity } from './vault.ts';

/**
 * One text for one identity, whatever the order of its scopes. It is hashed into the record's name and is the
 * associated data of its encryption, so changing it orphans every stored record: hence the version in front.
 */
export function canonicalIdentity(identity: RecordIdentity): string {
  const scopes = [...new Set(identity.scopes)].toSorted();
  return JSON.stringify([
    'gh-mcp-proxy/1',
    identity.mode,
    identity.issuer,
    identity.clientId,
    identity.profile,
    scopes,
  ]);
}

/** SHA-256 of the canonical identity, hex: says nothing about the account to someone who lists the directory. */
export function recordName(identity: RecordIdentity): string {
  return createHash('sha256').update(canonicalIdentity(identity)).digest('hex');
}
