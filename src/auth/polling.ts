// The sign of life of a login that waits without asking anything: whoever holds its lock says so again and again.
// Not for: the device flow's questions for the token (net/device-poll.ts), each of which is such a sign already.
import type { Clock, Timer } from '../base/clock.ts';
import type { LoginStep } from './login-server.ts';

/** How often a lock that is held is shown to be alive, in ms. */
const POLL_MS = 5000;

/** Calls `onPoll` until the work is done. */
export async function polling<T>({ onPoll }: LoginStep, clock: Clock, work: () => Promise<T>): Promise<T> {
  let timer: Timer;
  const poll = (): void => {
    onPoll();
    timer = clock.after(POLL_MS, poll);
  };
  timer = clock.after(POLL_MS, poll);
  try {
    return await work();
  } finally {
    timer.cancel();
  }
}
