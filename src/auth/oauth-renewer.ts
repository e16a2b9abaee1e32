// The renewal of any issuer's tokens, for the proxy and for its refresher, which loads nothing else of it.
// Not for: logins (oauth-server.ts).
import { asUnreachable } from '../base/errors.ts';
import type { Http } from '../net/http.ts';
import { issuerLabel } from '../net/web-address.ts';
import type { OauthClient, SettingNames } from '../oauth/client.ts';
import { createClient } from '../oauth/client.ts';
import { discover } from '../oauth/discovery.ts';
import { refreshToken } from '../oauth/refresh.ts';
import type { ServerDescription } from './login-server.ts';
import { noRefreshToken } from './refusals.ts';
import type { Renewer } from './renewer.ts';

export type OauthDescription = Extract<ServerDescription, { kind: 'oauth' }>;

export const OAUTH_SETTINGS: SettingNames = {
  issuer: '--issuer (GH_MCP_PROXY_ISSUER)',
  clientId: '--oauth-client-id (GITHUB_OAUTH_CLIENT_ID)',
  secret: '--oauth-client-secret-file (GITHUB_OAUTH_CLIENT_SECRET)',
  scopes: '--oauth-scopes (GITHUB_OAUTH_SCOPES)',
};

/**
 * The client of a person's registration at the issuer, which is looked up for it.
 * @throws as {@link discover} does
 */
export async function clientAt(
  { issuer, clientId, clientSecret }: OauthDescription,
  http: Http,
  signal?: AbortSignal,
): Promise<OauthClient> {
  const named = { ...http, setting: OAUTH_SETTINGS.issuer };
  const server = await discover(issuer, named, signal);
  return createClient({ server, clientId, clientSecret, http: named, names: OAUTH_SETTINGS });
}

export function oauthRenewer(description: OauthDescription, http: Http): Renewer {
  const label = issuerLabel(description.issuer);
  return {
    label,

    async warmUp() {
      await clientAt(description, http).catch(() => {});
    },

    async renew({ refreshToken: token }, signal) {
      if (!token) throw noRefreshToken(label);
      const client = await clientAt(description, http, signal).catch((error: unknown) => {
        throw asUnreachable(error);
      });
      return refreshToken(client, token, signal);
    },

    // Whoever gives a refresh token may end the access token before it when that is spent: GitLab does. A server that
    // does not makes calls wait for nothing worse than a drain.
    rotationOf: ({ refreshToken: token }) => (token ? 'exclusive' : 'overlapping'),
  };
}
