// The token source of `--auth device`: GitHub's device flow, refresh, and the vault behind both.
// Not for: when to refresh or whom to show the code (session/), or a lock between processes.
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import { explanationOf, RefusedError, UnreachableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import { githubAuthFailure } from '../github/auth-failure.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Http } from '../github/http.ts';
import { createHttp } from '../github/http.ts';
import { fetchLogin } from '../github/identity.ts';
import { refreshUserToken } from '../github/refresh.ts';
import type { TokenGrant } from '../github/token-grant.ts';
import type { RecordIdentity, Vault } from '../vault/vault.ts';
import { registrationSteps } from './register-app.ts';
import { createSingleFlight } from './single-flight.ts';
import type { Credential, LoginRequest, TokenSource } from './token-source.ts';

export interface DeviceSourceOptions {
  readonly host: GithubHost;
  /** Of an OAuth App or a GitHub App; without one nobody can log in, and the source says how to get one. */
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly profile: string;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  readonly http?: Http;
}

/** Pauses before the second and later tries to learn whose new token it is. */
const IDENTITY_PAUSES_MS = [500, 2000];
/** A refresh may find that a sibling renewed the token meanwhile and that this one is old by now as well. */
const REFRESH_ATTEMPTS = 2;

export function createDeviceSource(options: DeviceSourceOptions): TokenSource {
  const { host, clientId, clock, http = createHttp(clock) } = options;
  const obstacle = clientId === undefined ? registrationSteps(host) : undefined;
  const flight = createSingleFlight<Credential>();
  const device = clientId === undefined ? undefined : createDevice({ ...options, clientId, http });

  return {
    mode: 'device',
    hostLabel: host.label,
    authFailure: githubAuthFailure,
    loginObstacle: obstacle,
    load: () => device?.load() ?? Promise.resolve(undefined),

    async refresh(stale, signal) {
      if (!device) throw noClientId(obstacle);
      const credential = await flight(() => device.refresh(stale), signal);
      if (!credential.accessToken.equals(stale.accessToken)) return credential;
      // It was under way for an older token, and brought just the one that is stale here.
      return flight(() => device.refresh(stale), signal);
    },

    login: (request, signal) => device?.login(request, signal) ?? Promise.reject(noClientId(obstacle)),
  };
}

type ConfiguredOptions = DeviceSourceOptions & { readonly clientId: string; readonly http: Http };

interface Device {
  load(): Promise<Credential | undefined>;
  refresh(stale: Credential): Promise<Credential>;
  login(request: LoginRequest, signal: AbortSignal): Promise<Credential>;
}

function createDevice({
  host,
  clientId,
  scopes,
  profile,
  vault,
  clock,
  log,
  http,
}: ConfiguredOptions): Device {
  const identity: RecordIdentity = { mode: 'device', issuer: host.loginUrl, clientId, profile, scopes };

  /** What is stored, where that can be read: a refresh must not fail for want of a disk. */
  const stored = async (): Promise<Credential | undefined> => {
    try {
      return await vault.read(identity);
    } catch (error) {
      log.error(`the stored login cannot be read: ${explanationOf(error)}`);
      return undefined;
    }
  };

  const save = async (credential: Credential): Promise<void> => {
    try {
      await vault.write(identity, credential);
    } catch (error) {
      // The old token may be dead already, so the new one is used all the same.
      log.error(
        'the new login could not be stored and lasts only as long as this process; log in again after a restart ' +
          `(what an older login may have left there is out of date): ${explanationOf(error)}`,
      );
    }
  };

  // An older one may lie there when a save failed: GitHub has killed it since.
  const isFresh = (credential: Credential, stale: Credential): boolean =>
    credential.issuedAt >= stale.issuedAt &&
    !credential.accessToken.equals(stale.accessToken) &&
    (credential.expiresAt === undefined || credential.expiresAt > clock.now());

  const refresh = async (stale: Credential): Promise<Credential> => {
    let refused: RefusedError | undefined;
    let spent: Secret | undefined;
    for (let attempt = 0; attempt < REFRESH_ATTEMPTS; attempt += 1) {
      const kept = await stored();
      if (kept && isFresh(kept, stale)) return kept;
      const base = kept && kept.issuedAt >= stale.issuedAt ? kept : stale;
      const refreshToken = base.refreshToken ?? stale.refreshToken;
      if (!refreshToken) throw noRefreshToken(host);
      if (refused && spent?.equals(refreshToken)) throw refused;
      try {
        // Not ended by those who wait for it: GitHub may have replaced the token by then, and only the answer has it.
        const { signal } = new AbortController();
        const grant = await refreshUserToken({ host, clientId, refreshToken, http, signal });
        const credential = renewed(base, refreshToken, grant);
        await save(credential);
        return credential;
      } catch (error) {
        if (!(error instanceof RefusedError)) throw error;
        refused = error;
        spent = refreshToken;
      }
    }
    const kept = await stored();
    if (kept && isFresh(kept, stale)) return kept;
    throw refused ?? noRefreshToken(host);
  };

  /** The account's name, or `undefined` where it cannot be learnt now: that is no reason to drop a working token. */
  const identify = async (token: Secret, signal: AbortSignal): Promise<string | undefined> => {
    for (const pauseMs of [...IDENTITY_PAUSES_MS, undefined]) {
      try {
        return await fetchLogin({ host, token, http, signal });
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        if (pauseMs === undefined) log.warn(`logged in, but not known as whom: ${error.message}`);
        else await delay(clock, pauseMs, signal);
      }
    }
    return undefined;
  };

  return {
    load: () => vault.read(identity),
    refresh,
    async login(request, signal) {
      // Octokit is needed by nobody who is logged in.
      const { runDeviceFlow } = await import('../github/device-flow.ts');
      const wanted = [...new Set([...scopes, ...request.scopes])];
      const { onPrompt, closing = new AbortController().signal } = request;
      const grant = await runDeviceFlow({ host, clientId, scopes: wanted, onPrompt, http, signal, closing });
      // Where nobody waits any more it is kept without a name: a token that was approved is not lost for want of one.
      const login = closing.aborted ? undefined : await identify(grant.accessToken, signal);
      const credential: Credential = {
        ...grant,
        scopes: grant.scopes ?? wanted,
        ...(login !== undefined && { login }),
        rotation: grant.refreshToken ? 'exclusive' : 'overlapping',
      };
      await save(credential);
      return credential;
    },
  };
}

/** What a refresh makes of a credential. What the answer does not speak of stays as it was. */
function renewed(base: Credential, spent: Secret, grant: TokenGrant): Credential {
  const refreshTokenExpiresAt = grant.refreshToken ? grant.refreshTokenExpiresAt : base.refreshTokenExpiresAt;
  return {
    accessToken: grant.accessToken,
    refreshToken: grant.refreshToken ?? spent,
    issuedAt: grant.issuedAt,
    ...(grant.expiresAt !== undefined && { expiresAt: grant.expiresAt }),
    ...(refreshTokenExpiresAt !== undefined && { refreshTokenExpiresAt }),
    scopes: grant.scopes ?? base.scopes,
    ...(base.login !== undefined && { login: base.login }),
    rotation: 'exclusive',
  };
}

function noRefreshToken(host: GithubHost): RefusedError {
  return new RefusedError(
    'no_refresh_token',
    `the token for ${host.label} cannot be renewed without a person`,
    {
      next: 'Call auth_login to log in again.',
    },
  );
}

function noClientId(obstacle: string | undefined): RefusedError {
  return new RefusedError('no_client_id', 'no client id is configured', { next: obstacle ?? '' });
}
