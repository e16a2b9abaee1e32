// The vault as an exchange sees it: a record that was made for another person's subject token is not there.
// Not for: keeping anything; that is the vault behind it.
import type { Secret } from '../../base/secret.ts';
import type { Vault } from '../../vault/vault.ts';

export interface SubjectsOfTokens {
  /** Who the subject token is about now; `undefined` where nobody can tell: then nothing is hidden. Never rejects. */
  who(): Promise<string | undefined>;
  /** For whom this process had a token exchanged; `undefined` for one that it did not get by itself. */
  subjectOf(token: Secret): string | undefined;
}

export function subjectVault(vault: Vault, subjects: SubjectsOfTokens): Vault {
  return {
    async read(identity) {
      const kept = await vault.read(identity);
      if (kept.kind !== 'record' || kept.record.subject === undefined) return kept;
      const who = await subjects.who();
      return who === undefined || who === kept.record.subject ? kept : { kind: 'none' };
    },

    write(identity, record) {
      const subject = subjects.subjectOf(record.accessToken) ?? record.subject;
      return vault.write(identity, { ...record, ...(subject !== undefined && { subject }) });
    },

    remove: (identity) => vault.remove(identity),
    list: () => vault.list(),
    describe: (identity) => vault.describe(identity),
    sharing: vault.sharing,
  };
}
