// What is put away when a test ends, also in a file whose tests run side by side: Vitest's own onTestFinished would then
// take the test that began last for the one that calls. Not for: tests that compute; these wait for each other's processor.
import { AsyncLocalStorage } from 'node:async_hooks';
import { aroundEach, onTestFinished } from 'vitest';
import type { TestContext } from 'vitest';

const own = new AsyncLocalStorage<TestContext>();

/** Calls back when the test that this is called in has ended. Only inside a test. */
export function atTestEnd(callback: () => unknown): void {
  const context = own.getStore();
  if (context) context.onTestFinished(async () => void (await callback()));
  else onTestFinished(async () => void (await callback()));
}

/** To be called by a file that has `test.concurrent`, before its tests: each of them puts away its own things. */
export function runSideBySide(): void {
  aroundEach((runTest, context) => own.run(context, runTest));
}
