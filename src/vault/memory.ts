// The vault of `--store memory`: a login lasts as long as the process.
// Not for: sharing between processes, which needs a place that outlives one.
import { canonicalIdentity } from './identity.ts';
import type { RecordIdentity, Vault, VaultRecord } from './vault.ts';

export function createMemoryVault(): Vault {
  const records = new Map<string, { readonly identity: RecordIdentity; readonly record: VaultRecord }>();
  return {
    read: (identity) => {
      const kept = records.get(canonicalIdentity(identity));
      return Promise.resolve(kept ? { kind: 'record', record: kept.record } : { kind: 'none' });
    },
    write: (identity, record) => {
      records.set(canonicalIdentity(identity), { identity, record });
      return Promise.resolve();
    },
    remove: (identity) => {
      records.delete(canonicalIdentity(identity));
      return Promise.resolve();
    },
    list: () => Promise.resolve([...records.values()].map(({ identity }) => identity)),
    describe: () => Promise.resolve('memory'),
    sharing: undefined,
  };
}
