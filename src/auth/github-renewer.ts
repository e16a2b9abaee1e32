// The renewal of GitHub's user tokens, for the proxy and for its refresher, which loads nothing else of GitHub's.
// Not for: logins (github-server.ts).
import { refreshUserToken } from '../github/refresh.ts';
import type { Http } from '../net/http.ts';
import type { ServerDescription } from './login-server.ts';
import { noRefreshToken } from './refusals.ts';
import type { Renewer } from './renewer.ts';

export type GithubDescription = Extract<ServerDescription, { kind: 'github' }>;

export function githubRenewer({ host, clientId, clientSecret }: GithubDescription, http: Http): Renewer {
  return {
    label: host.label,

    warmUp() {
      process.getBuiltinModule(host.loginUrl.startsWith('https:') ? 'node:https' : 'node:http');
      return Promise.resolve();
    },

    async renew({ refreshToken }, signal) {
      if (!refreshToken) throw noRefreshToken(host.label);
      return refreshUserToken({ host, clientId, clientSecret, refreshToken, http, signal });
    },

    // Those of a GitHub App end, with a refresh token that kills the old access token when it is spent.
    rotationOf: ({ refreshToken }) => (refreshToken ? 'exclusive' : 'overlapping'),
  };
}
