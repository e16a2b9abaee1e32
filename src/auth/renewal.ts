// The refresh that all processes share: one of them asks the server, the others take over what it stored.
// Not for: spending the token (spend.ts), or when it is due (session/rotation.ts).
import type { Audit } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import { RefusedError, UnreachableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { HeldLock, Lock } from '../vault/vault.ts';
import type { LoginServer } from './login-server.ts';
import type { Prepared } from './preparation.ts';
import { createPreparations } from './preparation.ts';
import type { StartRefresher } from './refresher.ts';
import type { Spending, SpendOutcome } from './spend.ts';
import type { StoredLogin } from './stored.ts';
import type { Credential } from './token-source.ts';
import { takeTurn } from './turn.ts';
import type { Settled } from './verdict.ts';
import { judge } from './verdict.ts';

export interface RenewalOptions {
  readonly server: LoginServer;
  readonly stored: StoredLogin;
  readonly newLock: () => Lock;
  /** Starts a process of its own, where nothing speaks against it. */
  readonly start: StartRefresher;
  readonly startHere: StartRefresher;
  /** Takes out of service what nobody will use. Never rejects. */
  readonly revoke: (credential: Credential) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

export interface Renewal {
  /** See TokenSource.refresh; one at a time. */
  refresh(stale: Credential): Promise<Credential>;
  /** See TokenSource.prepare. */
  prepare(stale: Credential, signal: AbortSignal): Promise<Credential | undefined>;
  /** See TokenSource.newer. */
  newer(refused: Credential, signal: AbortSignal): Promise<Credential | undefined>;
  /** Gives back what was prepared, and with it the lock. */
  drop(): void;
}

/**
 * The server is asked anew where a sibling's token that was found instead is old as well, and where a refresher has ended
 * without a word; the last time from this process, in case it was the process that could not be.
 */
const ATTEMPTS = 3;

/** What will never be renewed. */
interface Refusal {
  readonly error: RefusedError;
  readonly base: Credential;
}

export function createRenewal(options: RenewalOptions): Renewal {
  const { stored, newLock, start, startHere, revoke, clock, log, audit } = options;
  const preparations = createPreparations(clock);

  const look = async (stale: Credential) => judge(await stored.peek(), stale, options);

  /** The lock, and what is to be spent under it; or what makes both needless. */
  const takeLock = async (
    stale: Credential,
    signal?: AbortSignal,
  ): Promise<Settled | { kind: 'locked'; spending: Spending; held: HeldLock }> => {
    const settled = async (): Promise<Settled | undefined> => {
      const verdict = await look(stale);
      return verdict.kind === 'spend' ? undefined : verdict;
    };
    const before = await settled();
    if (before) return before;
    const turn = await takeTurn({ lock: newLock(), clock, log, look: settled, ...(signal && { signal }) });
    if (turn.kind === 'found') return turn.found;
    const { held } = turn;
    const verdict = await look(stale);
    if (verdict.kind === 'spend') return { kind: 'locked', spending: verdict.spending, held };
    await held.release();
    return verdict;
  };

  /** A refresher that is ready, by preparation or now. */
  const makeReady = async (
    stale: Credential,
    refusal: Refusal | undefined,
    begin: StartRefresher,
  ): Promise<Settled | ({ kind: 'ready' } & Prepared)> => {
    const prepared = await preparations.take(stale);
    if (prepared) return { kind: 'ready', ...prepared };
    const next = await takeLock(stale);
    if (next.kind !== 'locked') return next;
    const { spending, held } = next;
    if (refusal && renewsBySame(refusal.base, spending.base)) {
      await held.release();
      return { kind: 'over', error: refusal.error };
    }
    return { kind: 'ready', spending, held, refresher: await begin(spending, held) };
  };

  const settle = (settled: Settled): Credential => {
    if (settled.kind === 'newer') return stored.adopt(settled.credential);
    throw settled.error;
  };

  const finish = async (
    { credential, save }: Extract<SpendOutcome, { kind: 'renewed' }>,
    { base, found }: Spending,
    stale: Credential,
  ): Promise<Credential> => {
    stored.retire(base.accessToken);
    if (save.kind === 'superseded') {
      const verdict = await look(stale);
      if (verdict.kind !== 'spend') {
        await revoke(credential);
        return settle(verdict);
      }
    }
    stored.use(credential);
    if (save.kind === 'failed') stored.saveFailed(credential, found, save.why);
    return credential;
  };

  const refresh = async (stale: Credential): Promise<Credential> => {
    await stored.retrySave();
    let refusal: Refusal | undefined;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const next = await makeReady(stale, refusal, attempt < ATTEMPTS ? start : startHere);
      if (next.kind !== 'ready') return settle(next);
      const { spending, refresher } = next;
      const outcome = await refresher.go();
      if (outcome.kind === 'renewed') return finish(outcome, spending, stale);
      if (outcome.kind === 'unreachable') throw outcome.error;
      if (outcome.kind === 'refused') refusal = { error: outcome.error, base: spending.base };
    }
    throw refusal?.error ?? neverEnded();
  };

  return {
    drop: () => preparations.drop(),

    async refresh(stale) {
      try {
        return await refresh(stale);
      } catch (error) {
        const detail = error instanceof RefusedError ? error.code : 'unreachable';
        audit.note({ event: 'refresh-failed', login: stale.login, token: stale.accessToken, detail });
        throw error;
      }
    },

    async newer(refused, signal) {
      preparations.drop();
      // Who renews has the lock from before the server is asked until the answer is stored: so under it nothing is missed.
      const next = await takeLock(refused, signal);
      if (next.kind === 'locked') await next.held.release();
      return next.kind === 'newer' ? stored.adopt(next.credential) : undefined;
    },

    async prepare(stale, signal) {
      let newer: Credential | undefined;
      const make = async (given: AbortSignal): Promise<Prepared | undefined> => {
        const next = await takeLock(stale, given);
        if (next.kind === 'newer') newer = stored.adopt(next.credential);
        if (next.kind !== 'locked') return undefined;
        const { spending, held } = next;
        return { spending, held, refresher: await start(spending, held) };
      };
      // A refresh that was not prepared takes longer, and says itself what is wrong.
      await preparations.begin(stale, make, signal).catch(() => {});
      return newer;
    },
  };
}

/** Whether renewing the one is asking the very question that renewing the other was. */
function renewsBySame(one: Credential, other: Credential): boolean {
  const [by, byOther] = [one, other].map(({ refreshToken, accessToken }) => refreshToken ?? accessToken);
  return by !== undefined && byOther !== undefined && by.equals(byOther);
}

function neverEnded(): UnreachableError {
  return new UnreachableError('the refresh was begun again and again, and never came to an end', {
    next: 'Try again.',
  });
}
