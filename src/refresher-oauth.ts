// Process entry of the refresher for any issuer's tokens (auth/refresher-process.ts starts it).
// Not for: GitHub's (refresher.ts), or people; it takes no arguments.
import { oauthRenewer } from './auth/oauth-renewer.ts';
import { refresherProcessMain } from './auth/refresher-main.ts';

await refresherProcessMain((server, http) =>
  server.kind === 'oauth' ? oauthRenewer(server, http) : undefined,
);
