// What is said where nothing is configured and somebody wants to log in: how to register an app, and which other ways to
// a token there are, gh's own login first where there is one. Not for: the steps themselves (auth/register-app.ts).
import { ghIsLoggedIn } from '../auth/gh.ts';
import type { TokenSource } from '../auth/token-source.ts';
import { RefusedError } from '../base/errors.ts';
import type { GithubHost } from '../github/hosts.ts';
import { UNATTENDED_MODES } from './auth-modes.ts';

/** The source, which looks for other ways when it is asked for a login: not at the start, for that runs a program. */
export function withOtherWays(source: TokenSource, host: GithubHost, env: NodeJS.ProcessEnv): TokenSource {
  return {
    ...source,
    loginObstacle: undefined,
    async login() {
      const hasGh = await ghIsLoggedIn(host.label, env);
      const [message = '', ...steps] = (source.loginObstacle ?? '').split('. ');
      throw new RefusedError('no_client_id', message, {
        next: [
          ...(hasGh ? [offer(host)] : []),
          steps.join('. '),
          `Other ways to a token, each a value of --auth: browser, oauth, exchange, ${UNATTENDED_MODES.join(', ')}; gh-mcp-proxy --help tells what each needs.`,
        ].join('\n'),
      });
    },
  };
}

function offer({ label, kind }: GithubHost): string {
  const args = kind === 'github.com' ? '--auth gh' : `--auth gh --gh-host ${label}`;
  return `gh is logged in to ${label} on this machine. To use its login, add ${args} in front of the "--" of this command and restart the server in your client. Or register an app:`;
}
