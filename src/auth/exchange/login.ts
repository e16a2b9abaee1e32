// An exchange with a person at hand: who they are, then the page on which they consent, then one try after the other until
// they have. Not for: exchanges that nobody watches (server.ts).
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import { RefusedError, UnreachableError } from '../../base/errors.ts';
import type { TokenGrant } from '../../net/token-grant.ts';
import type { Consent } from '../../oauth/exchange-consent.ts';
import type { ExchangeOutcome } from '../../oauth/exchange.ts';
import type { LoginStep } from '../login-server.ts';
import type { Subject } from './subject-token.ts';

export interface ExchangeLoginParts {
  readonly label: string;
  readonly target: string;
  readonly subject: Subject;
  /** One exchange, while no other process makes one for the same login. */
  readonly exchange: () => Promise<ExchangeOutcome>;
  /** Makes a page fit to be opened, where a broker gives half of its address. */
  readonly complete: (page: string) => string;
  readonly clock: Clock;
}

/** For how long a page is waited for, in ms. */
const CONSENT_TIME = 10 * 60_000;
/** Brokers say "consent" as well where the service behind them fails: asked again after this, before a person is. In ms. */
export const SILENT_PAUSE = 500;
/**
 * Between two tries while a person reads the page, in ms: a twentieth of the time that they have taken so far, within these
 * limits. A jitter of a quarter is put on it either way.
 */
const SHORTEST_PAUSE = 1500;
const LONGEST_PAUSE = 10_000;

/**
 * @throws {RefusedError} declined, not in time, no page to show, or wrong settings
 * @throws {UnreachableError}
 * @throws a signal's reason
 */
export async function logInByExchange(step: LoginStep, parts: ExchangeLoginParts): Promise<TokenGrant> {
  const { exchange, subject, clock } = parts;
  const gone = AbortSignal.any([step.signal, step.closing]);
  await subject.logIn?.(step);
  let first = await tryTwice(exchange, clock, gone);
  if (first.kind === 'consent' && first.page !== undefined && (await subject.logInAgain?.(first.page, step)))
    first = await tryTwice(exchange, clock, gone);
  if (first.kind === 'granted') return first.grant;
  const expiresAt = clock.now() + CONSENT_TIME;
  await show(first, expiresAt, step, parts);
  let lastFailure: UnreachableError | undefined;
  const from = clock.steady();
  for (;;) {
    const pauseMs = Math.min(Math.max((clock.steady() - from) / 20, SHORTEST_PAUSE), LONGEST_PAUSE);
    const leftMs = Math.max(expiresAt - clock.now(), 0);
    await delay(clock, Math.min(pauseMs * (0.75 + clock.random() / 2), leftMs), gone);
    if (clock.now() >= expiresAt) throw lastFailure ?? tooLate(parts.label);
    try {
      const outcome = await exchange();
      if (outcome.kind === 'granted') return outcome.grant;
      lastFailure = undefined;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      lastFailure = error;
    }
  }
}

/** One silent try more where consent is said to be missing. @param signal ends the pause */
export async function tryTwice(
  exchange: () => Promise<ExchangeOutcome>,
  clock: Clock,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  const outcome = await exchange();
  if (outcome.kind === 'granted') return outcome;
  await delay(clock, SILENT_PAUSE, signal);
  return exchange();
}

async function show(
  consent: Consent,
  expiresAt: number,
  { scopes, onFlow, onPrompt }: LoginStep,
  { label, target, complete }: ExchangeLoginParts,
): Promise<void> {
  const { page, cause } = consent;
  if (page === undefined) throw noPage(label, target);
  const verificationUri = complete(page);
  const purpose =
    cause === 'scope_insufficient'
      ? `${label} needs your consent to more of ${target} than you gave it.`
      : `${label} needs your consent to give out tokens for ${target}.`;
  await onFlow({ kind: 'page', verificationUri, purpose, expiresAt, scopes });
  onPrompt({ verificationUri, purpose, expiresAt });
}

/** Nobody is there who could consent. */
export function consentRequired(label: string, target: string): RefusedError {
  return new RefusedError(
    'consent_required',
    `${label} needs a person's consent to give out tokens for ${target}`,
    {
      next: 'Call auth_login: it shows the page on which to consent.',
    },
  );
}

function noPage(label: string, target: string): RefusedError {
  return new RefusedError(
    'consent_required',
    `${label} needs a person's consent to give out tokens for ${target}, but names no page for it that may be opened`,
    {
      next: 'Connect the account on a page of the broker itself, then call auth_login; --exchange-consent-rule says where in its answer the address of such a page is.',
    },
  );
}

export function tooLate(label: string): RefusedError {
  return new RefusedError(
    'expired_token',
    `nobody consented at ${label} within ${CONSENT_TIME / 60_000} min`,
    {
      next: 'Call auth_login again for a new page.',
    },
  );
}
