// The end of a login on purpose: forgotten here and in the vault, for all processes, and revoked as far as possible.
// Not for: what a session does then (session/).
import { authorizationsPage } from '../github/revoke.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Kept, Lock, RecordIdentity, Vault } from '../vault/vault.ts';
import type { RevokeParts } from './replaced.ts';
import { isAlive, isGithubAppToken, revoke } from './replaced.ts';
import type { StoredLogin } from './stored.ts';
import type { Credential, Logout } from './token-source.ts';
import { inTurn } from './turn.ts';

export interface LogoutParts extends RevokeParts {
  readonly vault: Vault;
  readonly identity: RecordIdentity;
  readonly stored: StoredLogin;
  readonly newLock: () => Lock;
}

/**
 * See TokenSource.logout. Forgotten first: then no process uses the token while it is being revoked, and nothing can
 * come between the person and the end of the login.
 */
export async function logOut(
  current: Credential | undefined,
  parts: LogoutParts,
  signal: AbortSignal,
): Promise<Logout> {
  const { newLock, http, log, audit } = parts;
  const options = { lock: newLock(), clock: http.clock, log, signal };
  const { kept, unsaved } = await inTurn(options, () => forget(current, parts));
  const stale = kept?.kind === 'record' ? kept.record : undefined;
  const ours = distinct([stale, unsaved, current]);
  const [was] = ours;
  if (was) audit.note({ event: 'logout', login: was.login, token: was.accessToken });
  const failures: string[] = [];
  if (!kept && !was) failures.push(unopened(parts.host));
  for (const credential of ours) {
    if (!isAlive(credential, http.clock.now())) continue;
    const outcome = await revoke(credential, parts, signal);
    if (outcome.kind === 'unrevoked') failures.push(byHand(credential, outcome.why, parts.host));
  }
  return { was, unrevoked: failures.length > 0 ? failures.join(' ') : undefined };
}

async function forget(
  current: Credential | undefined,
  { vault, identity, stored }: LogoutParts,
): Promise<{ kept: Kept | undefined; unsaved: Credential | undefined }> {
  const kept = await stored.peek();
  const { unsaved } = stored;
  const isForgotten = kept?.kind === 'logged-out' || (kept?.kind === 'none' && !current && !unsaved);
  stored.forget();
  if (!isForgotten || unsaved) await vault.remove(identity);
  return { kept, unsaved };
}

function distinct(credentials: readonly (Credential | undefined)[]): Credential[] {
  const found: Credential[] = [];
  for (const credential of credentials) {
    if (credential && !found.some((one) => one.accessToken.equals(credential.accessToken)))
      found.push(credential);
  }
  return found;
}

function byHand(credential: Credential, why: string, host: GithubHost): string {
  const whose = credential.login === undefined ? 'The token' : `The token of ${credential.login}`;
  const page = authorizationsPage(host, isGithubAppToken(credential));
  return `${whose} could not be revoked: ${why}. To take its access away, open ${page}.`;
}

function unopened(host: GithubHost): string {
  const pages = [true, false].map((isGithubApp) => authorizationsPage(host, isGithubApp)).join(' or ');
  return `The stored login could not be opened, so its token was not revoked. To take its access away, open ${pages}.`;
}
