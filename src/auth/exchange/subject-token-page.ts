// The issuer as a server at which persons log in by authorization code with PKCE, so that a broker knows who they are.
// Not for: what becomes of that token (subject-token-login.ts).
import type { Clock } from '../../base/clock.ts';
import { asUnreachable, RefusedError } from '../../base/errors.ts';
import type { TokenGrant } from '../../net/token-grant.ts';
import type { OauthClient } from '../../oauth/client.ts';
import { authorizationUrl, codeIn, exchangeCode } from '../../oauth/code-flow.ts';
import { claimsOf } from '../../oauth/exchange-claims.ts';
import { refreshToken } from '../../oauth/refresh.ts';
import type { Broker } from './broker.ts';
import { polling } from '../polling.ts';
import { anyAuthFailure } from '../failure-rules.ts';
import type { LoginServer, LoginStep } from '../login-server.ts';
import { noRefreshToken } from '../refusals.ts';

export interface SubjectServerParts {
  readonly broker: Broker;
  readonly clock: Clock;
  /** Where the browser comes back to; default: any free one. */
  readonly callbackPort?: number | undefined;
  /** What the page is asked with besides, such as `resource`. */
  readonly params?: Readonly<Record<string, string>>;
}

/** For a person at the issuer's page, in ms. */
const PAGE_TIME = 5 * 60_000;

export function createSubjectServer(parts: SubjectServerParts): LoginServer {
  const { broker, clock } = parts;
  const { label } = broker;
  const client = async (signal: AbortSignal): Promise<OauthClient> => {
    const known = await broker.client(signal);
    if (!known) throw loginNeeded(label);
    return known;
  };
  return {
    label,
    authFailure: anyAuthFailure,
    // Its client may prove itself in ways that another process of ours is not told.
    description: undefined,
    async logIn(step) {
      const known = await client(eitherOf(step));
      return polling(step, clock, () => byPage(step, known, parts));
    },
    canRenew: (credential) => credential.refreshToken !== undefined,

    async renew({ refreshToken: token }, signal) {
      if (!token) throw noRefreshToken(label);
      const known = await client(signal).catch((error: unknown) => {
        throw asUnreachable(error);
      });
      return refreshToken(known, token, signal);
    },

    rotationOf: () => 'overlapping',
    suffices: () => true,
    // One person's login does not become another's in silence.
    identify: (token) => Promise.resolve(claimsOf(token)?.name),
    revoke: (credential, signal) => broker.revoke(credential, signal),
    accessPage: () => undefined,
    expired: () => nobodyCame(label),
  };
}

function eitherOf({ signal, closing }: LoginStep): AbortSignal {
  return AbortSignal.any([signal, closing]);
}

async function byPage(
  step: LoginStep,
  client: OauthClient,
  { clock, callbackPort, params = {} }: SubjectServerParts,
): Promise<TokenGrant> {
  // A server for the way back is needed by nobody who is logged in.
  const [{ listenForRedirect }, { createPkce, createState }] = await Promise.all([
    import('../../oauth/redirect.ts'),
    import('../../oauth/pkce.ts'),
  ]);
  const { label } = client.server;
  const state = createState();
  const { verifier, challenge } = createPkce();
  const expiresAt = clock.now() + PAGE_TIME;
  const redirect = await listenForRedirect({
    port: callbackPort,
    state,
    clock,
    signal: eitherOf(step),
    timeoutMs: PAGE_TIME,
  });
  try {
    const { redirectUri } = redirect;
    const { scopes } = step;
    const verificationUri = authorizationUrl({ client, scopes, redirectUri, state, challenge, params });
    const purpose = `${label} has to know who you are before it gives out tokens.`;
    await step.onFlow({ kind: 'page', verificationUri, purpose, expiresAt, scopes });
    step.onPrompt({ verificationUri, purpose, expiresAt });
    const code = codeIn(await redirect.answer, client);
    const grant = await exchangeCode({ client, code, verifier, redirectUri, signal: step.signal });
    await redirect.finish('done', 'You are logged in. Go back to your MCP client.');
    return grant;
  } catch (error) {
    await redirect.finish('failed', 'The login did not succeed. Your MCP client says why.');
    throw error;
  } finally {
    await redirect.close();
  }
}

export function loginNeeded(label: string): RefusedError {
  return new RefusedError('login_required', `nobody is logged in at ${label}`, {
    next: 'Call auth_login: it shows the page on which to log in.',
  });
}

function nobodyCame(label: string): RefusedError {
  return new RefusedError('expired_token', `nobody logged in at ${label} within ${PAGE_TIME / 60_000} min`, {
    next: 'Call auth_login again for a new page.',
  });
}
