// The token source of `--auth env`: the token that the environment holds, passed through as it is.
// Not for: getting another one, which only whoever set the variable can do.
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
  const { token, name, clock, conceal } = options;
  conceal?.(token);
  return createUnattendedSource({
    ...options,
    mode: 'env',
    authFailure: anyAuthFailure,
    remedy: `Put a new one into ${name} and restart this server in the client; or let the proxy get tokens by itself (--auth).`,
    // A process's environment does not change: there is no other one to be had here.
    obtain: (_signal, stale) =>
      Promise.resolve(
        stale ?? { accessToken: token, issuedAt: clock.now(), scopes: [], rotation: 'overlapping' },
      ),
  });
}
