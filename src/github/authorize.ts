// GitHub's browser flow: the page's address, what the browser brings back from it, and the token for that.
// Not for: listening for the browser (oauth/redirect.ts), or showing the page to anybody.
// https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app
import { RefusedError, UnreachableError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { Http } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { RefusalContext } from './oauth-refusal.ts';
import { refusal, unknownClient } from './oauth-refusal.ts';
import { requestToken } from './token-endpoint.ts';

/** What the app was registered with; the port is free on a loopback address. */
const CALLBACK_URL = 'http://127.0.0.1/callback';

export interface Authorization extends RefusalContext {
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  /** Unguessable: what brings it back is the answer to this question. */
  readonly state: string;
  /** The S256 of the verifier that goes with the code (RFC 7636). */
  readonly challenge: string;
}

/**
 * The page on which a person approves. It always asks for the account: whoever has approved the app before would
 * otherwise be sent back at once, without a click, and as whatever account the browser has.
 */
export function authorizationUrl(options: Authorization): string {
  const { host, clientId, scopes, redirectUri, state, challenge } = options;
  const url = new URL(`${host.loginUrl}/login/oauth/authorize`);
  url.search = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    // Sent to GitHub Apps as well, which ignore it: only the token tells the two kinds apart.
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    prompt: 'select_account',
  }).toString();
  return url.href;
}

/** Codes go into a form: anything visible may be in one (RFC 6749, appendix A.11). */
const CODE = /^[\x21-\x7e]{1,512}$/;

/**
 * The code that the browser brought back.
 * @param answer its query, of which the state is known to be right
 * @throws {RefusedError} it has an error, or no usable code
 */
export function codeIn(answer: URLSearchParams, context: RefusalContext & { redirectUri: string }): Secret {
  const [code = '', ...others] = answer.getAll('code');
  const error = answer.get('error');
  if (error === null && others.length === 0 && CODE.test(code)) return new Secret(code);
  throw browserRefusal(context, error ?? 'bad_verification_code', answer.get('error_description'));
}

export interface CodeExchange extends RefusalContext {
  readonly clientSecret: Secret;
  readonly code: Secret;
  readonly verifier: Secret;
  /** As it was in {@link authorizationUrl}. */
  readonly redirectUri: string;
  readonly http: Http;
  readonly signal: AbortSignal;
}

/**
 * The token for a code (RFC 6749, section 4.1.3). GitHub wants the client secret beside the proof of PKCE. A code works
 * once: whoever calls this keeps the answer.
 * @throws {RefusedError}
 * @throws {UnreachableError} the code may be good yet, or be spent
 */
export async function exchangeCode(options: CodeExchange): Promise<TokenGrant> {
  const { host, clientId, clientSecret, code, verifier, redirectUri, http } = options;
  const answer = await requestToken(options, {
    client_id: clientId,
    client_secret: clientSecret.reveal(),
    code: code.reveal(),
    code_verifier: verifier.reveal(),
    redirect_uri: redirectUri,
  });
  if (answer.kind === 'granted') return answer.grant;
  const { status, error, description } = answer;
  if (status === 404) throw unknownClient(options);
  if (typeof error === 'string') throw browserRefusal(options, error, description, code);
  throw new UnreachableError(
    `${host.label} answered neither with a token nor with an error code (HTTP ${status})`,
    { next: `Check ${http.setting} and try again.` },
  );
}

/** Nobody came back. The reasons for which GitHub keeps a person are told only to that person. */
export function nobodyCameBack({ host, clientId }: RefusalContext): RefusedError {
  return new RefusedError('expired_token', `nobody approved the login at ${host.label} in time`, {
    next: `Call auth_login again for a new page. If GitHub's page said that the redirect_uri is not associated with the application, its owner adds ${CALLBACK_URL} as a callback URL on ${settingsOf(host.loginUrl)}; if there was no such page (404), compare --oauth-client-id, which is "${clientId}", with the one there.`,
  });
}

interface BrowserContext extends RefusalContext {
  readonly redirectUri: string;
}

const AGAIN = 'Call auth_login again for a new page.';

type Explanation = readonly [what: string, next: string];

/** What other flows do not have, or what means something else in them. */
const EXPLANATIONS: ReadonlyMap<string, (context: BrowserContext) => Explanation> = new Map([
  [
    'bad_verification_code',
    ({ host }) => [
      `${host.label} does not accept the code that the browser brought back: it is too old, or was used already`,
      AGAIN,
    ],
  ],
  [
    'redirect_uri_mismatch',
    ({ host, clientId, redirectUri }) => [
      `the app "${clientId}" does not allow to be sent back to ${redirectUri}`,
      `Its owner adds ${CALLBACK_URL} as a callback URL on ${settingsOf(host.loginUrl)} (the port does not matter there). Then call auth_login again.`,
    ],
  ],
  [
    'application_suspended',
    ({ host, clientId }) => [
      `${host.label} has suspended the app "${clientId}"`,
      'Its owner asks the support of GitHub about it; until then use another app (--oauth-client-id).',
    ],
  ],
  [
    'unverified_user_email',
    ({ host }) => [
      `${host.label} wants a verified primary email address first`,
      `Verify it on ${host.loginUrl}/settings/emails, then call auth_login again.`,
    ],
  ],
]);

function browserRefusal(
  context: BrowserContext,
  code: string,
  description: unknown,
  secret?: Secret,
): RefusedError {
  const explanation = EXPLANATIONS.get(code)?.(context);
  if (explanation) return new RefusedError(code, explanation[0], { next: explanation[1] });
  const general = refusal({ ...context, withSecret: true }, code, description, secret);
  if (code === 'access_denied' || code === 'incorrect_client_credentials') return general;
  return new RefusedError(general.code, general.message, {
    next: `See how the app is set up on ${settingsOf(context.host.loginUrl)}, then call auth_login again.`,
  });
}

function settingsOf(loginUrl: string): string {
  return `${loginUrl}/settings/developers`;
}
