// The login that is stored when a session starts, and how long a start waits for it. Not for: what becomes of it
// (token-desk.ts, adoption.ts).
import type { Credential, TokenSource } from '../auth/token-source.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { explanationOf, UnreachableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { NOBODY_YET } from './state.ts';

/** The start waits this long for the stored login, in ms: a keychain may take seconds, and clients do not wait. */
export const OPENING = 300;

/** What there was: a credential, or why there is none to be used, for a person. */
export type StoredLogin =
  { readonly credential: Credential } | { readonly reason: string; readonly unreachable: boolean };

/** Opens the stored login. Never rejects: one that cannot be opened is told of, and the session goes on without it. */
export async function openStoredLogin(source: TokenSource, log: Log): Promise<StoredLogin> {
  try {
    const credential = await source.load();
    if (credential) return { credential };
    return { reason: source.isUnattended ? 'there is none.' : NOBODY_YET, unreachable: false };
  } catch (error) {
    log.error(explanationOf(error));
    return { reason: reasonOf(error, source), unreachable: isUnreachable(error) };
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

/**
 * An error's message is written to follow a `gh-mcp-proxy: ` on stderr; here it stands by itself, but where nobody can log
 * in it follows `No token for ...: `.
 */
export function reasonOf(error: unknown, { isUnattended }: TokenSource): string {
  const text = explanationOf(error);
  // A first word that is a host's name stays as it is.
  return isUnattended ? text : text.replace(/^[a-z](?=[a-z]* )/, (letter) => letter.toUpperCase());
}

/** Whether it may go well by itself another time. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof UnreachableError;
}
