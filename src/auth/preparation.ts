// A refresh that is made ready before calls have to wait for it: the lock is ours, its refresher runs.
// Not for: making it ready (renewal.ts).
import type { Clock, Timer } from '../base/clock.ts';
import type { HeldLock } from '../vault/vault.ts';
import type { Refresher } from './refresher.ts';
import type { Spending } from './spend.ts';
import type { Credential } from './token-source.ts';
import { touching } from './turn.ts';

export interface Prepared {
  readonly spending: Spending;
  readonly held: HeldLock;
  readonly refresher: Refresher;
}

export interface Preparations {
  /** Makes one ready and keeps it until it is taken or `signal` aborts. Rejects with what `make` rejects with. */
  begin(
    stale: Credential,
    make: (signal: AbortSignal) => Promise<Prepared | undefined>,
    signal: AbortSignal,
  ): Promise<void>;
  /** The one for `stale`, waited for where it is under way; one for another credential is given back. */
  take(stale: Credential): Promise<Prepared | undefined>;
  /** Gives back what is ready or under way: somebody in this process needs the lock for something else. */
  drop(): void;
}

interface Current {
  readonly stale: Credential;
  readonly making: Promise<Prepared | undefined>;
  readonly given: AbortController;
  /** Once it is ready, until it is taken or given back. */
  touching?: Timer;
  isTaken: boolean;
}

export function createPreparations(clock: Clock): Preparations {
  let current: Current | undefined;

  const keep = ({ held, refresher }: Prepared, own: Current): void => {
    if (own.isTaken) return;
    own.touching = touching(held, clock);
    const giveBack = (): void => {
      own.touching?.cancel();
      if (own.isTaken) return;
      if (current === own) current = undefined;
      void refresher.cancel();
    };
    if (own.given.signal.aborted) giveBack();
    else own.given.signal.addEventListener('abort', giveBack, { once: true });
  };

  return {
    async begin(stale, make, signal) {
      current?.given.abort();
      const given = new AbortController();
      const onAbort = (): void => {
        if (!own.isTaken) given.abort(signal.reason);
      };
      const making = make(given.signal);
      const own: Current = { stale, making, given, isTaken: false };
      current = own;
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
      try {
        const prepared = await making;
        if (prepared) keep(prepared, own);
        else if (current === own) current = undefined;
      } catch (error) {
        if (current === own) current = undefined;
        throw error;
      }
    },

    drop: () => current?.given.abort(),

    async take(stale) {
      const own = current;
      current = undefined;
      if (own && !own.stale.accessToken.equals(stale.accessToken)) {
        own.given.abort();
        return undefined;
      }
      if (!own) return undefined;
      own.isTaken = true;
      own.touching?.cancel();
      return own.making.catch(() => undefined);
    },
  };
}
