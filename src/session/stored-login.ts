// The login that is stored when a session starts, and how long a start waits for it. Not for: what becomes of it
// (token-desk.ts, adoption.ts).
import type { Credential, TokenSource } from '../auth/token-source.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { explanationOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { NOBODY_YET } from './state.ts';

/** The start waits this long for the stored login, in ms: a keychain may take seconds, and clients do not wait. */
export const OPENING = 300;

/** What the vault held: a credential, or why there is none to be used, for a person. */
export type StoredLogin = { readonly credential: Credential } | { readonly reason: string };

/** Opens the stored login. Never rejects: one that cannot be opened is told of, and the session goes on without it. */
export async function openStoredLogin(source: TokenSource, log: Log): Promise<StoredLogin> {
  try {
    const credential = await source.load();
    return credential ? { credential } : { reason: NOBODY_YET };
  } catch (error) {
    log.error(explanationOf(error));
    return { reason: explained(error) };
  }
}

/** What `promise` resolves with; `undefined` where that takes longer than `ms`. */
export async function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  let timer: Timer | undefined;
  const passed = new Promise<undefined>((resolve) => {
    timer = clock.after(ms, () => resolve(undefined));
  });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    timer?.cancel();
  }
}

/** An error's message is written to follow a `gh-mcp-proxy: ` on stderr; here it stands by itself. */
export function explained(error: unknown): string {
  // A first word that is a host's name stays as it is.
  return explanationOf(error).replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
}
