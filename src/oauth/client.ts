// A client of an issuer: which one it is, and how its questions to the issuer's endpoints are sent.
// Not for: what is asked (device-flow.ts, refresh.ts, code-flow.ts, revoke.ts) or proven (client-auth.ts).
import type { Secret } from '../base/secret.ts';
import type { Http, JsonAnswer, JsonRequest } from '../net/http.ts';
import { requestJson } from '../net/http.ts';
import type { ProveClient } from './client-auth.ts';
import { createProveClient, proofBySecret } from './client-auth.ts';
import type { Server } from './discovery.ts';
import { withoutEcho } from './echo.ts';

/** What a person checks when a server refuses something, each such as `--issuer (GH_MCP_PROXY_ISSUER)`. */
export interface SettingNames {
  readonly issuer: string;
  readonly clientId: string;
  readonly secret: string;
  readonly scopes: string;
}

export interface OauthClient {
  readonly server: Server;
  readonly clientId: string;
  readonly prove: ProveClient;
  /** Its `setting` names the issuer. */
  readonly http: Http;
  readonly names: SettingNames;
}

/** The client of a person's own registration: a public one, or one with a secret. */
export function createClient(options: {
  readonly server: Server;
  readonly clientId: string;
  readonly clientSecret: Secret | undefined;
  readonly http: Http;
  readonly names: SettingNames;
}): OauthClient {
  const { server, clientId, clientSecret, http, names } = options;
  const proof = proofBySecret(server, clientSecret);
  const prove = createProveClient({
    clientId,
    proof,
    audience: server.metadata.issuer,
    clock: http.clock,
  });
  return { server, clientId, prove, http, names };
}

/**
 * Sends a form with the client's proof, and reads the answer, in whose words nothing secret of the question is left.
 * @throws {UnreachableError} as {@link requestJson} does
 * @throws the signal's reason
 */
export async function askEndpoint(
  { prove, http }: Pick<OauthClient, 'prove' | 'http'>,
  url: string,
  form: URLSearchParams,
  signal: AbortSignal,
  options: Pick<JsonRequest, 'isStatusEnough'> = {},
): Promise<JsonAnswer> {
  const headers: Record<string, string> = { 'content-type': 'application/x-www-form-urlencoded' };
  await prove(form, headers);
  const request = { method: 'POST', url, headers, body: form.toString(), ...options } as const;
  const answer = await requestJson(http, request, signal);
  return { ...answer, data: withoutEcho(answer.data, form, headers) };
}
