// The token source of `--auth exchange`: a broker, the subject token that says for whom, and the vault that all processes
// share, put together. Not for: what the parts do.
import { delay } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { GithubHost } from '../github/hosts.ts';
import { fetchLogin } from '../github/identity.ts';
import type { Http } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import { brokerAddress } from './exchange/address.ts';
import { createAttempts } from './exchange/attempt.ts';
import { createBroker } from './exchange/broker.ts';
import { setting } from './exchange/options.ts';
import { exchangeIdentity, grantIdentity, marksOf, targetOf } from './exchange/identity.ts';
import { createExchangeServer } from './exchange/server.ts';
import type { ExchangeSettings } from './exchange/settings.ts';
import { subjectVault } from './exchange/vault.ts';
import { COMMAND_TIMEOUT } from './helper-command.ts';
import { createLoginSource } from './login-source.ts';
import type { LoginSourceContext } from './source-context.ts';
import type { Subject } from './exchange/subject-token.ts';
import { givenSubject } from './exchange/subject-token.ts';
import { loginSubject } from './exchange/subject-token-login.ts';
import type { Logout, TokenSource } from './token-source.ts';
import { hasExpired } from './token-source.ts';
import { inTurn, refreshLocks } from './turn.ts';

export interface ExchangeSourceOptions extends LoginSourceContext {
  readonly settings: ExchangeSettings;
  /** Whose tokens they are where they look like GitHub's: it is asked for the account's name. */
  readonly host: GithubHost;
  readonly env: NodeJS.ProcessEnv;
  /** Of a helper command, in ms. */
  readonly timeoutMs?: number;
  /** Of the login at the issuer; default: a random one. */
  readonly callbackPort?: number | undefined;
}

/** Tokens with which an account's name can be asked for at GitHub; those of installations have none. */
const GITHUB_TOKEN = /^(?:gh[opu]_|github_pat_)/;

/**
 * What a process that has ended asked of the broker is through after this, in ms. Some clients start the command twice and
 * end one copy; the broker goes on with the exchange of that one, and another beside it would cost the person's consent.
 */
const AFTERMATH = 2000;

export function createExchangeSource(options: ExchangeSourceOptions): TokenSource {
  const { settings, host, env, timeoutMs = COMMAND_TIMEOUT, profile, clock, log } = options;
  const { conceal = () => {}, http = createHttp(clock) } = options;
  const { issuer, client } = settings;
  const named = issuer === undefined ? 'exchange-token-endpoint' : 'exchange-issuer';
  const brokerHttp: Http = { ...http, setting: setting(named) };
  const broker = createBroker({ settings, http: brokerHttp, env, conceal });
  const marks = marksOf(settings);
  const identity = exchangeIdentity(settings, profile);

  const subject: Subject =
    settings.subject.kind === 'given'
      ? givenSubject(settings.subject, { env, timeoutMs, clock, conceal })
      : loginSubject(settings.subject, {
          ...options,
          issuer: brokerAddress(settings),
          clientId: client.clientId,
          broker,
          conceal,
        });

  const newGrantLock = refreshLocks(options.vault, grantIdentity(settings));
  const attempts = createAttempts({
    settings,
    label: broker.label,
    subject,
    tokenEndpoint: (signal) => broker.tokenEndpoint(signal),
    prove: broker.prove,
    alone: (work, signal) =>
      inTurn({ lock: newGrantLock(), clock, log, signal }, async ({ wasLeft }) => {
        if (wasLeft) await delay(clock, AFTERMATH, signal);
        return work();
      }),
    http: brokerHttp,
    log,
  });
  const vault = subjectVault(options.vault, { who: () => subject.who(), subjectOf: attempts.subjectOf });
  const newLock = refreshLocks(vault, identity);

  const server = createExchangeServer({
    label: broker.label,
    target: targetOf(settings),
    preset: settings.preset,
    scopes: settings.scopes,
    isMark: (scope) => marks.includes(scope),
    subject,
    attempts,
    inTurn: (work, signal) => inTurn({ lock: newLock(), clock, log, signal }, work),

    async newlyStored(known) {
      const kept = await vault.read(identity).catch(() => undefined);
      if (kept?.kind !== 'record') return undefined;
      const { record } = kept;
      return known?.equals(record.accessToken) === true || hasExpired(record, clock.now())
        ? undefined
        : record;
    },

    async isWaiting() {
      const { sharing } = vault;
      try {
        const flow = await sharing?.readFlow(identity);
        if (!sharing || !flow || flow.expiresAt <= clock.now()) return false;
        // Whoever waits holds this lock; a page that is left of one that has ended is waited for by nobody.
        const held = await sharing.lock(identity, 'login').tryTake();
        await held?.release();
        return held === undefined;
      } catch (error) {
        log.debug(`the login that waits for a person cannot be looked up: ${messageOf(error)}`);
        return false;
      }
    },

    complete: (page) => broker.complete(page),
    lookUp: (signal) => broker.tokenEndpoint(signal),

    identify: (token, signal) =>
      GITHUB_TOKEN.test(token.reveal())
        ? fetchLogin({ host, token, http, signal })
        : Promise.resolve(undefined),

    revoke: (credential, signal) => broker.revoke(credential, signal),
    clock,
  });

  const source = createLoginSource({ ...options, server, identity, vault });
  if (!subject.logOut) return source;
  const { logOut } = subject;
  return {
    ...source,
    logout: async (current, signal) => both(await source.logout(current, signal), await logOut(signal)),
  };
}

/** The token, and the login at the issuer by which it was got. */
function both({ was, unrevoked }: Logout, issuer: Logout): Logout {
  const left = [unrevoked, issuer.unrevoked].filter((text) => text !== undefined);
  return { was: was ?? issuer.was, unrevoked: left.length > 0 ? left.join(' ') : undefined };
}
