// A subject token by a person's own login at the issuer: authorization code with PKCE, kept and renewed like any login, as
// a record of its own. Not for: tokens that come from elsewhere (subject-token.ts), or the exchange.
import type { Audit } from '../../base/audit.ts';
import { RefusedError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Secret } from '../../base/secret.ts';
import { claimsOf } from '../../oauth/exchange-claims.ts';
import type { Vault } from '../../vault/vault.ts';
import type { LoginStep } from '../login-server.ts';
import { createLoginSource } from '../login-source.ts';
import type { Subject } from './subject-token.ts';
import type { SubjectServerParts } from './subject-token-page.ts';
import { createSubjectServer, loginNeeded } from './subject-token-page.ts';
import type { SubjectSettings } from './subject-token-settings.ts';
import type { Credential, TokenSource } from '../token-source.ts';

export interface LoginSubjectParts extends Omit<SubjectServerParts, 'params'> {
  readonly issuer: string;
  readonly clientId: string;
  readonly profile: string;
  readonly vault: Vault;
  readonly log: Log;
  readonly audit?: Audit | undefined;
  readonly conceal: (secret: Secret) => void;
}

/** One that ends sooner is renewed before it is used, in ms. */
const LEAST_LEFT = 30_000;

export function loginSubject(
  { scopes, type }: Extract<SubjectSettings, { kind: 'login' }>,
  parts: LoginSubjectParts,
): Subject {
  const { issuer, clientId, broker, profile, vault, clock, log, audit, conceal } = parts;
  const { label } = broker;
  const sourceOf = (params: Readonly<Record<string, string>>): TokenSource =>
    createLoginSource({
      server: createSubjectServer({ ...parts, params }),
      identity: { mode: 'exchange-subject', issuer, clientId, profile, scopes },
      vault,
      clock,
      log,
      audit,
    });
  const source = sourceOf({});

  const isFresh = ({ expiresAt }: Credential): boolean =>
    expiresAt === undefined || expiresAt - clock.now() > LEAST_LEFT;

  const told = (credential: Credential): Credential => {
    conceal(credential.accessToken);
    if (credential.refreshToken) conceal(credential.refreshToken);
    return credential;
  };

  /** The stored login, renewed where need be. @throws {RefusedError} a person has to log in */
  const current = async (signal: AbortSignal): Promise<Credential> => {
    const stored = await source.load();
    if (!stored) throw loginNeeded(label);
    if (isFresh(stored)) return told(stored);
    if (!source.isRenewable(stored)) throw loginNeeded(label);
    return told(await source.refresh(stored, signal));
  };

  /** With the pages shown by all who wait for the exchange. */
  const byPerson = async (at: TokenSource, step: LoginStep): Promise<void> => {
    const { onFlow, onPrompt, signal, closing } = step;
    const known = await source.load();
    const show: LoginStep['onPrompt'] = (prompt) => {
      void onFlow({ kind: 'page', ...prompt, scopes: step.scopes }).then(() => onPrompt(prompt));
    };
    told(await at.login({ scopes: [], onPrompt: show, closing, ...(known && { known }) }, signal));
  };

  return {
    setting: `the login at ${label}`,
    type,

    token: async (signal) => (await current(signal)).accessToken,

    async another(refused, signal) {
      const stored = await source.load();
      if (!stored) return undefined;
      if (!stored.accessToken.equals(refused)) return told(stored).accessToken;
      if (!source.isRenewable(stored)) throw loginNeeded(label);
      return told(await source.refresh(stored, signal)).accessToken;
    },

    async who() {
      const stored = await source.load().catch(() => undefined);
      return stored && claimsOf(stored.accessToken)?.subject;
    },

    async logIn(step) {
      try {
        await current(step.signal);
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        await byPerson(source, step);
      }
    },

    async logInAgain(page, step) {
      const known = await broker.client(step.signal);
      const asked = known && loginAskedFor(page, known.server.metadata.authorization_endpoint);
      if (asked) await byPerson(sourceOf(asked), step);
      return asked !== undefined;
    },

    logOut: async (signal) => source.logout(undefined, signal),
  };
}

/**
 * What a page asks for that is the issuer's own login, without saying which client asks: AuthPlane names it where a client
 * has to be allowed something by another login. `undefined` where it is any other page.
 */
function loginAskedFor(page: string, endpoint: string | undefined): Record<string, string> | undefined {
  if (endpoint === undefined) return undefined;
  const [asked, own] = [new URL(page), new URL(endpoint)];
  const isOwn = asked.origin === own.origin && asked.pathname === own.pathname;
  if (!isOwn || asked.searchParams.has('client_id')) return undefined;
  return Object.fromEntries(asked.searchParams);
}
