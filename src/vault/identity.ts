// What a record is called: the canonical form of its identity. Not for: the file name made from it (file.ts), so that a
// start without files does without node:crypto, whose loading takes milliseconds.
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
