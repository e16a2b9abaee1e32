// A broker as a server at which persons log in: its tokens are exchanged for a subject token, silently where the person has
// consented. Not for: the request itself (oauth/exchange.ts), or what is stored and shared (login-source.ts).
import type { Clock } from '../../base/clock.ts';
import { asUnreachable, RefusedError, UnreachableError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { TokenGrant } from '../../net/token-grant.ts';
import type { AccountChange } from '../account.ts';
import { changeOf } from '../account.ts';
import type { Attempts } from './attempt.ts';
import { consentRequired, logInByExchange, SILENT_PAUSE, tooLate, tryTwice } from './login.ts';
import type { ExchangePreset } from './settings.ts';
import { anyAuthFailure } from '../failure-rules.ts';
import type { LoginServer } from '../login-server.ts';
import { polling } from '../polling.ts';
import type { Subject } from './subject-token.ts';
import type { Credential } from '../token-source.ts';
import { earliestRenewal, hasExpired } from '../token-source.ts';

export interface ExchangeServerParts {
  readonly label: string;
  /** What tokens are wanted for, such as `github`. */
  readonly target: string;
  readonly preset: ExchangePreset | undefined;
  /** Asked for with each exchange. */
  readonly scopes: readonly string[];
  /** What the record's identity has among its scopes and is none. */
  readonly isMark: (scope: string) => boolean;
  readonly subject: Subject;
  readonly attempts: Attempts;
  /**
   * Does something while no process makes an exchange for the same record: two at once would present the same refresh token
   * to the service behind the broker.
   */
  readonly inTurn: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  /** What has been stored since this process looked last, by another one. */
  readonly newlyStored: (known: Secret | undefined) => Promise<Credential | undefined>;
  /** Whether a page waits for a person, in whichever process. Never rejects. */
  readonly isWaiting: () => Promise<boolean>;
  readonly complete: (page: string) => string;
  /** @throws {RefusedError | UnreachableError} the broker cannot be looked up */
  readonly lookUp: (signal: AbortSignal) => Promise<unknown>;
  readonly identify: LoginServer['identify'];
  readonly revoke: LoginServer['revoke'];
  readonly clock: Clock;
}

/** A token that came less long ago than this, in ms, is as new as any. */
const JUST_NOW = 60_000;
/** For an exchange with all that it takes, in ms: the lock under which it is made lasts a little longer. */
const TIME_LIMIT = 30_000;

/** Why nothing can be asked, as far as that is a matter of this machine: its subject token, its settings. */
const OWN_FAULT: ReadonlySet<string> = new Set([
  'no_secret',
  'helper_failed',
  'subject_token_expired',
  'invalid_client',
]);

const NEEDS_PERSON: ReadonlySet<string> = new Set(['consent_required', 'other_identity']);

export function createExchangeServer(parts: ExchangeServerParts): LoginServer {
  const { label, target, preset, isMark, subject, attempts, clock } = parts;
  const { attempt, subjectOf } = attempts;

  /** The configured scopes and what a person asked for besides. */
  const wantedBy = (scopes: readonly string[]): readonly string[] => [
    ...new Set([...parts.scopes, ...scopes.filter((scope) => !isMark(scope))]),
  ];

  const silently = async (scopes: readonly string[], signal: AbortSignal): Promise<TokenGrant> => {
    const outcome = await limited(signal, (one) => tryTwice(() => attempt(scopes, one), clock, one));
    if (outcome.kind === 'granted') return outcome.grant;
    throw consentRequired(label, target);
  };

  const limited = async <T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const limit = new AbortController();
    const timer = clock.after(TIME_LIMIT, () => limit.abort(tooSlow(label)));
    try {
      return await work(AbortSignal.any([signal, limit.signal]));
    } finally {
      timer.cancel();
    }
  };

  return {
    label,
    authFailure: anyAuthFailure,
    // Nothing of ours is spent by an exchange, and the next one is as good.
    description: undefined,

    async obtain(signal) {
      if (await parts.isWaiting()) throw consentRequired(label, target);
      return silently(parts.scopes, signal);
    },

    async logIn(step) {
      const before = await parts.newlyStored(undefined);
      const scopes = wantedBy(step.scopes);
      const gone = AbortSignal.any([step.signal, step.closing]);
      const exchange = () =>
        parts.inTurn(async () => {
          const stored = await parts.newlyStored(before?.accessToken);
          return stored && scopes.every((scope) => stored.scopes.includes(scope))
            ? { kind: 'granted' as const, grant: stored }
            : limited(step.signal, (signal) => attempt(scopes, signal));
        }, gone);
      return polling(step, clock, () => logInByExchange(step, { ...parts, exchange }));
    },

    canRenew: () => true,

    async renew(base, signal) {
      const was = base.subject ?? subjectOf(base.accessToken);
      const is = was === undefined ? undefined : await subject.who();
      if (is !== undefined && is !== was) throw otherSubject(label, subject.setting);
      try {
        // What cannot be looked up just now says nothing about a login that worked before.
        await parts.lookUp(signal).catch((error: unknown) => {
          throw asUnreachable(error);
        });
        const grant = await again(base, signal);
        if (grant.accessToken.equals(base.accessToken)) requireProgress(grant, base);
        else await requireSameAccount(grant.accessToken, base.login, signal);
        return grant;
      } catch (error) {
        throw (await mayPass(error, base, signal)) ? asUnreachable(error) : error;
      }
    },

    // AuthPlane spends the refresh token that it has at the service behind it; others hand out what they hold.
    rotationOf: () => (preset === 'authplane' ? 'exclusive' : 'overlapping'),

    suffices: ({ scopes }, wanted) => wantedBy(wanted).every((scope) => scopes.includes(scope)),

    identify: parts.identify,
    revoke: parts.revoke,
    accessPage: () => undefined,
    expired: () => tooLate(label),
  };

  /**
   * Whether it may be otherwise later, while the token serves: a subject token that is not there or has expired; a client
   * that does not prove itself; a consent that is missing, which some brokers also say where the service behind them fails;
   * another account, which somebody has connected there.
   */
  async function mayPass(error: unknown, base: Credential, signal: AbortSignal): Promise<boolean> {
    if (!(error instanceof RefusedError) || hasExpired(base, clock.now())) return false;
    if (OWN_FAULT.has(error.code)) return base.expiresAt !== undefined;
    return NEEDS_PERSON.has(error.code) && isDue(base) && isAccepted(base.accessToken, signal);
  }

  /** As far as anybody can be asked: a person who has withdrawn the access at the service itself is shown the page at once. */
  async function isAccepted(token: Secret, signal: AbortSignal): Promise<boolean> {
    try {
      await parts.identify(token, signal);
      return true;
    } catch (error) {
      return !(error instanceof RefusedError);
    }
  }

  /** With the scopes that a person asked for besides, as long as the broker takes the names in which it granted them. */
  async function again(base: Credential, signal: AbortSignal): Promise<TokenGrant> {
    const wanted = wantedBy(base.scopes);
    try {
      return await silently(parts.scopes.length > 0 ? wanted : [], signal);
    } catch (error) {
      const isOurs = error instanceof RefusedError && error.code === 'invalid_scope';
      if (!isOurs || wanted.length === parts.scopes.length) throw error;
      return silently(parts.scopes, signal);
    }
  }

  /** The account that is connected at the broker may be another one by now: nobody acts as somebody else in silence. */
  async function requireSameAccount(
    token: Secret,
    was: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    if (was === undefined) return;
    // A name that cannot be learnt just now is no reason to drop a new token.
    const change = changeOf(was, await parts.identify(token, signal).catch(() => undefined));
    if (change) throw otherAccount(label, change);
  }

  /** Whether it is renewed for its time alone, and not because it was refused. */
  function isDue({ issuedAt, expiresAt }: Pick<Credential, 'issuedAt' | 'expiresAt'>): boolean {
    return expiresAt !== undefined && earliestRenewal(issuedAt, expiresAt) <= clock.now();
  }

  /** Some brokers hand out what they hold until it ends: then asking again brings nothing new. */
  function requireProgress(grant: TokenGrant, { issuedAt, expiresAt }: Credential): void {
    // Asked for again at once, to see whether there is another one after all.
    if (clock.now() - issuedAt < JUST_NOW) return;
    if (expiresAt === undefined || !isDue({ issuedAt, expiresAt })) throw sameToken(label);
    if (grant.expiresAt !== undefined && grant.expiresAt - expiresAt < SILENT_PAUSE) throw notYet(label);
  }
}

/** It was refused, or nobody would ask for another one. */
function sameToken(label: string): RefusedError {
  return new RefusedError('same_token', `${label} gives the same token again, which was not accepted`, {
    next: 'Revoke the access at the broker and connect the account there anew, then call auth_login.',
  });
}

function tooSlow(label: string): UnreachableError {
  return new UnreachableError(`${label} took more than ${TIME_LIMIT / 1000} s for an exchange`, {
    next: 'Check the network connection and try again.',
  });
}

function notYet(label: string): UnreachableError {
  return new UnreachableError(`${label} gives no newer token before this one has ended`, {
    next: 'It is asked again.',
  });
}

function otherAccount(label: string, { was, now }: AccountChange): RefusedError {
  return new RefusedError(
    'other_identity',
    `${label} gave tokens of ${was} until now, and gives one of ${now} instead`,
    {
      next: `Connect the account ${was} there again; or log out (auth_logout, gh-mcp-proxy logout) and call auth_login, to go on as ${now}.`,
    },
  );
}

function otherSubject(label: string, setting: string): RefusedError {
  return new RefusedError('other_subject', `the subject token of ${setting} is another person's now`, {
    next: `Call auth_login to have ${label} give a token for that person.`,
  });
}
