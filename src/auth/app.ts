// The token source of `--auth github-app`: tokens of an installation of a GitHub App, for this process alone, without any
// person. Not for: how they are asked for (app/tokens.ts), where the key is (app/key-source.ts), or when to renew.
import { UserError } from '../base/errors.ts';
import { githubAuthFailure } from '../github/auth-failure.ts';
import type { Http } from '../net/http.ts';
import { createHttp } from '../net/http.ts';
import type { KeySource } from './app/key-source.ts';
import type { AppAccess, AppTokens } from './app/tokens.ts';
import { COMMAND_TIMEOUT } from './helper-command.ts';
import type { SourceContext } from './source-context.ts';
import type { TokenSource } from './token-source.ts';
import { createUnattendedSource } from './unattended.ts';

export interface AppSourceOptions extends SourceContext, AppAccess {
  readonly key: KeySource;
  /** Where `env:` keys are, and what commands and AWS are given. */
  readonly env: NodeJS.ProcessEnv;
  /** Of a `command:` key, in ms; default 30 s. */
  readonly timeoutMs?: number;
  readonly http?: Http;
}

export function createAppSource(options: AppSourceOptions): TokenSource {
  const { host, clock, log, audit } = options;
  let tokens: Promise<AppTokens> | undefined;
  const loaded = (): Promise<AppTokens> =>
    (tokens ??= open(options).catch((error: unknown) => {
      tokens = undefined;
      throw error;
    }));
  return createUnattendedSource({
    mode: 'github-app',
    hostLabel: host.label,
    authFailure: githubAuthFailure,
    obtain: async (signal) => (await loaded()).obtain(signal),
    release: async ({ accessToken }, signal) => (await loaded()).revoke(accessToken, signal),
    clock,
    log,
    ...(audit && { audit }),
  });
}

async function open(options: AppSourceOptions): Promise<AppTokens> {
  const {
    key,
    env,
    timeoutMs = COMMAND_TIMEOUT,
    clock,
    conceal = () => {},
    http = createHttp(clock),
  } = options;
  const [{ createAppTokens }, { createSigner }, { settingOf }] = await part(
    Promise.all([import('./app/tokens.ts'), import('./app/signer.ts'), import('./app/key-source.ts')]),
  );
  return createAppTokens({
    ...options,
    http,
    keySetting: settingOf(key),
    sign: createSigner(key, { env, timeoutMs, conceal, clock }),
  });
}

/** @throws {UserError} an update in place has taken away a part of this program that it had not needed yet */
function part<T>(imported: Promise<T>): Promise<T> {
  return imported.catch((cause: unknown) => {
    throw new UserError('gh-mcp-proxy was updated or removed while it runs', {
      next: 'Restart the client, or this server in it.',
      cause,
    });
  });
}
