// One request to GitHub's token endpoint (RFC 6749, section 3.2), and whether a token came of it.
// Not for: what a refusal means, which differs from grant to grant (authorize.ts, refresh.ts), or the device flow's polling.
import type { Http } from '../net/http.ts';
import { asObject, requestJson } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { parseTokenGrant } from '../net/token-grant.ts';
import type { GithubHost } from './hosts.ts';

export interface TokenEndpoint {
  readonly host: GithubHost;
  readonly http: Http;
  readonly signal: AbortSignal;
}

export type TokenAnswer =
  | { readonly kind: 'granted'; readonly grant: TokenGrant }
  /** GitHub refuses with status 200 as well: what was wrong is in `error`, if anything is. */
  | {
      readonly kind: 'other';
      readonly status: number;
      readonly error: unknown;
      readonly description: unknown;
    };

/**
 * @param form of the grant, with what authenticates the client
 * @throws {UnreachableError} the network, or a token that nobody could use; what was sent may be spent
 */
export async function requestToken(
  { host, http, signal }: TokenEndpoint,
  form: Readonly<Record<string, string>>,
): Promise<TokenAnswer> {
  const request = {
    method: 'POST' as const,
    url: `${host.loginUrl}/login/oauth/access_token`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  };
  const { status, data } = await requestJson(http, request, signal);
  const fields = asObject(data);
  if (fields?.access_token === undefined)
    return { kind: 'other', status, error: fields?.error, description: fields?.error_description };
  const server = { label: host.label, setting: http.setting };
  return { kind: 'granted', grant: parseTokenGrant(fields, http.clock.now(), server) };
}
