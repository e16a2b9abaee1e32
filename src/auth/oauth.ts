// The token source of `--auth oauth`: any authorization server with device flow, found by its issuer.
// Not for: what all logins of persons have in common (login-source.ts), or what is asked there (oauth-server.ts).
import type { Secret } from '../base/secret.ts';
import { createHttp } from '../net/http.ts';
import { createLoginSource } from './login-source.ts';
import { createOauthServer } from './oauth-server.ts';
import type { LoginSourceContext } from './source-context.ts';
import type { TokenSource } from './token-source.ts';

export interface OauthSourceOptions extends LoginSourceContext {
  /** As it was given, letter by letter: the server has to call itself the same (RFC 8414, section 3.3). */
  readonly issuer: string;
  readonly clientId: string;
  /** `undefined` for a public client. */
  readonly clientSecret: Secret | undefined;
  readonly scopes: readonly string[];
}

export function createOauthSource(options: OauthSourceOptions): TokenSource {
  const { issuer, clientId, clientSecret, scopes, profile, clock } = options;
  if (clientSecret) options.conceal?.(clientSecret);
  return createLoginSource({
    ...options,
    server: createOauthServer({ issuer, clientId, clientSecret, http: options.http ?? createHttp(clock) }),
    identity: { mode: 'oauth', issuer, clientId, profile, scopes },
  });
}
