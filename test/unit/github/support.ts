// What the tests of the GitHub client share: an emulator for one test, and the search of errors for secrets.
import { inspect } from 'node:util';
import { onTestFinished } from 'vitest';
import type { GithubEmulator } from '../../../fixtures/github/emulator.mjs';
import { startGithub } from '../../../fixtures/github/emulator.mjs';
import type { GithubHost } from '../../../src/github/hosts.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { assertNoSecrets } from '../../support/temp.ts';

export type GithubOptions = NonNullable<Parameters<typeof startGithub>[0]>;

export interface TestGithub {
  readonly github: GithubEmulator;
  readonly host: GithubHost;
  readonly clock: FakeClock;
}

/** An emulator that shares its time with the code under test: minutes pass at once, to the millisecond. */
export async function startTestGithub(options: GithubOptions = {}): Promise<TestGithub> {
  const clock = createFakeClock();
  const github = await startGithub({ now: () => clock.now(), ...options });
  onTestFinished(() => github.close());
  return { github, host: parseGithubHost(github.url), clock };
}

/** What a promise was rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('the promise was not rejected');
}

/** Fails where any form in which an error may be printed holds a secret: message, stack, causes, hidden fields. */
export function assertHarmless(error: unknown, secrets: readonly string[]): void {
  assertNoSecrets({
    buffers: {
      inspected: inspect(error, { depth: Infinity, showHidden: true, getters: true }),
      text: String(error),
      json: JSON.stringify(error, Object.getOwnPropertyNames(error)),
    },
    secrets,
  });
}

export const neverAborted = new AbortController().signal;
