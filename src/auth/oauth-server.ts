// Any issuer as a server at which persons log in by device flow. Not for: GitHub (github-server.ts), brokers
// (exchange/server.ts), or what is stored (login-source.ts).
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Http } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { issuerLabel } from '../net/web-address.ts';
import { runDeviceFlow } from '../oauth/device-flow.ts';
import { refusal } from '../oauth/refusal.ts';
import { revokeAt } from '../oauth/revoke.ts';
import { fetchAccount } from '../oauth/userinfo.ts';
import { anyAuthFailure } from './failure-rules.ts';
import type { LoginServer, LoginStep } from './login-server.ts';
import { clientAt, OAUTH_SETTINGS, oauthRenewer } from './oauth-renewer.ts';

export interface OauthServerOptions {
  /** As it was given; https, or http on a loopback address. */
  readonly issuer: string;
  readonly clientId: string;
  /** `undefined` for a public client. */
  readonly clientSecret: Secret | undefined;
  readonly http: Http;
}

/** Asks for a refresh token at servers that give one for this scope only (OpenID Connect Core, section 11). */
const OFFLINE = 'offline_access';

export function createOauthServer(options: OauthServerOptions): LoginServer {
  const { issuer, clientId, clientSecret, http } = options;
  const description = { kind: 'oauth', issuer, clientId, clientSecret } as const;
  const label = issuerLabel(issuer);

  const logIn = async (step: LoginStep): Promise<TokenGrant> => {
    const { scopes, resume, onFlow, onPrompt, onPoll, signal, closing } = step;
    const either = AbortSignal.any([signal, closing]);
    const client = await clientAt(description, http, either);
    const isOffered = client.server.metadata.scopes_supported?.includes(OFFLINE) === true;
    const code = resume?.kind === 'code' ? resume : undefined;
    const run = (asked: readonly string[]) =>
      runDeviceFlow({
        client,
        scopes: asked,
        code,
        onCode: (fresh) => onFlow({ kind: 'code', ...fresh, scopes }),
        onPrompt,
        onPoll,
        signal,
        closing,
      });
    if (!isOffered || scopes.includes(OFFLINE)) return run(scopes);
    try {
      return await run([...scopes, OFFLINE]);
    } catch (error) {
      // It is said before there is a code: this client is not registered for that scope, which nobody asked for.
      if (!(error instanceof RefusedError) || error.code !== 'invalid_scope') throw error;
      return run(scopes);
    }
  };

  return {
    authFailure: anyAuthFailure,
    description,
    ...oauthRenewer(description, http),
    logIn,
    canRenew: ({ refreshToken }) => refreshToken !== undefined,

    // What it was added for shows in the refresh token; servers need not name it among what they granted.
    suffices: ({ scopes }, wanted) => wanted.every((scope) => scope === OFFLINE || scopes.includes(scope)),

    async identify(token, signal, was) {
      return fetchAccount(await clientAt(description, http, signal), token, signal, was);
    },

    revoke: (credential, signal) => revokeAt((one) => clientAt(description, http, one), credential, signal),

    accessPage: () => undefined,
    expired: () => refusal({ server: { label }, clientId, names: OAUTH_SETTINGS }, 'code', 'expired_token'),
  };
}
