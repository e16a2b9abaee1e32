// The token source of `--auth browser`: GitHub's browser flow, and its device flow where there is no browser.
// Not for: the page and the way back from it (browser-login.ts), or what all logins have in common (login-source.ts).
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { nobodyCameBack } from '../github/authorize.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Http } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { createGithubServer, githubLogins } from './github-server.ts';
import type { LoginServer, LoginStep } from './login-server.ts';
import { createLoginSource } from './login-source.ts';
import type { LoginSourceContext } from './source-context.ts';
import type { TokenSource } from './token-source.ts';

export interface BrowserSourceOptions extends LoginSourceContext {
  readonly host: GithubHost;
  /** Of an OAuth App or a GitHub App. */
  readonly clientId: string;
  /** GitHub wants it for the code, and for each refresh of what the code brought. */
  readonly clientSecret: Secret | undefined;
  readonly scopes: readonly string[];
  /** Where the browser comes back to; default: any free port. */
  readonly callbackPort: number | undefined;
  /** Whether a page that is opened on this machine is seen by the person. */
  readonly hasBrowser: boolean;
}

export function createBrowserSource(options: BrowserSourceOptions): TokenSource {
  const { host, clientId, clientSecret, scopes, profile, clock } = options;
  if (clientSecret) options.conceal?.(clientSecret);
  const source = createLoginSource({
    ...options,
    server: createBrowserServer({ ...options, http: options.http ?? createHttp(clock) }),
    // Apart from the logins by device flow: those are renewed without the secret, and these are not.
    identity: { mode: 'browser', issuer: host.loginUrl, clientId, profile, scopes },
  });
  // Where the device flow comes first, it is not known yet whether the secret will be needed.
  if (clientSecret || !prefersPage(options)) return source;
  const refusal = noClientSecret(host);
  return {
    ...source,
    loginObstacle: `The login at ${host.label} cannot begin: ${refusal.message}. ${refusal.next}`,
    login: () => Promise.reject(refusal),
  };
}

type ServerOptions = Omit<BrowserSourceOptions, 'http'> & { readonly http: Http };

function createBrowserServer(options: ServerOptions): LoginServer {
  const { host, clientId, clientSecret } = options;
  const device = createGithubServer(options);
  return {
    ...githubLogins(options, clientSecret),

    async logIn(step) {
      // A code that waits for a person by now is gone on with: it is shown in some window.
      if (prefersPage(options) && step.resume?.kind !== 'code') return byPage(step, options);
      try {
        return await device.logIn(step);
      } catch (error) {
        if (!(error instanceof RefusedError) || error.code !== 'device_flow_disabled') throw error;
        options.log.info(`${error.message}, so the page of the browser flow is shown`);
        return byPage(step, options);
      }
    },

    expired: () => nobodyCameBack({ host, clientId }),
  };
}

/** Who names a port has a way to it, such as one that is forwarded. */
function prefersPage({ hasBrowser, callbackPort }: ServerOptions | BrowserSourceOptions): boolean {
  return hasBrowser || callbackPort !== undefined;
}

async function byPage(step: LoginStep, options: ServerOptions): Promise<TokenGrant> {
  const { clientSecret } = options;
  if (!clientSecret) throw noClientSecret(options.host);
  // A server for the way back is needed by nobody who is logged in.
  const { logInByBrowser } = await import('./browser-login.ts');
  return logInByBrowser(step, { ...options, clientSecret });
}

function noClientSecret({ label, loginUrl }: GithubHost): RefusedError {
  return new RefusedError(
    'no_client_secret',
    `no client secret is configured, and ${label} wants one in the browser flow`,
    {
      next: `Generate one on the app's page on ${loginUrl}/settings/developers and give it in a file (--oauth-client-secret-file FILE) or as GITHUB_OAUTH_CLIENT_SECRET; or take the flow that needs none: --auth device.`,
    },
  );
}
