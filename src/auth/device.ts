// The token source of `--auth device`: GitHub's device flow, refresh, and the vault that all processes share, put
// together. Not for: what the parts do, when to refresh, or whom to show the code (session/).
import type { Audit } from '../base/audit.ts';
import { noAudit } from '../base/audit.ts';
import type { Clock } from '../base/clock.ts';
import { UserError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Secret } from '../base/secret.ts';
import { githubAuthFailure } from '../github/auth-failure.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Http } from '../github/http.ts';
import { createHttp } from '../github/http.ts';
import type { RecordIdentity, Vault } from '../vault/vault.ts';
import type { StartRefresher } from './refresher.ts';
import { refresherHere } from './refresher.ts';
import { noClientId } from './refusals.ts';
import { registrationSteps } from './register-app.ts';
import { createRenewal } from './renewal.ts';
import { revokeReplaced } from './replaced.ts';
import { createSingleFlight } from './single-flight.ts';
import { createStoredLogin } from './stored.ts';
import type { Credential, TokenSource } from './token-source.ts';
import { refreshLocks } from './turn.ts';
import { watchStored } from './watch.ts';

export interface DeviceSourceOptions {
  readonly host: GithubHost;
  /** Of an OAuth App or a GitHub App; without one nobody can log in, and the source says how to get one. */
  readonly clientId: string | undefined;
  /** Needed for nothing but to revoke tokens on hosts other than github.com. */
  readonly clientSecret?: Secret | undefined;
  readonly scopes: readonly string[];
  readonly profile: string;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is noted. */
  readonly audit?: Audit;
  readonly http?: Http;
  /** Default: a process of its own, where the vault is shared. */
  readonly startRefresher?: StartRefresher;
}

type Configured = DeviceSourceOptions & { readonly clientId: string };

/** What of a source needs a client id. */
type Device = Omit<TokenSource, 'mode' | 'hostLabel' | 'authFailure' | 'loginObstacle'>;

export function createDeviceSource(options: DeviceSourceOptions): TokenSource {
  const { host, clientId } = options;
  const common = { mode: 'device', hostLabel: host.label, authFailure: githubAuthFailure };
  if (clientId === undefined) {
    const loginObstacle = registrationSteps(host);
    return { ...common, loginObstacle, ...unconfigured(options.vault, loginObstacle) };
  }
  return { ...common, loginObstacle: undefined, ...createDevice({ ...options, clientId }) };
}

function createDevice(options: Configured): Device {
  const { host, clientId, clientSecret, scopes, profile, vault, clock, log } = options;
  const { audit = noAudit, http = createHttp(clock) } = options;
  const { sharing } = vault;
  const identity: RecordIdentity = { mode: 'device', issuer: host.loginUrl, clientId, profile, scopes };
  const newLock = refreshLocks(vault, identity);
  const stored = createStoredLogin({ vault, identity, newLock, clock, log, audit });
  const parts = { host, clientId, clientSecret, http, log, audit, vault, identity, sharing, stored, newLock };

  const startHere = refresherHere({ ...parts, peek: () => stored.peek() });
  const startApart: StartRefresher = async (spending, held) => {
    // An update in place takes away what a running process has not loaded yet: the lock is held by now, so go on here.
    const apart = sharing && (await import('./refresher-process.ts').catch(() => undefined));
    if (!apart) return startHere(spending, held);
    return apart.refresherProcess({ ...parts, sharing, clock, fallback: startHere })(spending, held);
  };
  const renewal = createRenewal({
    ...parts,
    clock,
    start: options.startRefresher ?? startApart,
    startHere,
    revoke: (credential) => revokeReplaced(credential, parts),
  });

  const flight = createSingleFlight<Credential>();
  /** The last refresh: what it stores is no news. */
  let renewing: Promise<unknown> = Promise.resolve();
  const renew = (stale: Credential): Promise<Credential> => {
    const work = renewal.refresh(stale);
    renewing = work.catch(() => {});
    return work;
  };

  return {
    store: () => vault.describe(identity),

    async load() {
      await stored.retrySave();
      if (stored.unsaved) return stored.unsaved;
      const kept = await stored.read();
      if (kept.kind !== 'record') return undefined;
      stored.use(kept.record);
      return kept.record;
    },

    watch(onChange) {
      if (!sharing) return () => {};
      return watchStored({ sharing, identity, stored, clock, settled: () => renewing }, onChange);
    },

    // Where nothing is shared there is nothing to make ready, and an overlapping credential makes nobody wait.
    prepare: (stale, signal) =>
      sharing && stale.rotation === 'exclusive' ? renewal.prepare(stale, signal) : Promise.resolve(undefined),

    async refresh(stale, signal) {
      const credential = await flight(() => renew(stale), signal);
      if (!credential.accessToken.equals(stale.accessToken)) return credential;
      // It was under way for an older token, and brought just the one that is stale here.
      return flight(() => renew(stale), signal);
    },

    wasFound: (credential) => stored.wasAdopted(credential),

    async login(request, signal) {
      renewal.drop();
      const { logIn } = await loaded(import('./login-flow.ts'));
      return logIn(request, parts, signal);
    },

    async logout(current, signal) {
      renewal.drop();
      const { logOut } = await loaded(import('./logout.ts'));
      return logOut(current, parts, signal);
    },
  };
}

/** @throws {UserError} an update in place has taken away a part of this program that it had not needed yet */
function loaded<T>(part: Promise<T>): Promise<T> {
  return part.catch((cause: unknown) => {
    throw new UserError('gh-mcp-proxy was updated or removed while it runs', {
      next: 'Restart the client, or this server in it.',
      cause,
    });
  });
}

/** Nobody can be logged in: there is not even a name for what would be stored. */
function unconfigured(vault: Vault, obstacle: string): Device {
  return {
    store: () => vault.describe({ mode: 'device', issuer: '', clientId: '', profile: '', scopes: [] }),
    load: () => Promise.resolve(undefined),
    watch: () => () => {},
    prepare: () => Promise.resolve(undefined),
    refresh: () => Promise.reject(noClientId(obstacle)),
    wasFound: () => false,
    login: () => Promise.reject(noClientId(obstacle)),
    logout: () => Promise.resolve({ was: undefined, unrevoked: undefined }),
  };
}
