// The token source of `--auth device`: GitHub's device flow, where an app is configured, and else how to get one.
// Not for: what all logins of persons have in common (login-source.ts), or what GitHub is asked (github-server.ts).
import type { Secret } from '../base/secret.ts';
import { githubAuthFailure } from '../github/auth-failure.ts';
import type { GithubHost } from '../github/hosts.ts';
import { createHttp } from '../net/http.ts';
import type { Vault } from '../vault/vault.ts';
import { createGithubServer } from './github-server.ts';
import { createLoginSource } from './login-source.ts';
import { noClientId } from './refusals.ts';
import { registrationSteps } from './register-app.ts';
import type { LoginSourceContext } from './source-context.ts';
import type { TokenSource } from './token-source.ts';

export interface DeviceSourceOptions extends LoginSourceContext {
  readonly host: GithubHost;
  /** Of an OAuth App or a GitHub App; without one nobody can log in, and the source says how to get one. */
  readonly clientId: string | undefined;
  /** Needed for nothing but to revoke tokens on hosts other than github.com. */
  readonly clientSecret?: Secret | undefined;
  readonly scopes: readonly string[];
}

export function createDeviceSource(options: DeviceSourceOptions): TokenSource {
  const { host, clientId, clientSecret, scopes, profile, vault, clock } = options;
  if (clientId === undefined) return unconfigured(host, vault);
  if (clientSecret) options.conceal?.(clientSecret);
  return createLoginSource({
    ...options,
    server: createGithubServer({ host, clientId, clientSecret, http: options.http ?? createHttp(clock) }),
    identity: { mode: 'device', issuer: host.loginUrl, clientId, profile, scopes },
  });
}

/** Nobody can be logged in: there is not even a name for what would be stored. */
function unconfigured(host: GithubHost, vault: Vault): TokenSource {
  const obstacle = registrationSteps(host);
  return {
    mode: 'device',
    hostLabel: host.label,
    authFailure: githubAuthFailure,
    loginObstacle: obstacle,
    isUnattended: false,
    store: () => vault.describe({ mode: 'device', issuer: '', clientId: '', profile: '', scopes: [] }),
    load: () => Promise.resolve(undefined),
    watch: () => () => {},
    prepare: () => Promise.resolve(undefined),
    newer: () => Promise.resolve(undefined),
    refresh: () => Promise.reject(noClientId(obstacle)),
    isRenewable: () => false,
    release: () => Promise.resolve(),
    wasFound: () => false,
    login: () => Promise.reject(noClientId(obstacle)),
    logout: () => Promise.resolve({ was: undefined, unrevoked: undefined }),
  };
}
