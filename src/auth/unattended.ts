// A token source without any person or store: it gets a token for this process alone, and another one when that has
// served. Not for: how a token is got (app.ts, gh.ts, command.ts, env.ts), or sources at which people log in.
import { noAudit } from '../base/audit.ts';
import { messageOf, RefusedError } from '../base/errors.ts';
import { orAborted } from './single-flight.ts';
import type { SourceContext } from './source-context.ts';
import type { AuthFailureRule, Credential, TokenSource } from './token-source.ts';

export interface UnattendedSourceOptions extends Omit<SourceContext, 'conceal'> {
  /** The `--auth` mode. */
  readonly mode: string;
  readonly hostLabel: string;
  readonly authFailure: AuthFailureRule;
  /** See {@link TokenSource.remedy}. */
  readonly remedy?: string;
  /**
   * A token. `stale` is one that does not serve any more: refused, or near its end; absent for the first one. It is
   * answered with itself where there is no other.
   * `signal` aborts as soon as nobody waits for it.
   * @throws {RefusedError} there is none to be had: the message names the setting that is wrong, and `next` what to do
   * @throws {UnreachableError} not just now
   */
  readonly obtain: (signal: AbortSignal, stale?: Credential) => Promise<Credential>;
  /** Takes a token out of service; absent where others use it as well. What it rejects with is logged. */
  readonly release?: (credential: Credential, signal: AbortSignal) => Promise<void>;
}

/** A `TokenSource` whose login is nothing but one more try: no page, no code, no record. */
export function createUnattendedSource(options: UnattendedSourceOptions): TokenSource {
  const { mode, hostLabel, authFailure, remedy, release, log, audit = noAudit } = options;
  const flight = createSharedWork((signal, stale) => obtained(signal, stale, options));
  /** A session tells of each at its end, also of one that a logout has revoked. */
  const retired = new WeakSet<Credential>();
  let loggedOut = false;

  const retire = async (credential: Credential, signal: AbortSignal): Promise<void> => {
    if (!release || retired.has(credential)) return;
    retired.add(credential);
    const { login, accessToken: token } = credential;
    try {
      await orAborted(release(credential, signal), signal);
      audit.note({ event: 'revocation', login, token });
    } catch (error) {
      const why = signal.aborted ? 'there was no answer before the end of the session' : messageOf(error);
      log.warn(`a token for ${hostLabel} could not be revoked: ${why}`);
    }
  };

  const replacementOf = async (stale: Credential, signal: AbortSignal): Promise<Credential> => {
    const { credential, instead } = await flight(signal, stale);
    if (!isSame(credential, stale) || (instead && isSame(instead, stale))) return credential;
    // It was under way for somebody who had no token yet, and brought the very one that is stale here.
    return (await flight(signal, stale)).credential;
  };

  const firstOne = async (signal: AbortSignal): Promise<Credential> => (await flight(signal)).credential;

  return {
    mode,
    hostLabel,
    authFailure,
    ...(remedy !== undefined && { remedy }),
    loginObstacle: undefined,
    isUnattended: true,
    store: () => Promise.resolve('memory'),
    load: () => (loggedOut ? Promise.resolve(undefined) : firstOne(new AbortController().signal)),
    watch: () => () => {},
    prepare: () => Promise.resolve(undefined),
    newer: () => Promise.resolve(undefined),
    refresh: (stale, signal) =>
      loggedOut ? Promise.reject(afterLogout(hostLabel)) : replacementOf(stale, signal),
    isRenewable: () => true,
    release: retire,
    wasFound: () => false,

    login({ known, closing }, signal) {
      // What was left by a logout was in order.
      const stale = loggedOut ? undefined : known;
      loggedOut = false;
      // Nothing is stored: where nobody waits any more, a token is of no use to anybody. But one that has been made by then
      // would live on, if its answer were not waited for and it were not handed back.
      const either = closing && !release ? AbortSignal.any([signal, closing]) : signal;
      return stale ? replacementOf(stale, either) : firstOne(either);
    },

    async logout(current, signal) {
      loggedOut = true;
      if (current) await retire(current, signal);
      return { was: undefined, unrevoked: undefined };
    },
  };
}

/** A new token, or why there is none, noted. */
async function obtained(
  signal: AbortSignal,
  stale: Credential | undefined,
  { obtain, clock, log, audit = noAudit, mode, hostLabel }: UnattendedSourceOptions,
): Promise<Credential> {
  const from = clock.steady();
  try {
    const credential = await obtain(signal, stale);
    if (stale && isSame(credential, stale)) {
      log.debug(`${mode} has the same token for ${hostLabel} as before`);
      return credential;
    }
    audit.note({ event: 'refresh', login: credential.login, token: credential.accessToken, detail: mode });
    log.debug(`a token for ${hostLabel} (${mode}) took ${Math.round(clock.steady() - from)} ms`);
    return credential;
  } catch (error) {
    if (signal.aborted) throw error;
    const detail = error instanceof RefusedError ? error.code : 'unreachable';
    audit.note({ event: 'refresh-failed', login: stale?.login, token: stale?.accessToken, detail });
    throw error;
  }
}

/** Whether two are one token, whatever else is known of either. */
export function isSame(one: Credential, other: Credential): boolean {
  return one.accessToken.equals(other.accessToken);
}

type Work = (signal: AbortSignal, stale?: Credential) => Promise<Credential>;

interface Outcome {
  readonly credential: Credential;
  /** Which stale one it was asked for in place of. */
  readonly instead: Credential | undefined;
}

/**
 * One piece of work for all who want its result, as in single-flight.ts; but what comes of it is of use to those who wait
 * alone, so that it is given up with the last of them.
 */
function createSharedWork(work: Work): (signal: AbortSignal, stale?: Credential) => Promise<Outcome> {
  let current: Shared | undefined;
  const forget = (shared: Shared): void => {
    if (current === shared) current = undefined;
  };
  const begin = (stale: Credential | undefined): Shared => {
    const end = new AbortController();
    const result = work(end.signal, stale)
      .then((credential) => ({ credential, instead: stale }))
      .finally(() => forget(shared));
    const shared: Shared = { result, end, waiting: 0 };
    return shared;
  };
  return async (signal, stale) => {
    signal.throwIfAborted();
    const shared = (current ??= begin(stale));
    shared.waiting += 1;
    try {
      return await orAborted(shared.result, signal);
    } finally {
      shared.waiting -= 1;
      if (shared.waiting === 0) {
        forget(shared);
        // Where it has ended by itself this ends nothing.
        shared.end.abort(signal.reason);
      }
    }
  };
}

interface Shared {
  readonly result: Promise<Outcome>;
  readonly end: AbortController;
  /** How many wait for it. */
  waiting: number;
}

function afterLogout(hostLabel: string): RefusedError {
  return new RefusedError('logged_out', `this session was logged out of ${hostLabel}`);
}
