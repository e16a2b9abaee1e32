// The vault of `--store memory`: a login lasts as long as the process.
// Not for: sharing between processes, which needs a place that outlives one.
import { canonicalIdentity } from './identity.ts';
import type { Vault, VaultRecord } from './vault.ts';

export function createMemoryVault(): Vault {
  const records = new Map<string, VaultRecord>();
  return {
    kind: 'memory',
    read: (identity) => Promise.resolve(records.get(canonicalIdentity(identity))),
    write: (identity, record) => {
      records.set(canonicalIdentity(identity), record);
      return Promise.resolve();
    },
    remove: (identity) => {
      records.delete(canonicalIdentity(identity));
      return Promise.resolve();
    },
  };
}
