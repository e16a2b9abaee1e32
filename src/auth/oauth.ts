// The token source of `--auth oauth`: any authorization server with device flow, found by its issuer.
// Not for: what all logins of persons have in common (login-source.ts), or what is asked there (oauth-server.ts).
import type { Audit } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import type { Http } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import type { Vault } from '../vault/vault.ts';
import { createLoginSource } from './login-source.ts';
import { createOauthServer } from './oauth-server.ts';
import type { StartRefresher } from './refresher.ts';
import type { TokenSource } from './token-source.ts';

export interface OauthSourceOptions {
  /** As it was given, letter by letter: the server has to call itself the same (RFC 8414, section 3.3). */
  readonly issuer: string;
  readonly clientId: string;
  /** `undefined` for a public client. */
  readonly clientSecret: Secret | undefined;
  readonly scopes: readonly string[];
  readonly profile: string;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is noted. */
  readonly audit?: Audit;
  readonly http?: Http;
  /** Told of every secret that it learns besides tokens. */
  readonly conceal?: (secret: Secret) => void;
  /** Default: a process of its own, where the vault is shared. */
  readonly startRefresher?: StartRefresher;
}

export function createOauthSource(options: OauthSourceOptions): TokenSource {
  const { issuer, clientId, clientSecret, scopes, profile, vault, clock, log } = options;
  if (clientSecret) options.conceal?.(clientSecret);
  return createLoginSource({
    server: createOauthServer({ issuer, clientId, clientSecret, http: options.http ?? createHttp(clock) }),
    identity: { mode: 'oauth', issuer, clientId, profile, scopes },
    vault,
    clock,
    log,
    audit: options.audit,
    startRefresher: options.startRefresher,
  });
}
