// Tokens of one installation of a GitHub App: got, narrowed, and taken out of service again.
// Not for: when that is done (unattended.ts, session/), or how a request is signed (client.ts).
// https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app
import type { Clock } from '../../base/clock.ts';
import { delay } from '../../base/clock.ts';
import { RefusedError, UnreachableError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Secret } from '../../base/secret.ts';
import type { GithubHost } from '../../github/hosts.ts';
import type { AppIdentity, Asking, InstallationChoice } from '../../github/installations.ts';
import {
  fetchApp,
  fetchInstallation,
  findInstallation,
  listInstallations,
  parsePermissions,
} from '../../github/installations.ts';
import type { Http, JsonAnswer } from '../../net/http.ts';
import { asObject, requestJson } from '../../net/http.ts';
import { parseTokenGrant } from '../../net/token-grant.ts';
import type { Credential } from '../token-source.ts';
import type { ClockSkew } from './client.ts';
import { createAppClient } from './client.ts';
import { listPermissions, notOfAccount, tokenRefusal } from './refusals.ts';
import type { KeySigner } from './signer.ts';

/** Which app acts, where, and with what of its access. */
export interface AppAccess {
  readonly host: GithubHost;
  /** The app's id or its client id. */
  readonly appId: string;
  readonly installation: InstallationChoice;
  /** Names, with their owner or without; empty: all that the installation reaches. */
  readonly repositories: readonly string[];
  /** Such as `contents: read`; empty: all that the installation grants. */
  readonly permissions: Readonly<Record<string, string>>;
}

export interface AppTokensOptions extends AppAccess {
  /** As errors name where the key comes from. */
  readonly keySetting: string;
  readonly sign: KeySigner;
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AppTokens {
  /**
   * A new token; those before it live on.
   * @throws {RefusedError} the app, its key, its installation or what was asked for is not accepted: the message names
   *   the setting
   * @throws {UnreachableError}
   */
  obtain(signal: AbortSignal): Promise<Credential>;
  /**
   * Ends it at once. One that has ended already counts as revoked.
   * @throws {UnreachableError} it lives on until its time is over
   */
  revoke(token: Secret, signal: AbortSignal): Promise<void>;
}

/** Before the second try to revoke a token, in ms: short, for a session that ends waits for it. */
const REVOKE_PAUSE = 200;

export function createAppTokens(options: AppTokensOptions): AppTokens {
  const { host, sign } = options;
  const skew: ClockSkew = { ms: 0 };
  let identity: AppIdentity | undefined;

  return {
    async obtain(signal) {
      const asking = { host, ask: createAppClient({ ...options, skew, signal }) };
      // Beside the questions for the token, so that it takes no time of its own. A token without a name serves as well.
      const named = identity ? Promise.resolve(identity) : fetchApp(asking).catch(() => undefined);
      try {
        const credential = await obtainToken(options, asking, () => named);
        identity = await named;
        return identity ? { ...credential, login: `${identity.slug}[bot]` } : credential;
      } catch (error) {
        if (error instanceof RefusedError && error.code === 'wrong_app_key') sign.refused();
        throw error;
      }
    },

    async revoke(token, signal) {
      try {
        await revokeToken(token, options, signal);
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        // Once more: it would live for up to an hour.
        await delay(options.clock, REVOKE_PAUSE, signal);
        await revokeToken(token, options, signal);
      }
    },
  };
}

async function revokeToken(
  token: Secret,
  { host, http }: AppTokensOptions,
  signal: AbortSignal,
): Promise<void> {
  const { status } = await requestJson(
    http,
    {
      method: 'DELETE',
      url: `${host.apiUrl}/installation/token`,
      headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${token.reveal()}` },
    },
    signal,
  );
  // 401: its time was over, or somebody has revoked it. 403: the installation is suspended, and the token with it.
  if (status < 400 || status === 401 || status === 403) return;
  throw new UnreachableError(`${host.label} does not revoke it (HTTP ${status})`, {
    next: 'It ends by itself, an hour after it was made.',
  });
}

async function obtainToken(
  options: AppTokensOptions,
  asking: Asking,
  identity: () => Promise<AppIdentity | undefined>,
): Promise<Credential> {
  const { host, installation, permissions, clock } = options;
  // By its number nothing has to be asked.
  const place: Place =
    installation.kind === 'id'
      ? { id: installation.id, account: undefined }
      : await findInstallation(installation, asking, identity);
  const repositories = await namesOnly(options.repositories, place, asking);
  const askedAt = clock.now();
  const answer = await asking.ask('POST /app/installations/{installation_id}/access_tokens', {
    installation_id: place.id,
    ...(repositories.length > 0 && { repositories }),
    ...(Object.keys(permissions).length > 0 && { permissions }),
  });
  if (answer.status < 400) return parseToken(answer, askedAt, host);
  throw await tokenRefusal(answer, {
    ...options,
    ...place,
    wanted: { repositories, permissions },
    identity,
    installation: () => fetchInstallation(place.id, asking).catch(() => undefined),
    all: () => listInstallations(asking).catch(() => undefined),
  });
}

/** Where the token is for. `account` is whose installation that is, where it was found by something else than its id. */
interface Place {
  readonly id: number;
  readonly account: string | undefined;
}

/**
 * As GitHub takes them: without an owner. One that was given with its owner must not become another owner's repository of
 * that name.
 * @throws {RefusedError} `repository_not_reached`
 */
async function namesOnly(repositories: readonly string[], place: Place, asking: Asking): Promise<string[]> {
  const named = repositories
    .map((text) => text.split('/'))
    .map(([first = '', name]) =>
      name === undefined ? { owner: undefined, name: first } : { owner: first, name },
    );
  if (named.every(({ owner }) => owner === undefined)) return named.map(({ name }) => name);
  const account = place.account ?? (await fetchInstallation(place.id, asking))?.account;
  const stray = named.find(
    ({ owner }) =>
      account !== undefined && owner !== undefined && owner.toLowerCase() !== account.toLowerCase(),
  );
  if (stray && account !== undefined) throw notOfAccount(`${stray.owner}/${stray.name}`, place.id, account);
  return named.map(({ name }) => name);
}

/**
 * @param askedAt by our clock, in ms. The token's life is reckoned from then on, by the two times in GitHub's answer, so
 *   that it ends for us no later than there, however wrong our clock is
 */
function parseToken({ data, date }: JsonAnswer, askedAt: number, host: GithubHost): Credential {
  const fields = asObject(data) ?? {};
  const from = { label: host.label, setting: '--gh-host (GITHUB_HOST)' };
  const { accessToken } = parseTokenGrant({ access_token: fields.token }, askedAt, from);
  // Cut to whole seconds: it was almost one later, at the most.
  const answeredAt = Date.parse(date ?? '') + 1000;
  const end = typeof fields.expires_at === 'string' ? Date.parse(fields.expires_at) : Number.NaN;
  const life = end - (Number.isNaN(answeredAt) ? askedAt : answeredAt);
  if (!(life > 0)) {
    throw new UnreachableError(
      `${host.label} answered with a token that has ended, or does not say when it ends`,
      {
        next: `Check ${from.setting} and this machine's clock.`,
      },
    );
  }
  return {
    accessToken,
    issuedAt: askedAt,
    expiresAt: askedAt + life,
    scopes: listPermissions(parsePermissions(fields.permissions)),
    rotation: 'overlapping',
  };
}
