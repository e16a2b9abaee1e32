// Every error code of an OAuth server (RFC 6749, section 5.2; RFC 8628, section 3.5) as what happened, why, and which
// setting to look at. Not for: GitHub's own codes (github/oauth-refusal.ts), or those of token exchange.
import { RefusedError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { aside, errorName, visible, without } from '../net/server-words.ts';
import type { OauthClient } from './client.ts';

/** What was being asked for when the server said no. */
export type RefusalContext = Pick<OauthClient, 'clientId' | 'names'> & {
  readonly server: Pick<OauthClient['server'], 'label'>;
};

/** What was asked: the same code means different things. */
export type Asked = 'code' | 'page' | 'token' | 'refresh';

type Explanation = readonly [what: string, next: string];
type Explain = (context: RefusalContext) => Explanation;

/**
 * @param code the answer's `error`
 * @param description its `error_description`: shown, as the server alone knows which part of a request it means
 * @param secrets what was sent: some servers quote what they refuse
 */
export function refusal(
  context: RefusalContext,
  asked: Asked,
  code: unknown,
  description?: unknown,
  ...secrets: readonly Secret[]
): RefusedError {
  const said = errorName(code);
  const name = said === undefined ? 'unknown_error' : without(secrets, said);
  const special = SPECIAL.get(`${asked} ${name}`);
  const explain = special?.explain ?? EXPLANATIONS.get(name);
  const [what, next] = explain?.(context) ?? [
    `${context.server.label} refused with "${name}"`,
    `Check ${context.names.clientId} and ${context.names.scopes} against what is registered there.`,
  ];
  return new RefusedError(special?.name ?? name, `${what}${plain(description, secrets)}`, { next });
}

/** Whether `code` means that asking again for the same is useless: not `server_error`, for one, and none that is new. */
export function isFinal(code: unknown): boolean {
  return typeof code === 'string' && (EXPLANATIONS.has(code) || code === 'invalid_grant');
}

const EXPLANATIONS: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  ['expired_token', expired],
  [
    'access_denied',
    ({ server }) => [
      `the login was denied at ${server.label}`,
      'If that was a mistake, call auth_login again.',
    ],
  ],
  [
    'invalid_client',
    ({ server, clientId, names }) => [
      `${server.label} does not accept the client id "${clientId}", or the secret that goes with it`,
      `Compare ${names.clientId} with what is registered there. A public client has no secret, a confidential one needs it in ${names.secret}.`,
    ],
  ],
  [
    'unauthorized_client',
    ({ server, clientId, names }) => [
      `${server.label} does not allow this way to log in for the client "${clientId}"`,
      `Have device flow (urn:ietf:params:oauth:grant-type:device_code) and refresh tokens enabled for it, or check ${names.clientId}.`,
    ],
  ],
  [
    'unsupported_grant_type',
    ({ server, names }) => [
      `${server.label} does not support this way to log in`,
      `Check ${names.issuer}, or use another --auth mode.`,
    ],
  ],
  [
    'invalid_scope',
    ({ server, clientId, names }) => [
      `${server.label} does not give the client "${clientId}" one of the scopes that were asked for`,
      `Check ${names.scopes} against the scopes that are registered for it there.`,
    ],
  ],
  [
    'invalid_request',
    ({ server, names }) => [
      `${server.label} does not understand the request`,
      `Check ${names.clientId} and ${names.scopes}.`,
    ],
  ],
]);

/** By what was asked and the code. A code that no server knows any more has one name here, whatever the server calls it. */
const SPECIAL: ReadonlyMap<string, { readonly name: string; readonly explain: Explain }> = new Map([
  ['refresh invalid_grant', { name: 'invalid_grant', explain: deadRefreshToken }],
  ['code invalid_grant', { name: 'incorrect_device_code', explain: unknownCode }],
  ['page invalid_grant', { name: 'bad_verification_code', explain: unknownCode }],
]);

function expired(): Explanation {
  return ['the login expired before anybody approved it', 'Call auth_login again for a new one.'];
}

function unknownCode({ server }: RefusalContext): Explanation {
  return [
    `${server.label} does not know the code of this login any more: it expired, or was used already`,
    'Call auth_login again for a new one.',
  ];
}

function deadRefreshToken({ server }: RefusalContext): Explanation {
  return [
    `${server.label} does not accept the refresh token: it expired, was used already, or the access was revoked`,
    'Call auth_login to log in again.',
  ];
}

function plain(text: unknown, secrets: readonly Secret[]): string {
  return typeof text === 'string' ? aside(visible(without(secrets, text)).replace(/\.$/, '')) : '';
}
