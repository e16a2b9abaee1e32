// Every way in which a broker says no to an exchange, as what happened, why, and which setting to look at.
// Not for: a person's consent that is missing (exchange-consent.ts).
import type { UserError } from '../base/errors.ts';
import { RefusedError, UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { REDACTED } from '../base/secret.ts';
import { aside, errorName, visible, without } from '../net/server-words.ts';

/** What was asked, as a person knows it. */
export interface ExchangeContext {
  /** The broker, such as `auth.example.com`. */
  readonly label: string;
  readonly clientId: string;
  /** What is wanted, such as `github`. */
  readonly target: string;
  /** Where the subject token comes from, such as `--subject-token-file /run/token`. */
  readonly subjectSetting: string;
  /** What was sent: some servers quote what they refuse. */
  readonly secret: Secret;
}

type Explanation = readonly [what: string, next: string];

/**
 * @param status of the answer
 * @param fields the answer; `undefined` where it was no JSON object
 */
export function exchangeRefusal(
  context: ExchangeContext,
  status: number,
  fields: Readonly<Record<string, unknown>> | undefined,
): UserError {
  const { label, secret } = context;
  const { error, error_description: description, detail } = fields ?? {};
  const name = errorName(error);
  if (name === undefined || status === 404) return notAnEndpoint(label, status);
  const words = plain(typeof description === 'string' ? description : detail, secret);
  if (name === 'server_error' || name === 'temporarily_unavailable' || name === 'slow_down')
    return new UnreachableError(`${label} cannot exchange tokens just now ("${name}"${words})`, {
      next: 'Try again later.',
    });
  const [what, next] = EXPLANATIONS.get(name)?.(context) ?? [
    `${label} refuses the exchange with "${name}"`,
    'See what the broker says about it; docs/exchange.md lists the settings.',
  ];
  return new RefusedError(name, `${what}${words}`, { next });
}

const EXPLANATIONS: ReadonlyMap<string, (context: ExchangeContext) => Explanation> = new Map([
  [
    'invalid_client',
    ({ label, clientId }) => [
      `${label} does not accept the client "${clientId}" or what it proves itself with`,
      'Check --exchange-client-id, --exchange-client-auth, and the secret (--exchange-client-secret-file, GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET) or key (--exchange-client-key-file).',
    ],
  ],
  [
    'unauthorized_client',
    ({ label, clientId }) => [
      `${label} does not let the client "${clientId}" exchange tokens`,
      'Register it as a confidential client with the grant type urn:ietf:params:oauth:grant-type:token-exchange, or check --exchange-client-id.',
    ],
  ],
  [
    'unsupported_grant_type',
    ({ label }) => [
      `${label} has no token exchange, or it is switched off there`,
      'Have it switched on, or check --exchange-issuer and --exchange-token-endpoint.',
    ],
  ],
  ['invalid_target', badTarget],
  // Keycloak's words for the same, of a provider that nobody has configured.
  ['invalid_issuer', badTarget],
  [
    'invalid_scope',
    ({ label, target }) => [`${label} knows no such scopes for ${target}`, 'Check --exchange-scopes.'],
  ],
  ['invalid_grant', badSubject],
  ['invalid_token', badSubject],
  [
    'access_denied',
    ({ label, clientId, target }) => [
      `${label} denied a token for ${target}`,
      `Either the person declined (then call auth_login again), or the client "${clientId}" is not allowed to have it: its policy at the broker says so.`,
    ],
  ],
  [
    'invalid_request',
    ({ label, subjectSetting }) => [
      `${label} does not take the request as it is`,
      // RFC 8693, section 2.2.2: it also stands for a subject token that is not accepted.
      `Check --subject-token-type, --exchange-resource, --exchange-audience and --exchange-param, and whether the subject token of ${subjectSetting} is still good.`,
    ],
  ],
]);

function badTarget({ label, target }: ExchangeContext): Explanation {
  return [
    `${label} knows nothing called ${target}`,
    'Check --exchange-resource, --exchange-audience and --exchange-param against what is registered at the broker.',
  ];
}

function badSubject({ label, subjectSetting }: ExchangeContext): Explanation {
  return [
    `${label} does not accept the subject token: it has expired, was revoked, or is meant for somebody else`,
    `It comes from ${subjectSetting}; see also --subject-token-type.`,
  ];
}

function notAnEndpoint(label: string, status: number): UserError {
  const what = `${label} answered an exchange neither with a token nor with an error code (HTTP ${status})`;
  const next = 'Check --exchange-token-endpoint or --exchange-issuer.';
  return status === 404 || status === 405
    ? new RefusedError('no_token_endpoint', what, { next })
    : new UnreachableError(what, { next });
}

/** Without long words as well: a broker may quote tokens of the service behind it. */
function plain(text: unknown, secret: Secret): string {
  return typeof text === 'string'
    ? aside(visible(without([secret], text)).replace(/[^ ]{40,}/g, REDACTED))
    : '';
}
