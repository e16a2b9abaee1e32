// Ends a command by Ctrl-C or another signal in an orderly way: locks are given back, and the exit code says how it ended.
// Not for: `run`, whose session has its own end (session/driver.ts).
import type { Clock } from '../base/clock.ts';
import { EXIT, UserError } from '../base/errors.ts';

/** A person pressed Ctrl-C, or the command was told to end. */
class CancelledError extends UserError {
  override readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

const SIGNALS = [
  { name: 'SIGINT', reason: 'cancelled', exitCode: EXIT.usage },
  { name: 'SIGTERM', reason: 'ended by SIGTERM', exitCode: 128 + 15 },
  { name: 'SIGHUP', reason: 'ended by SIGHUP', exitCode: 128 + 1 },
] as const;

/** For locks to be given back and waits to end; what cannot end by itself (a keychain that hangs) has no longer. In ms. */
const GRACE = 1000;

/**
 * Does `work` with a signal that aborts with a {@link CancelledError} as soon as the process is told to end, and rejects
 * with it within a second. Told so again, the process ends at once, as it would have without this.
 */
export async function cancellable<T>(clock: Clock, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = SIGNALS.map(({ name, reason, exitCode }) => {
    const listener = (): void => controller.abort(new CancelledError(reason, exitCode));
    process.once(name, listener);
    return { name, listener };
  });
  const overdue = new Promise<never>((_, reject) => {
    const wait = (): void => void clock.after(GRACE, () => reject(signal.reason as Error));
    signal.addEventListener('abort', wait, { once: true });
  });
  try {
    return await Promise.race([work(signal), overdue]);
  } finally {
    for (const { name, listener } of listeners) process.off(name, listener);
  }
}
