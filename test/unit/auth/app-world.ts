// What the tests of the github-app source share: an emulator with an app, and the source that acts as that app.
// Not for: sessions (test/integration/app.test.ts).
import { onTestFinished } from 'vitest';
import type { App, AppOptions } from '../../../fixtures/github/app-options.mjs';
import type { GithubEmulator, GithubOptions } from '../../../fixtures/github/emulator.mjs';
import { startGithub } from '../../../fixtures/github/emulator.mjs';
import type { AppSourceOptions } from '../../../src/auth/app.ts';
import { createAppSource } from '../../../src/auth/app.ts';
import type { TokenSource } from '../../../src/auth/token-source.ts';
import type { AuditEntry } from '../../../src/base/audit.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import type { TestLog } from '../../support/test-log.ts';
import { createTestLog } from '../../support/test-log.ts';
import { assertHarmless, rejection } from '../github/support.ts';

const APP_ID = 4711;
/** All of octocat's repositories, the public Hello-World and the private secret-garden. */
export const INSTALLATION = { id: 11, account: 'octocat' } as const;

export interface AppWorld {
  readonly github: GithubEmulator;
  readonly app: App;
  readonly clock: FakeClock;
  /** How far GitHub's clock is ahead of ours, in ms; for a test to change. */
  readonly skew: { ms: number };
  readonly log: TestLog;
  readonly audited: AuditEntry[];
  readonly concealed: Secret[];
  /** Another source of the same app, with a memory of its own. */
  readonly open: (options?: Partial<AppSourceOptions>) => TokenSource;
  /** The first try of such a source: what it failed with, looked through for secrets. */
  readonly failure: (options?: Partial<AppSourceOptions>) => Promise<Failure>;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly next: string;
}

export async function startApp(
  options: Partial<AppOptions> = {},
  more: GithubOptions = {},
): Promise<AppWorld> {
  const clock = createFakeClock();
  const skew = { ms: 0 };
  const github = await startGithub({
    now: () => clock.now() + skew.ms,
    apps: [{ appId: APP_ID, installations: [INSTALLATION], ...options }],
    ...more,
  });
  onTestFinished(() => github.close());
  const app = github.apps[0]!;
  const log = createTestLog();
  const audited: AuditEntry[] = [];
  const concealed: Secret[] = [];
  const open = (changed: Partial<AppSourceOptions> = {}): TokenSource =>
    createAppSource({
      host: parseGithubHost(github.url),
      appId: String(app.appId),
      key: { kind: 'pem', pem: new Secret(app.privateKey), from: 'GITHUB_APP_PRIVATE_KEY' },
      installation: { kind: 'id', id: INSTALLATION.id },
      repositories: [],
      permissions: {},
      env: {},
      clock,
      log,
      audit: { note: (entry) => void audited.push(entry), flush: () => Promise.resolve() },
      conceal: (secret) => void concealed.push(secret),
      ...changed,
    });
  return {
    github,
    app,
    clock,
    skew,
    log,
    audited,
    concealed,
    open,
    async failure(changed) {
      const error = await rejection(open(changed).load());
      assertHarmless(error, secretsOf(github));
      if (error instanceof RefusedError)
        return { code: error.code, message: error.message, next: error.next };
      if (error instanceof UnreachableError)
        return { code: 'unreachable', message: error.message, next: error.next };
      throw error;
    },
  };
}

/** Tokens, keys, and each JWT that was presented. */
export function secretsOf(github: GithubEmulator): string[] {
  const presented = github.requests
    .map(({ authorization }) => authorization?.split(' ')[1] ?? '')
    .filter((one) => one !== '');
  const keys = github.apps.map(({ privateKey }) => privateKey.split('\n')[1] ?? '');
  return [...github.secrets(), ...presented, ...keys];
}

/** The claims of a JWT that was presented. */
export function claimsOf(authorization: string | null): Record<string, unknown> {
  const [, body = ''] = (authorization ?? '').split('.');
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
}
