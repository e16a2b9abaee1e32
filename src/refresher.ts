// Process entry of the refresher for GitHub's tokens (auth/refresher-process.ts starts it): one file, and nothing of any
// other server's in it, for calls wait while it runs. Not for: people; it takes no arguments.
import { githubRenewer } from './auth/github-renewer.ts';
import { refresherProcessMain } from './auth/refresher-main.ts';

await refresherProcessMain((server, http) =>
  server.kind === 'github' ? githubRenewer(server, http) : undefined,
);
