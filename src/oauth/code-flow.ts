// The authorization code flow with PKCE at any server: the page's address, what the browser brings back from it, and the
// token for that (RFC 6749, section 4.1; RFC 7636; RFC 9207).
// Not for: listening for the browser (redirect.ts), or GitHub, which wants a secret as well (github/authorize.ts).
import { RefusedError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { OauthClient } from './client.ts';
import { askEndpoint } from './client.ts';
import { endpointOf } from './discovery.ts';
import { refusal } from './refusal.ts';
import { grantIn } from './token-answer.ts';

export interface Authorization {
  readonly client: OauthClient;
  readonly scopes: readonly string[];
  readonly redirectUri: string;
  /** Unguessable: what brings it back is the answer to this question. */
  readonly state: string;
  /** The S256 of the verifier that goes with the code (RFC 7636). */
  readonly challenge: string;
  /** Whatever else the server wants, such as `resource` or `prompt`. */
  readonly params?: Readonly<Record<string, string>>;
}

/**
 * The page on which a person approves.
 * @throws {RefusedError} the server has none, or does not check proofs by S256, without which a code may be stolen
 */
export function authorizationUrl(options: Authorization): string {
  const { client, scopes, redirectUri, state, challenge, params } = options;
  const { server, clientId } = client;
  const url = new URL(endpointOf(server, 'authorization_endpoint', 'to log in in a browser'));
  const methods = server.metadata.code_challenge_methods_supported;
  if (methods && !methods.includes('S256')) throw noPkce(server.label);
  const query = {
    ...params,
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  // The endpoint may have a query of its own (RFC 6749, section 3.1).
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** Codes go into a form: anything visible may be in one (RFC 6749, appendix A.11). */
const CODE = /^[\x20-\x7e]{1,4096}$/;

/**
 * The code that the browser brought back.
 * @param answer its query, of which the state is known to be right
 * @throws {RefusedError} it has an error, no usable code, or is another issuer's (RFC 9207)
 */
export function codeIn(answer: URLSearchParams, client: OauthClient): Secret {
  const { issuer, authorization_response_iss_parameter_supported: isNamed } = client.server.metadata;
  const issuers = answer.getAll('iss');
  if (issuers.some((name) => name !== issuer) || (isNamed === true && issuers.length !== 1))
    throw mixedUp(client.server.label);
  const error = answer.get('error');
  if (error !== null) throw refusal(client, 'page', error, answer.get('error_description'));
  const [code = '', ...others] = answer.getAll('code');
  if (others.length > 0 || !CODE.test(code)) throw refusal(client, 'page', 'invalid_grant');
  return new Secret(code);
}

/**
 * The token for a code (RFC 6749, section 4.1.3). A code works once: whoever calls this keeps the answer.
 * @param redirectUri as it was in {@link authorizationUrl}
 * @throws {RefusedError}
 * @throws {UnreachableError} the code may be good yet, or be spent
 */
export async function exchangeCode(options: {
  readonly client: OauthClient;
  readonly code: Secret;
  readonly verifier: Secret;
  readonly redirectUri: string;
  readonly signal: AbortSignal;
}): Promise<TokenGrant> {
  const { client, code, verifier, redirectUri, signal } = options;
  const endpoint = endpointOf(client.server, 'token_endpoint', 'to log in');
  const form = new URLSearchParams({
    grant_type: 'authorization_code',
    code: code.reveal(),
    code_verifier: verifier.reveal(),
    redirect_uri: redirectUri,
  });
  return grantIn(await askEndpoint(client, endpoint, form, signal), 'page', client, code, verifier);
}

function noPkce(label: string): RefusedError {
  return new RefusedError(
    'unsupported_by_server',
    `${label} does not check the proof of whoever brings a code (PKCE, S256), so that codes could be stolen`,
    { next: 'Ask who runs it to enable that.' },
  );
}

function mixedUp(label: string): RefusedError {
  return new RefusedError('other_issuer', `the browser brought back an answer that is not from ${label}`, {
    next: 'Call auth_login again for a new page.',
  });
}
