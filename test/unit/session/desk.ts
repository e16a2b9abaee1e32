// A token desk whose source does what the test says, when it says so. Not for: what is tested of it.
import type { Credential, LoginRequest, Logout, TokenSource } from '../../../src/auth/token-source.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Event } from '../../../src/session/events.ts';
import { TokenDesk } from '../../../src/session/token-desk.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createTestLog } from '../../support/test-log.ts';
import { START } from './stepped.ts';

export function credential(token: string, changes: Partial<Credential> = {}): Credential {
  return {
    accessToken: new Secret(token),
    issuedAt: START,
    scopes: [],
    rotation: 'exclusive',
    login: 'octocat',
    ...changes,
  };
}

/** What the source was asked, and has not answered. */
export interface Asked<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
}

/** Everything that is asked of a source is answered by the test. @param unattended no person can do anything for it */
export function startDesk({ unattended = false } = {}) {
  const events: Event[] = [];
  const waiting: (() => void)[] = [];
  const redactor = new Redactor();
  const clock = createFakeClock();
  const log = createTestLog();
  const loads: Asked<Credential | undefined>[] = [];
  const refreshes: Asked<Credential>[] = [];
  const logins: (Asked<Credential> & { readonly request: LoginRequest })[] = [];
  const preparations: Asked<Credential | undefined>[] = [];
  const looks: Asked<Credential | undefined>[] = [];
  const logouts: (Asked<Logout> & { readonly current: Credential | undefined })[] = [];
  const releases: (Asked<void> & { readonly released: Credential })[] = [];
  /** Credentials that a refresh brings from the vault. */
  const found = new Set<Credential>();
  const watchers: ((stored: Credential | undefined) => void)[] = [];
  const ask = <T, M>(asked: (Asked<T> & M)[], more: M, signal?: AbortSignal): Promise<T> =>
    new Promise((resolve, reject) => {
      asked.push({ resolve, reject, signal, ...more });
    });
  const source: TokenSource = {
    mode: 'device',
    hostLabel: 'github.com',
    authFailure: { hints: [], patterns: [] },
    loginObstacle: undefined,
    isUnattended: unattended,
    isRenewable: ({ refreshToken }) => refreshToken !== undefined,
    release: (released, signal) => ask(releases, { released }, signal),
    store: () => Promise.resolve('keychain'),
    load: () => ask(loads, {}),
    watch(onChange) {
      watchers.push(onChange);
      return () => void watchers.splice(watchers.indexOf(onChange), 1);
    },
    prepare: (_, signal) => ask(preparations, {}, signal),
    newer: (_, signal) => ask(looks, {}, signal),
    refresh: (_, signal) => ask(refreshes, {}, signal),
    wasFound: (fresh) => found.has(fresh),
    login: (request, signal) => ask(logins, { request }, signal),
    logout: (current, signal) => ask(logouts, { current }, signal),
  };
  const dispatch = (event: Event): void => {
    events.push(event);
    for (const wake of waiting.splice(0)) wake();
  };
  const desk = new TokenDesk({ source, redactor, log, clock, dispatch });
  /** Begins to watch, and gives what the vault tells from then on. */
  const watch = (): ((stored: Credential | undefined) => void) => {
    desk.watch();
    clock.advance(0);
    return (stored) => watchers[0]?.(stored);
  };
  /** Resolves when so many events were dispatched. */
  const dispatched = async (count: number): Promise<readonly Event[]> => {
    while (events.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    return events;
  };
  return {
    desk,
    events,
    dispatched,
    source,
    clock,
    log,
    redactor,
    watch,
    watchers,
    loads,
    refreshes,
    found,
    logins,
    preparations,
    looks,
    logouts,
    releases,
  };
}
