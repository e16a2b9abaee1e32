// What to do where no client id is configured: this project ships none of its own, so the person registers one.
// Not for: doing it for them (the command `app create` is for that).
import type { GithubHost } from '../github/hosts.ts';

const IN_CLIENT =
  'Add --oauth-client-id CLIENT_ID in front of the "--" of this command, or set GITHUB_OAUTH_CLIENT_ID, and restart the server in your client.';

/**
 * The exact steps, one a line, for a person or a model that guides one.
 * @param last what to do with the client id, as a sentence; default: for who configures a client
 */
export function registrationSteps(host: GithubHost, last = IN_CLIENT): string {
  return [
    'No client id is configured, so nobody can log in yet. Register an app once; it takes two minutes:',
    `1. GitHub App (its tokens expire and are renewed): open ${host.loginUrl}/settings/apps/new, give it a name and any homepage URL, keep "Expire user authorization tokens" ticked, tick "Enable Device Flow", untick Webhook "Active", choose the permissions that the tools need, create it, and then choose "Install App" for the repositories in question.`,
    `   Or OAuth App (its tokens last until they are revoked): open ${host.loginUrl}/settings/applications/new, give it a name and any homepage and callback URL, and tick "Enable Device Flow".`,
    '2. Copy the "Client ID" from the page that follows. It is no secret; a client secret is not needed.',
    `3. ${last}`,
  ].join('\n');
}
