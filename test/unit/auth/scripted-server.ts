// A server at which persons log in by a page, and windows over one vault: each step of a login is the test's.
// Not for: any protocol; GitHub's and OAuth's have tests of their own.
import type { LoginServer, LoginStep } from '../../../src/auth/login-server.ts';
import { createLoginSource } from '../../../src/auth/login-source.ts';
import type { Credential, LoginPrompt, TokenSource } from '../../../src/auth/token-source.ts';
import type { AuditEntry } from '../../../src/base/audit.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { RefusedError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { TokenGrant } from '../../../src/net/token-grant.ts';
import { createHurriedClock } from '../../support/hurried-clock.ts';
import { promised } from '../../support/promised.ts';
import { createSharedMemory } from '../../support/shared-memory-vault.ts';
import type { ProcessVault } from '../../support/shared-memory-vault.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted } from '../github/support.ts';

export const IDENTITY = {
  mode: 'exchange',
  issuer: 'https://broker.example',
  clientId: 'c',
  profile: 'default',
  scopes: ['api'],
};

const MINUTES = 60_000;

export function grantOf(token: string): TokenGrant {
  return { accessToken: new Secret(token), issuedAt: Date.now(), scopes: undefined };
}

/** A page that is open in some window: what ends it. */
export interface OpenPage {
  readonly step: LoginStep;
  readonly approve: (token: string) => void;
  readonly refuse: (error: Error) => void;
}

export interface Window {
  readonly source: TokenSource;
  readonly vault: ProcessVault;
  readonly audit: AuditEntry[];
  /** As by kill -9. */
  kill(): void;
}

export function openWindows(more: Partial<LoginServer> = {}) {
  const memory = createSharedMemory();
  const pages: OpenPage[] = [];
  const waiting: ((page: OpenPage) => void)[] = [];
  const clock = createHurriedClock();

  const logIn = async (step: LoginStep): Promise<TokenGrant> => {
    const number = pages.length + 1;
    const page = {
      verificationUri: `https://broker.example/page/${number}`,
      expiresAt: clock.now() + 10 * MINUTES,
    };
    await step.onFlow({ kind: 'page', ...page, scopes: step.scopes });
    step.onPrompt(page);
    return new Promise((resolve, reject) => {
      step.closing.addEventListener('abort', () => reject(step.closing.reason as Error));
      const open: OpenPage = { step, approve: (token) => resolve(grantOf(token)), refuse: reject };
      pages.push(open);
      waiting.splice(0).forEach((tell) => tell(open));
    });
  };

  const server: LoginServer = {
    label: 'broker.example',
    authFailure: { hints: [], patterns: [] },
    description: undefined,
    logIn,
    canRenew: () => true,
    renew: () => Promise.reject(new Error('nobody asked for that')),
    rotationOf: () => 'overlapping',
    suffices: () => true,
    identify: () => Promise.resolve(undefined),
    revoke: () => Promise.resolve({ kind: 'revoked' }),
    accessPage: () => undefined,
    expired: () => new RefusedError('expired_token', 'the page expired', { next: 'Again.' }),
    ...more,
  };

  const open = (): Window => {
    const vault = memory.process();
    const audit: AuditEntry[] = [];
    let isDead = false;
    const own: Clock = {
      ...clock,
      after: (ms, run) =>
        clock.after(ms, () => {
          if (!isDead) run();
        }),
    };
    const source = createLoginSource({
      server,
      identity: IDENTITY,
      vault,
      clock: own,
      log: createTestLog(),
      audit: { note: (entry) => void audit.push(entry), flush: () => Promise.resolve() },
    });
    const kill = (): void => {
      isDead = true;
      vault.kill();
    };
    return { source, vault, audit, kill };
  };

  /** The page that is opened next, in whichever window. */
  const nextPage = (): Promise<OpenPage> => {
    const [page, tell] = promised<OpenPage>();
    waiting.push(tell);
    return page;
  };

  return { memory, clock, server, pages, open, nextPage };
}

/** One call of login: what it shows, one after the other, and what comes of it. */
export function startLogin({ source }: Window, signal: AbortSignal = neverAborted) {
  const prompts: LoginPrompt[] = [];
  const waiting = new Set<() => void>();
  const onPrompt = (prompt: LoginPrompt): void => {
    prompts.push(prompt);
    for (const look of waiting) look();
  };
  const outcome: Promise<Credential> = source.login({ scopes: [], onPrompt }, signal);
  outcome.catch(() => {});
  /** Resolves when so many were shown, with the last of them. */
  const shown = (count: number): Promise<LoginPrompt | undefined> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (prompts.length >= count) resolve(prompts[count - 1]);
      };
      waiting.add(look);
      look();
    });
  return { outcome, prompts, shown };
}
