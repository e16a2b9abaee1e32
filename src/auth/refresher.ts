// Who spends a refresh token: started first, told to go when everything is ready. Here is the one that does it in this
// process. Not for: the one that is a process of its own (refresher-process.ts).
import type { HeldLock } from '../vault/vault.ts';
import type { Spending, SpendOutcome, SpendParts } from './spend.ts';
import { spend } from './spend.ts';

/** One that is ready and answers for the lock. Either method ends it; only the first call of the two counts. */
export interface Refresher {
  /** Spends the token. Never rejects for want of anything that a person could mend. */
  go(): Promise<SpendOutcome>;
  /** Gives the lock back with nothing spent. */
  cancel(): Promise<void>;
}

/** @param held becomes the refresher's, whatever happens */
export type StartRefresher = (spending: Spending, held: HeldLock) => Promise<Refresher>;

/** It dies with this process: where nothing outlives that anyway, and where no process can be started. */
export function refresherHere(parts: SpendParts): StartRefresher {
  return (spending, held) =>
    Promise.resolve({
      go: () => spend(spending, held, parts),
      cancel: () => held.release(),
    });
}
