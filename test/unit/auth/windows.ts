// Several windows over one vault and one GitHub: what the tests of sharing begin with.
// Not for: a single source (device.test.ts).
import { onTestFinished } from 'vitest';
import { CLIENT_IDS, startGithub } from '../../../fixtures/github/emulator.mjs';
import { createDeviceSource } from '../../../src/auth/device.ts';
import type { Credential, LoginPrompt, LoginRequest, TokenSource } from '../../../src/auth/token-source.ts';
import type { AuditEntry } from '../../../src/base/audit.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Secret } from '../../../src/base/secret.ts';
import type { GithubHost } from '../../../src/github/hosts.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import type { VaultRecord } from '../../../src/vault/vault.ts';
import { createHurriedClock } from '../../support/hurried-clock.ts';
import { promised } from '../../support/promised.ts';
import type { ProcessVault } from '../../support/shared-memory-vault.ts';
import { createSharedMemory } from '../../support/shared-memory-vault.ts';
import type { TestLog } from '../../support/test-log.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted } from '../github/support.ts';

/** One process with its source. */
export interface Window {
  readonly source: TokenSource;
  readonly vault: ProcessVault;
  readonly log: TestLog;
  readonly audit: AuditEntry[];
  /** As by kill -9: no timer of it fires any more, and nothing that it has begun goes on. */
  kill(): void;
  /** As by SIGSTOP: no timer of it fires any more, and it keeps what it holds. */
  stop(): void;
}

export interface WindowOptions {
  readonly clientId?: string;
  readonly clientSecret?: Secret;
  readonly kind?: GithubHost['kind'];
  readonly scopes?: readonly string[];
}

/** What one call of login shows and brings. */
export interface PendingLogin {
  readonly outcome: Promise<Credential>;
  /** The code that it shows; each call shows one. */
  readonly shown: Promise<LoginPrompt>;
  readonly prompts: readonly LoginPrompt[];
  /** Declined. */
  readonly abort: (reason: unknown) => void;
  /** The window closes. */
  readonly close: (reason: unknown) => void;
}

/** An interval that no poll is too fast for, in seconds: the pace of polls is not what these tests are about. */
const INTERVAL = 0.004;

export async function openWindows(defaults: WindowOptions = {}) {
  const clock = createHurriedClock();
  const github = await startGithub({ now: () => clock.now(), interval: INTERVAL });
  onTestFinished(() => github.close());
  const memory = createSharedMemory();

  const open = (more: WindowOptions = {}): Window => {
    const { clientId = CLIENT_IDS.githubApp, clientSecret, kind, scopes = [] } = { ...defaults, ...more };
    const host = parseGithubHost(github.url);
    const vault = memory.process();
    const log = createTestLog();
    const audit: AuditEntry[] = [];
    let isStopped = false;
    const ownClock: Clock = {
      ...clock,
      after: (ms, run) =>
        clock.after(ms, () => {
          if (!isStopped) run();
        }),
    };
    const source = createDeviceSource({
      host: kind ? { ...host, kind } : host,
      clientId,
      clientSecret,
      scopes,
      profile: 'default',
      vault,
      clock: ownClock,
      log,
      audit: { note: (entry) => void audit.push(entry), flush: () => Promise.resolve() },
    });
    const stop = (): void => {
      isStopped = true;
    };
    const kill = (): void => {
      stop();
      vault.kill();
    };
    return { source, vault, log, audit, kill, stop };
  };

  /** What something else has stored under the same identity. */
  const store = (
    record: VaultRecord,
    { clientId = CLIENT_IDS.githubApp, scopes = [] }: WindowOptions = defaults,
  ) =>
    memory
      .process()
      .write({ mode: 'device', issuer: github.url, clientId, profile: 'default', scopes }, record);

  /** A login that the person approves at once. */
  const logIn = async (window: Window, request: Partial<LoginRequest> = {}, as = 'octocat') => {
    const login = startLogin(window, request);
    github.approve((await login.shown).userCode ?? '', as);
    return login.outcome;
  };

  return {
    clock,
    github,
    memory,
    open,
    startLogin,
    logIn,
    store,
    refreshes: () => github.requests.filter(({ body }) => body['grant_type'] === 'refresh_token'),
    codes: () => github.count('/login/device/code'),
    refresh: ({ source }: Window, stale: Credential) => source.refresh(stale, neverAborted),
    logout: ({ source }: Window, current?: Credential) => source.logout(current, neverAborted),
    token: (record: VaultRecord) => record.accessToken.reveal(),
  };
}

function startLogin(window: Window, request: Partial<LoginRequest> = {}): PendingLogin {
  const declining = new AbortController();
  const closing = new AbortController();
  const prompts: LoginPrompt[] = [];
  const [shown, show] = promised<LoginPrompt>();
  const onPrompt = (prompt: LoginPrompt): void => {
    prompts.push(prompt);
    show(prompt);
  };
  const outcome = window.source.login(
    { scopes: [], onPrompt, closing: closing.signal, ...request },
    declining.signal,
  );
  outcome.catch(() => {});
  return {
    outcome,
    shown,
    prompts,
    abort: (reason) => declining.abort(reason),
    close: (reason) => closing.abort(reason),
  };
}

/** What was noted, as words. */
export function events({ audit }: Window): string[] {
  return audit.map(({ event }) => event);
}
