// What tests of the vault say again and again. Not for: logins of whole sessions (logged-in.ts).
import { Secret } from '../../src/base/secret.ts';
import type { Kept, RecordIdentity, VaultRecord } from '../../src/vault/vault.ts';

export const ACCESS = 'ghu_accessTokenOfThisTest0123456789';
export const REFRESH = 'ghr_refreshTokenOfThisTest0123456789';

export const identity: RecordIdentity = {
  mode: 'device',
  issuer: 'https://github.com',
  clientId: 'Iv23liTEST',
  profile: 'default',
  scopes: ['repo', 'gist'],
};

export const record: VaultRecord = {
  accessToken: new Secret(ACCESS),
  refreshToken: new Secret(REFRESH),
  issuedAt: 1_750_000_000_000,
  expiresAt: 1_750_028_800_000,
  refreshTokenExpiresAt: 1_765_811_200_000,
  scopes: [],
  login: 'octocat',
  rotation: 'exclusive',
};

/** The record, or `undefined` where there is none, whatever the reason. */
export function recordIn(kept: Kept): VaultRecord | undefined {
  return kept.kind === 'record' ? kept.record : undefined;
}

/** The access token in what is kept. */
export function tokenIn(kept: Kept): string | undefined {
  return recordIn(kept)?.accessToken.reveal();
}

/** Secrets compare by identity in vitest, so a record is compared by what it reveals. */
export function plain(kept: Kept): unknown {
  const found = recordIn(kept);
  return (
    found && { ...found, accessToken: found.accessToken.reveal(), refreshToken: found.refreshToken?.reveal() }
  );
}
