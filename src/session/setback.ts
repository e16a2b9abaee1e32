// Tries to get a token that came to nothing, in a row: when the next one is made, by itself or for a request.
// Not for: making it (rotation.ts, unattended.ts).
import type { Step } from './events.ts';
import type { State } from './state.ts';

/** Between tries that reach nobody, by the timer. In ms. */
const FIRST_RETRY = 2_000;
const LONGEST_RETRY = 5 * 60_000;
/** The same for a request that cannot do without one: a person who waits tries sooner than a timer would. In ms. */
const REQUEST_RETRY = 1_000;

/**
 * Notes that there is no token, and why. @param unreachable it may go well by itself the next time; one that was refused
 * is tried again for a request only
 */
export function noteSetback(step: Step, message: string, unreachable: boolean): void {
  const { state, steady } = step;
  const failures = (state.setback?.failures ?? 0) + 1;
  const backoff = Math.min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY);
  const retryAt = unreachable ? steady + backoff * (0.75 + 0.25 * state.config.jitter) : Infinity;
  state.setback = { failures, at: steady, retryAt, message };
}

/** When a request may lead to another try; -Infinity where none has failed. */
export function triableAt({ setback }: State): number {
  return (setback?.at ?? -Infinity) + REQUEST_RETRY;
}

/** Whether the last try has failed so lately that no request leads to another one yet. */
export function isTooSoon({ state, steady }: Step): boolean {
  return steady < triableAt(state);
}
