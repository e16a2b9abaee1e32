// The token source of `--auth env`: the token that the environment holds, passed through as it is.
// Not for: getting another one, which only whoever set the variable can do.
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { anyAuthFailure } from './failure-rules.ts';
import type { SourceContext } from './source-context.ts';
import type { TokenSource } from './token-source.ts';
import { createUnattendedSource } from './unattended.ts';

export interface EnvSourceOptions extends SourceContext {
  readonly token: Secret;
  /** Of the variable that holds it. */
  readonly name: string;
  readonly hostLabel: string;
}

export function createEnvSource(options: EnvSourceOptions): TokenSource {
  const { token, name, hostLabel, clock, conceal } = options;
  conceal?.(token);
  return createUnattendedSource({
    ...options,
    mode: 'env',
    authFailure: anyAuthFailure,
    obtain(_signal, stale) {
      // A process's environment does not change: there is no other one to be had here.
      if (stale) return Promise.reject(notAccepted(name, hostLabel));
      return Promise.resolve({
        accessToken: token,
        issuedAt: clock.now(),
        scopes: [],
        rotation: 'overlapping',
      });
    },
  });
}

function notAccepted(name: string, hostLabel: string): RefusedError {
  // Where nothing is known of the host it is called by the variable's name.
  const where = hostLabel === name ? '' : ` at ${hostLabel}`;
  return new RefusedError(
    'token_refused',
    `the token in ${name} is not accepted${where}: it has expired, was revoked, or belongs somewhere else`,
    {
      next: `Put a new one into ${name} and restart this server in the client; or let the proxy get tokens by itself (--auth).`,
    },
  );
}
