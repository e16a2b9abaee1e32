// The first token of a server that gives one without a person: asked for once by all processes that share the vault.
// Not for: renewals (renewal.ts), or what a person has to do first (login-flow.ts).
import type { RecordIdentity } from '../vault/vault.ts';
import type { AcceptParts } from './accept.ts';
import { credentialOf } from './accept.ts';
import type { Credential } from './token-source.ts';
import { keptAlive, takeTurn } from './turn.ts';
import { versionOf } from './version.ts';

export interface FirstTokenParts extends AcceptParts {
  readonly identity: RecordIdentity;
}

/**
 * Obtains and stores it, or takes what another process has stored meanwhile.
 * @returns `undefined` where somebody has logged out: then a person has to say that there is to be a login again
 * @throws {RefusedError | UnreachableError} of LoginServer.obtain
 */
export async function firstToken(parts: FirstTokenParts): Promise<Credential | undefined> {
  const { stored, newLock, clock, log } = parts;
  const look = async (): Promise<{ readonly found: Credential | undefined } | undefined> => {
    const kept = await stored.peek();
    if (kept?.kind === 'record') return { found: stored.adopt(kept.record) };
    return kept?.kind === 'logged-out' ? { found: undefined } : undefined;
  };
  const turn = await takeTurn({ lock: newLock(), clock, log, look });
  if (turn.kind === 'found') return turn.found.found;
  const { held } = turn;
  try {
    // What was stored before the lock was taken is not asked for again.
    const late = await look();
    return late ? late.found : await keptAlive(held, clock, obtain(parts));
  } finally {
    await held.release();
  }
}

async function obtain(parts: FirstTokenParts): Promise<Credential | undefined> {
  const { server, stored, audit } = parts;
  const { signal } = new AbortController();
  const grant = await server.obtain?.(signal);
  if (!grant) return undefined;
  const credential = await credentialOf(grant, parts.identity.scopes, parts, signal);
  await stored.save(credential, versionOf(await stored.peek()));
  audit.note({ event: 'login', login: credential.login, token: credential.accessToken });
  return credential;
}
