// Every error code of GitHub's OAuth endpoints (FACTS, Device flow), as what happened, why, and what to do now.
// Not for: authorization_pending and slow_down, which are no refusals (net/device-poll.ts).
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { aside, errorName, visible, without } from '../net/server-words.ts';
import type { GithubHost } from './hosts.ts';

/** What was being asked for when the server said no. */
export interface RefusalContext {
  readonly host: GithubHost;
  readonly clientId: string;
  /** Whether the client secret was sent; `undefined` where none is wanted. */
  readonly withSecret?: boolean;
}

type Explanation = readonly [what: string, next: string];

const AGAIN = 'Call auth_login again for a new code.';
/** In the message itself: the commands say in their own words what to do next. */
const SECRET = {
  sent: 'or the client secret that goes with it (GITHUB_OAUTH_CLIENT_SECRET, --oauth-client-secret-file)',
  missing:
    'or wants its client secret for a token of the browser flow (GITHUB_OAUTH_CLIENT_SECRET, --oauth-client-secret-file)',
};

/**
 * @param code the answer's `error`
 * @param description its `error_description`: shown for unknown codes only, as it is the server's own text
 * @param secret what was sent: some servers quote what they refuse
 */
export function refusal(
  context: RefusalContext,
  code: unknown,
  description?: unknown,
  secret?: Secret,
): RefusedError {
  const secrets = secret ? [secret] : [];
  const said = errorName(code);
  const name = said === undefined ? 'unknown_error' : without(secrets, said);
  const [what, next] = EXPLANATIONS.get(name)?.(context) ?? [
    `${context.host.label} refused with "${name}"${plain(description, secrets)}`,
    'See whether the app that --oauth-client-id names is set up for device flow, then call auth_login again.',
  ];
  return new RefusedError(name, what, { next });
}

/** Whether `code` is one whose meaning is known here, so that trying again is known to be useless. */
export function isKnownRefusal(code: unknown): boolean {
  return typeof code === 'string' && EXPLANATIONS.has(code);
}

/** A 404 where the endpoint is known to exist: GitHub's way of saying that it has no such app. */
export function unknownClient({ host, clientId }: RefusalContext): RefusedError {
  return new RefusedError(
    'unknown_client_id',
    `${host.label} knows no app with the client id "${clientId}"`,
    {
      next: `Copy the client id from the app's settings page on ${host.loginUrl}/settings/developers into --oauth-client-id (GITHUB_OAUTH_CLIENT_ID), and check --gh-host: an app lives on one host only.`,
    },
  );
}

const EXPLANATIONS: ReadonlyMap<string, (context: RefusalContext) => Explanation> = new Map([
  ['expired_token', expired],
  ['token_expired', expired],
  [
    'access_denied',
    ({ host }) => [`the login was denied on ${host.label}`, 'If that was a mistake, call auth_login again.'],
  ],
  [
    'incorrect_client_credentials',
    ({ host, clientId, withSecret }) => [
      `${host.label} does not accept the client id "${clientId}"${withSecret === undefined ? '' : `, ${SECRET[withSecret ? 'sent' : 'missing']}`}`,
      `Compare --oauth-client-id (GITHUB_OAUTH_CLIENT_ID), and the client secret where one is given, with the app's settings page on ${host.loginUrl}/settings/developers.`,
    ],
  ],
  ['incorrect_device_code', ({ host }) => [`${host.label} does not know the device code any more`, AGAIN]],
  [
    'unsupported_grant_type',
    ({ host }) => [
      `${host.label} does not support this way to log in`,
      'Check --gh-host (GITHUB_HOST); an old GitHub Enterprise Server has to be updated first.',
    ],
  ],
  [
    'device_flow_disabled',
    ({ host, clientId }) => [
      `device flow is switched off in the app "${clientId}"`,
      `Its owner opens ${host.loginUrl}/settings/developers (for an organization's app: the organization's settings, Developer settings), chooses the app, ticks "Enable Device Flow" and saves. Then call auth_login again.`,
    ],
  ],
  ['bad_refresh_token', deadRefreshToken],
  ['invalid_grant', deadRefreshToken],
]);

function expired(): Explanation {
  return ['the code expired before anybody entered it', AGAIN];
}

function deadRefreshToken({ host }: RefusalContext): Explanation {
  return [
    `${host.label} does not accept the refresh token: it expired, was used already, or the access was revoked`,
    'Call auth_login to log in again.',
  ];
}

function plain(text: unknown, secrets: readonly Secret[]): string {
  return typeof text === 'string' ? aside(visible(without(secrets, text))) : '';
}
