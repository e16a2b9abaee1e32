// One exchange with everything that it needs looked up: where, by which client, with which subject token; and what is
// remarkable about the answer. Not for: what follows when a person has to consent (login.ts).
import { RefusedError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Secret } from '../../base/secret.ts';
import { claimsOf } from '../../oauth/exchange-claims.ts';
import type { ProveClient } from '../../oauth/client-auth.ts';
import type { ExchangeOutcome } from '../../oauth/exchange.ts';
import { exchangeToken } from '../../oauth/exchange.ts';
import type { Http } from '../../net/http.ts';
import { targetOf } from './identity.ts';
import type { ExchangeSettings } from './settings.ts';
import type { Subject } from './subject-token.ts';

export interface AttemptParts {
  readonly settings: ExchangeSettings;
  /** The broker, as a person knows it. */
  readonly label: string;
  readonly subject: Subject;
  /** @throws {RefusedError | UnreachableError} it cannot be looked up */
  readonly tokenEndpoint: (signal: AbortSignal) => Promise<string>;
  readonly prove: ProveClient;
  /** Does something while nobody asks for a token of the same service. */
  readonly alone: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
  readonly http: Http;
  readonly log: Log;
}

export interface Attempts {
  /**
   * Asks once, or twice where the subject token is not accepted and there is another one; one at a time. See
   * {@link exchangeToken}.
   */
  readonly attempt: (scopes: readonly string[], signal: AbortSignal) => Promise<ExchangeOutcome>;
  /** For whom a token was exchanged here. */
  readonly subjectOf: (token: Secret) => string | undefined;
}

export function createAttempts(parts: AttemptParts): Attempts {
  const { settings, label, subject, tokenEndpoint, prove, alone, http, log } = parts;
  const { resources, audiences, params, consentRules, client } = settings;
  /** The last one: what is stored is stored right after it came. */
  let last: { readonly token: Secret; readonly subject: string | undefined } | undefined;
  /** Scopes that were not granted: said when they change. */
  let reported = '';

  const ask = async (
    subjectToken: Secret,
    scopes: readonly string[],
    signal: AbortSignal,
  ): Promise<ExchangeOutcome> => {
    const request = {
      endpoint: await tokenEndpoint(signal),
      label,
      clientId: client.clientId,
      target: targetOf(settings),
      subjectSetting: subject.setting,
      prove,
      subjectToken,
      subjectTokenType: subject.type,
      resources,
      audiences,
      scopes,
      params,
      consentRules,
    };
    const outcome = await alone(() => exchangeToken(request, http, signal), signal);
    if (outcome.kind === 'granted') {
      const { accessToken, scopes: granted = [] } = outcome.grant;
      last = { token: accessToken, subject: claimsOf(subjectToken)?.subject };
      const missing = scopes.filter((scope) => !granted.includes(scope)).join(' ');
      if (missing !== '' && missing !== reported)
        log.warn(`${label} granted fewer scopes than were asked for: ${missing} missing`);
      reported = missing;
    }
    return outcome;
  };

  /** Another subject token, where the refusal may be about the one that was sent. */
  const otherFor = async (
    code: string,
    refused: Secret,
    signal: AbortSignal,
  ): Promise<Secret | undefined> => {
    if (code === 'invalid_grant' || code === 'invalid_token') return subject.another(refused, signal);
    // What RFC 8693, section 2.2.2, has for it, as for much else: then the refusal itself says more than this does.
    if (code === 'invalid_request') return subject.another(refused, signal).catch(() => undefined);
    return undefined;
  };

  const askWithOther = async (scopes: readonly string[], signal: AbortSignal): Promise<ExchangeOutcome> => {
    signal.throwIfAborted();
    const token = await subject.token(signal);
    try {
      return await ask(token, scopes, signal);
    } catch (error) {
      const other = error instanceof RefusedError ? await otherFor(error.code, token, signal) : undefined;
      if (!other) throw error;
      return ask(other, scopes, signal);
    }
  };

  /** The end of the one before: a command for the subject token is not run twice at once either. */
  let before: Promise<unknown> = Promise.resolve();

  return {
    attempt(scopes, signal) {
      const outcome = before.then(() => askWithOther(scopes, signal));
      before = outcome.catch(() => {});
      return outcome;
    },

    subjectOf: (token) => (last?.token.equals(token) === true ? last.subject : undefined),
  };
}
