// Whose token it is. Not for: scopes and permissions, which no login depends on.
import { RefusedError, UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Http } from '../net/http.ts';
import { asObject, requestJson } from '../net/http.ts';
import type { GithubHost } from './hosts.ts';

export interface IdentityOptions {
  readonly host: GithubHost;
  readonly token: Secret;
  readonly http: Http;
  readonly signal: AbortSignal;
}

/** Logins are shown to people and models: letters, digits, and what managed users and bots have besides. */
const LOGIN = /^[\w.[\]-]{1,100}$/;

/**
 * The account's login name (`GET /user`).
 * @throws {RefusedError} `bad_credentials`: the token is not accepted (HTTP 401)
 * @throws {UnreachableError} anything else that is no answer, a 403 among it: that says nothing about the token
 */
export async function fetchLogin({ host, token, http, signal }: IdentityOptions): Promise<string> {
  const answer = await requestJson(
    http,
    {
      method: 'GET',
      url: `${host.apiUrl}/user`,
      headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${token.reveal()}` },
    },
    signal,
  );
  if (answer.status === 401) {
    throw new RefusedError('bad_credentials', `${host.label} does not accept the token (HTTP 401)`, {
      next: 'Call auth_login to log in again.',
    });
  }
  const login = asObject(answer.data)?.login;
  if (answer.status === 200 && typeof login === 'string' && LOGIN.test(login)) return login;
  throw new UnreachableError(`${host.label} does not say whose token it is (HTTP ${answer.status})`, {
    next: 'Check --gh-host (GITHUB_HOST) and try again.',
  });
}
