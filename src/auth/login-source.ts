// The token source of every mode in which persons log in: a server, and the vault that all processes share, put together.
// Not for: what the parts do, which server it is (device.ts, browser.ts, oauth.ts, exchange.ts), when to refresh, or whom
// to show a login to (session/).
import { noAudit } from '../base/audit.ts';
import { codeOf, UserError } from '../base/errors.ts';
import type { RecordIdentity } from '../vault/vault.ts';
import type { LoginServer } from './login-server.ts';
import type { StartRefresher } from './refresher.ts';
import { refresherHere } from './refresher.ts';
import { createRenewal } from './renewal.ts';
import { revokeReplaced } from './replaced.ts';
import { createSingleFlight } from './single-flight.ts';
import { createStoredLogin } from './stored.ts';
import type { LoginSourceContext } from './source-context.ts';
import type { Credential, TokenSource } from './token-source.ts';
import { refreshLocks } from './turn.ts';
import { watchStored } from './watch.ts';

export interface LoginSourceOptions extends Omit<LoginSourceContext, 'profile' | 'http' | 'conceal'> {
  readonly server: LoginServer;
  /** What names its record; its mode is the source's. */
  readonly identity: RecordIdentity;
}

export function createLoginSource(options: LoginSourceOptions): TokenSource {
  const { server, identity, vault, clock, log, audit = noAudit } = options;
  const { sharing } = vault;
  const newLock = refreshLocks(vault, identity);
  const stored = createStoredLogin({ vault, identity, newLock, clock, log, audit });
  const parts = { server, clock, log, audit, vault, identity, sharing, stored, newLock };

  const startHere = refresherHere({ ...parts, peek: () => stored.peek() });
  const startApart: StartRefresher = async (spending, held) => {
    const { description } = server;
    if (!sharing || !description) return startHere(spending, held);
    // An update in place takes away what a running process has not loaded yet: the lock is held by now, so go on here.
    const apart = await import('./refresher-process.ts').catch(() => undefined);
    if (!apart) return startHere(spending, held);
    return apart.refresherProcess({ ...parts, sharing, description, fallback: startHere })(spending, held);
  };
  const renewal = createRenewal({
    ...parts,
    start: options.startRefresher ?? startApart,
    startHere,
    revoke: (credential) => revokeReplaced(credential, parts),
  });

  const flight = createSingleFlight<Credential>();
  /** The last refresh: what it stores is no news. */
  let renewing: Promise<unknown> = Promise.resolve();
  const renew = (stale: Credential): Promise<Credential> => {
    const work = whole(renewal.refresh(stale));
    renewing = work.catch(() => {});
    return work;
  };

  return {
    mode: identity.mode,
    hostLabel: server.label,
    authFailure: server.authFailure,
    loginObstacle: undefined,
    isUnattended: false,

    store: () => vault.describe(identity),

    async load() {
      await stored.retrySave();
      if (stored.unsaved) return stored.unsaved;
      const kept = await stored.read();
      if (kept.kind === 'none' && server.obtain) {
        const { firstToken } = await loaded(import('./first-token.ts'));
        return whole(firstToken(parts));
      }
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

    newer: (refused, signal) => (sharing ? renewal.newer(refused, signal) : Promise.resolve(undefined)),

    async refresh(stale, signal) {
      const credential = await flight(() => renew(stale), signal);
      if (!credential.accessToken.equals(stale.accessToken)) return credential;
      // It was under way for an older token, and brought just the one that is stale here.
      return flight(() => renew(stale), signal);
    },

    isRenewable: (credential) => server.canRenew(credential),

    identify: ({ accessToken, login }, signal) => whole(server.identify(accessToken, signal, login)),

    // Other windows use it as well.
    release: () => Promise.resolve(),

    wasFound: (credential) => stored.wasAdopted(credential),

    async login(request, signal) {
      renewal.drop();
      const { logIn } = await loaded(import('./login-flow.ts'));
      return whole(logIn(request, parts, signal));
    },

    async logout(current, signal) {
      renewal.drop();
      const { logOut } = await loaded(import('./logout.ts'));
      return whole(logOut(current, parts, signal));
    },
  };
}

/** @throws {UserError} an update in place has taken away a part of this program that it had not needed yet */
function loaded<T>(part: Promise<T>): Promise<T> {
  return part.catch((cause: unknown) => {
    throw updated(cause);
  });
}

/** The same for work whose own parts, a library say, may be missing: any other failure stays what it is. */
function whole<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw codeOf(cause) === 'ERR_MODULE_NOT_FOUND' ? updated(cause) : cause;
  });
}

function updated(cause: unknown): UserError {
  return new UserError('gh-mcp-proxy was updated or removed while it runs', {
    next: 'Restart the client, or this server in it.',
    cause,
  });
}
