// A promise that a test settles when it likes. Not for: waiting for events; those have promises of their own.

/** @returns the promise, and what fulfils it */
export function promised<T>(): [Promise<T>, (value: T) => void] {
  const settle: { resolve?: (value: T) => void } = {};
  const promise = new Promise<T>((resolve) => {
    settle.resolve = resolve;
  });
  return [promise, (value) => settle.resolve?.(value)];
}
