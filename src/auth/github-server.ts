// GitHub as a server at which persons log in: its device flow, and all that does not depend on how a token was got.
// Not for: the browser flow (browser.ts), or the tokens of installations (app.ts).
import type { Secret } from '../base/secret.ts';
import { githubAuthFailure } from '../github/auth-failure.ts';
import type { GithubHost } from '../github/hosts.ts';
import { fetchLogin } from '../github/identity.ts';
import { refusal } from '../github/oauth-refusal.ts';
import { authorizationsPage, revokeTokens } from '../github/revoke.ts';
import { covers } from '../github/scopes.ts';
import type { Http } from '../net/http.ts';
import { githubRenewer } from './github-renewer.ts';
import type { LoginServer } from './login-server.ts';
import type { Credential } from './token-source.ts';

export interface GithubServerOptions {
  readonly host: GithubHost;
  readonly clientId: string;
  /** Revokes tokens on hosts other than github.com. */
  readonly clientSecret: Secret | undefined;
  readonly http: Http;
}

/** GitHub with its device flow (`--auth device`). */
export function createGithubServer(options: GithubServerOptions): LoginServer {
  const { host, clientId, http } = options;
  return {
    ...githubLogins(options),

    async logIn({ scopes, resume, onFlow, onPrompt, onPoll, signal, closing }) {
      // Octokit is needed by nobody who is logged in.
      const { runDeviceFlow } = await import('../github/device-flow.ts');
      return runDeviceFlow({
        host,
        clientId,
        scopes,
        http,
        ...(resume?.kind === 'code' && { code: resume }),
        onCode: (code) => onFlow({ kind: 'code', ...code, scopes }),
        onPrompt,
        onPoll,
        signal,
        closing,
      });
    },
  };
}

/**
 * What is the same for every login of a person at GitHub.
 * @param renewalSecret sent with each refresh: GitHub asks for it where the token came by the browser flow only
 */
export function githubLogins(
  options: GithubServerOptions,
  renewalSecret?: Secret,
): Omit<LoginServer, 'logIn' | 'obtain'> {
  const { host, clientId, http } = options;
  const description = { kind: 'github', host, clientId, clientSecret: renewalSecret } as const;
  return {
    authFailure: githubAuthFailure,
    description,
    canRenew: ({ refreshToken }) => refreshToken !== undefined,
    ...githubRenewer(description, http),
    suffices: (credential, wanted) => isGithubAppToken(credential) || covers(credential.scopes, wanted),
    identify: (token, signal) => fetchLogin({ host, token, http, signal }),
    revoke: (credential, signal) => revokeTokens(credential, { ...options, signal }),
    accessPage: (credential) =>
      (credential ? [isGithubAppToken(credential)] : [true, false])
        .map((isGithubApp) => authorizationsPage(host, isGithubApp))
        .join(' or '),
    expired: () => refusal({ host, clientId }, 'expired_token'),
  };
}

/** GitHub gives the tokens of its Apps, and of OAuth Apps, a prefix each. */
function isGithubAppToken({ accessToken, refreshToken }: Credential): boolean {
  return refreshToken !== undefined || accessToken.reveal().startsWith('ghu_');
}
