// The broker itself: where its endpoints are, which client asks there, and what is peculiar to it.
// Not for: exchanges (attempt.ts).
import type { Secret } from '../../base/secret.ts';
import type { Http } from '../../net/http.ts';
import type { Revocation } from '../../net/revocation.ts';
import { unrevoked } from '../../net/revocation.ts';
import type { OauthClient, SettingNames } from '../../oauth/client.ts';
import type { TokenPair } from '../../oauth/revoke.ts';
import { revokeAt } from '../../oauth/revoke.ts';
import type { ClientProof, ProveClient } from '../../oauth/client-auth.ts';
import { createProveClient } from '../../oauth/client-auth.ts';
import { issuerLabel } from '../../net/web-address.ts';
import { discover, endpointOf } from '../../oauth/discovery.ts';
import { brokerAddress } from './address.ts';
import { setting } from './options.ts';
import type { ExchangeSettings } from './settings.ts';
import { readSecret } from '../secret-source.ts';

export interface BrokerParts {
  readonly settings: ExchangeSettings;
  readonly http: Http;
  readonly env: NodeJS.ProcessEnv;
  readonly conceal: (secret: Secret) => void;
}

export interface Broker {
  /** As a person knows it. */
  readonly label: string;
  /** @throws {RefusedError | UnreachableError} it cannot be looked up */
  tokenEndpoint(signal: AbortSignal): Promise<string>;
  /** Rejects with {@link RefusedError} where the secret or the key cannot be read. */
  readonly prove: ProveClient;
  /** A page of consent as it may be opened. */
  complete(page: string): string;
  /**
   * The client as it asks the issuer's other endpoints; `undefined` where only a token endpoint is known.
   * @throws {RefusedError | UnreachableError} the issuer cannot be looked up
   */
  client(signal: AbortSignal): Promise<OauthClient | undefined>;
  /** By RFC 7009, where the issuer does that. @throws the signal's reason; nothing else */
  revoke(tokens: TokenPair, signal: AbortSignal): Promise<Revocation>;
}

const NAMES: SettingNames = {
  issuer: setting('exchange-issuer'),
  clientId: setting('exchange-client-id'),
  secret: setting('exchange-client-secret-file'),
  scopes: setting('subject-scopes'),
};

export function createBroker({ settings, http, env, conceal }: BrokerParts): Broker {
  const { issuer, tokenEndpoint, client, preset } = settings;
  const address = brokerAddress(settings);
  const label = issuerLabel(address);

  /** Read each time: whoever rotates a secret writes a new file. */
  const proof = async (): Promise<ClientProof> => {
    if (client.auth === 'none') return { kind: 'none' };
    const { source, what } = client.auth === 'private-key-jwt' ? client.key : client.secret;
    const { signal } = new AbortController();
    // No command is among the sources of these two.
    const secret = await readSecret(source, { env, timeoutMs: http.timeoutMs, what, signal });
    conceal(secret);
    return client.auth === 'private-key-jwt'
      ? { kind: client.auth, key: secret, setting: what }
      : { kind: client.auth, secret };
  };

  const prove: ProveClient = async (form, headers) => {
    const { clientId } = client;
    const proven = { clientId, proof: await proof(), audience: address, clock: http.clock };
    await createProveClient(proven)(form, headers);
  };

  const clientAt = async (where: string, signal: AbortSignal): Promise<OauthClient> => {
    const server = await discover(where, http, signal);
    return { server, clientId: client.clientId, prove, http, names: NAMES };
  };
  const asClient = (signal: AbortSignal): Promise<OauthClient | undefined> =>
    issuer === undefined ? Promise.resolve(undefined) : clientAt(issuer, signal);

  return {
    label,
    prove,
    client: asClient,

    async tokenEndpoint(signal) {
      if (tokenEndpoint !== undefined) return tokenEndpoint;
      const known = await asClient(signal);
      return known ? endpointOf(known.server, 'token_endpoint', 'to exchange tokens') : '';
    },

    complete: (page) => (preset === 'keycloak' ? withWayBack(page, realmOf(address)) : page),

    revoke: (tokens, signal) =>
      issuer === undefined
        ? Promise.resolve(unrevoked(`${label} has no way to revoke it`))
        : revokeAt((one) => clientAt(issuer, one), tokens, signal),
  };
}

/**
 * Keycloak's pages for linking accounts are given out without the parameter that they insist on: where to go afterwards.
 * https://www.keycloak.org/docs/latest/server_development/#client-initiated-account-linking
 */
function withWayBack(page: string, realm: string): string {
  const url = new URL(page);
  if (!url.searchParams.has('redirect_uri')) url.searchParams.set('redirect_uri', `${realm}/account/`);
  return url.href;
}

function realmOf(address: string): string {
  return address.replace(/\/(?:protocol\/openid-connect\/token)?$/, '');
}
