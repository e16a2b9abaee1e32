// One piece of work at a time for all who want its result. Not for: other processes, which need a lock.

/**
 * Makes calls that come while one is under way share its result. Each caller leaves as soon as its own signal aborts;
 * the work itself goes on, so that what it gets (a token that replaced another one) is not lost with the last waiter.
 */
export function createSingleFlight<T>(): (work: () => Promise<T>, signal: AbortSignal) => Promise<T> {
  let current: Promise<T> | undefined;
  return (work, signal) => {
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    current ??= work().finally(() => {
      current = undefined;
    });
    return orAborted(current, signal);
  };
}

/** The promise's outcome, or the signal's reason as soon as it aborts; the work behind the promise goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    // Settling twice does nothing, so a result that comes after the abort is passed over, a failure too.
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
