// What this process knows of the one record that its source uses: what lies there, what of it is news, and what could
// not be saved. Not for: requests (spend.ts, login-flow.ts), or waiting for the lock (turn.ts).
import type { Audit } from '../base/audit.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { explanationOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { Kept, Lock, RecordIdentity, Vault } from '../vault/vault.ts';
import type { Credential } from './token-source.ts';
import type { Version } from './version.ts';
import { sameVersion, versionOf } from './version.ts';

export interface StoredOptions {
  readonly vault: Vault;
  readonly identity: RecordIdentity;
  readonly newLock: () => Lock;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

type News =
  { readonly kind: 'credential'; readonly credential: Credential } | { readonly kind: 'logged-out' };

export interface StoredLogin {
  /** @throws {StorageError} it cannot be opened now */
  read(): Promise<Kept>;
  /** The same, but `undefined` where it cannot be opened, or could not be just now: said in the log, once until it can. */
  peek(): Promise<Kept | undefined>;
  /** From now on this is what the process has; what it had before is old. */
  use(credential: Credential): void;
  /** Uses what another process stored. */
  adopt(credential: Credential): Credential;
  /** Whether this very object is what {@link adopt} was given once. */
  wasAdopted(credential: Credential): boolean;
  /** Whether it is one that this process knows to be replaced: it may lie there yet, where a save failed. */
  isOld(token: Secret): boolean;
  retire(token: Secret): void;
  /** What another process has done, judging by what lies there; `undefined` where that is nothing new. */
  newsIn(kept: Kept): News | undefined;
  /** Uses and stores, over what was found there; only under the lock. A save that fails is loud, and tried again. */
  save(credential: Credential, found: Version): Promise<void>;
  /** The credential is in use, and somebody else could not save it: `why` is a full explanation. */
  saveFailed(credential: Credential, found: Version, why: string): void;
  /** Whether the mark of a logout is older than the credential that could not be saved over it. */
  isOutdated(kept: Kept): boolean;
  /** Another try with what could not be saved; only for whom the lock is free. */
  retrySave(): Promise<void>;
  /** What is in use and not stored. */
  readonly unsaved: Credential | undefined;
  /** Forgets what is in use: somebody logged out here. */
  forget(): void;
}

/** Pauses before further tries of a save, in ms; after them it is tried when the source is asked for something. */
const RETRY_PAUSES = [1000, 10_000, 60_000];
/** A keychain that is locked may take seconds to say so, and may ask the person each time: not more often, in ms. */
const UNREADABLE_PAUSE = 15_000;
/** Of replaced tokens, which may lie in a vault that could not be written since. */
const MOST_OLD = 16;

interface Unsaved {
  readonly credential: Credential;
  readonly found: Version;
  readonly tries: number;
}

export function createStoredLogin({
  vault,
  identity,
  newLock,
  clock,
  log,
  audit,
}: StoredOptions): StoredLogin {
  let current: Secret | undefined;
  let old: readonly Secret[] = [];
  let unsaved: Unsaved | undefined;
  let timer: Timer | undefined;
  /** When it could not be read the last time, by the steady clock; `undefined` where it could. */
  let unreadableSince: number | undefined;
  const adopted = new WeakSet<Credential>();

  const isOld = (token: Secret): boolean => old.some((one) => one.equals(token));

  const retire = (token: Secret): void => {
    if (!isOld(token)) old = [token, ...old].slice(0, MOST_OLD);
  };

  const use = ({ accessToken }: Credential): void => {
    if (current && !current.equals(accessToken)) retire(current);
    old = old.filter((one) => !one.equals(accessToken));
    current = accessToken;
    if (unsaved && !unsaved.credential.accessToken.equals(accessToken)) saved();
  };

  const saved = (): void => {
    unsaved = undefined;
    timer?.cancel();
  };

  const remember = (next: Unsaved): void => {
    timer?.cancel();
    unsaved = next;
    const pauseMs = RETRY_PAUSES[next.tries];
    if (pauseMs !== undefined) timer = clock.after(pauseMs, () => void retrySave());
  };

  const tryAgain = (pending: Unsaved): void => {
    if (unsaved === pending) remember({ ...pending, tries: pending.tries + 1 });
  };

  const saveFailed = (credential: Credential, found: Version, why: string): void => {
    // The old token may be dead already, so the new one is used all the same.
    log.error(
      'the new login could not be stored: it is used, and storing it is tried again, but until then it lasts only as ' +
        `long as this process (what an older login may have left there is out of date): ${why}`,
    );
    remember({ credential, found, tries: 0 });
  };

  /** Whether what lies there is what was to be replaced, or known to be older still. */
  const mayReplace = (kept: Kept, { found }: Unsaved): boolean =>
    kept.kind === 'none' ||
    sameVersion(versionOf(kept), found) ||
    (kept.kind === 'record' && isOld(kept.record.accessToken));

  const retrySave = async (): Promise<void> => {
    const pending = unsaved;
    if (!pending) return;
    const held = await newLock()
      .tryTake()
      .catch(() => undefined);
    if (!held) {
      tryAgain(pending);
      return;
    }
    try {
      const kept = await vault.read(identity);
      if (unsaved === pending && mayReplace(kept, pending)) {
        await vault.write(identity, pending.credential);
        log.info('the login is stored now');
      }
      if (unsaved === pending) saved();
    } catch (error) {
      log.debug(`the login still cannot be stored: ${explanationOf(error)}`);
      tryAgain(pending);
    } finally {
      await held.release();
    }
  };

  const read = async (): Promise<Kept> => {
    const kept = await vault.read(identity);
    unreadableSince = undefined;
    return kept;
  };

  return {
    read,

    async peek() {
      if (unreadableSince !== undefined && clock.steady() - unreadableSince < UNREADABLE_PAUSE)
        return undefined;
      try {
        return await read();
      } catch (error) {
        if (unreadableSince === undefined)
          log.error(`the stored login cannot be read: ${explanationOf(error)}`);
        unreadableSince = clock.steady();
        return undefined;
      }
    },

    use,
    isOld,
    retire,
    retrySave,
    saveFailed,

    adopt(credential) {
      if (!current?.equals(credential.accessToken))
        audit.note({ event: 'adoption', login: credential.login, token: credential.accessToken });
      use(credential);
      adopted.add(credential);
      return credential;
    },

    wasAdopted: (credential) => adopted.has(credential),

    newsIn(kept) {
      if (kept.kind === 'record') {
        const { accessToken } = kept.record;
        if (current?.equals(accessToken) || isOld(accessToken)) return undefined;
        return { kind: 'credential', credential: kept.record };
      }
      if (kept.kind === 'none' || !current || (unsaved && sameVersion(versionOf(kept), unsaved.found)))
        return undefined;
      return { kind: 'logged-out' };
    },

    async save(credential, found) {
      use(credential);
      try {
        await vault.write(identity, credential);
        saved();
      } catch (error) {
        saveFailed(credential, found, explanationOf(error));
      }
    },

    isOutdated: (kept) => unsaved !== undefined && sameVersion(versionOf(kept), unsaved.found),

    get unsaved() {
      return unsaved?.credential;
    },

    forget() {
      if (current) retire(current);
      current = undefined;
      saved();
    },
  };
}
