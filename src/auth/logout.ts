// The end of a login on purpose: forgotten here and in the vault, for all processes, and revoked as far as possible.
// Not for: what a session does then (session/).
import type { Clock } from '../base/clock.ts';
import type { Kept, Lock, RecordIdentity, Vault } from '../vault/vault.ts';
import type { LoginServer } from './login-server.ts';
import type { RevokeParts } from './replaced.ts';
import { isAlive, revoke } from './replaced.ts';
import type { StoredLogin } from './stored.ts';
import type { Credential, Logout } from './token-source.ts';
import { inTurn } from './turn.ts';

export interface LogoutParts extends RevokeParts {
  readonly vault: Vault;
  readonly identity: RecordIdentity;
  readonly stored: StoredLogin;
  readonly newLock: () => Lock;
  readonly clock: Clock;
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
  const { server, newLock, clock, log, audit } = parts;
  const options = { lock: newLock(), clock, log, signal };
  const { kept, unsaved } = await inTurn(options, () => forget(current, parts));
  const stale = kept?.kind === 'record' ? kept.record : undefined;
  const ours = distinct([stale, unsaved, current]);
  const [was] = ours;
  if (was) audit.note({ event: 'logout', login: was.login, token: was.accessToken });
  const failures: string[] = [];
  if (!kept && !was) failures.push(unopened(server));
  for (const credential of ours) {
    if (!isAlive(credential, clock.now())) continue;
    const outcome = await revoke(credential, parts, signal);
    if (outcome.kind === 'unrevoked') failures.push(byHand(credential, outcome.why, server));
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

function byHand(credential: Credential, why: string, server: LoginServer): string {
  const whose = credential.login === undefined ? 'The token' : `The token of ${credential.login}`;
  return `${whose} could not be revoked: ${why}. ${withdrawal(server, credential)}`;
}

function unopened(server: LoginServer): string {
  return `The stored login could not be opened, so its token was not revoked. ${withdrawal(server, undefined)}`;
}

function withdrawal(server: LoginServer, credential: Credential | undefined): string {
  const page = server.accessPage(credential);
  return page === undefined
    ? `To take its access away, look for this app in your settings at ${server.label}.`
    : `To take its access away, open ${page}.`;
}
