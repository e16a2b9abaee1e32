// The device flow through @octokit/auth-oauth-device: loaded only when somebody logs in.
// Not for: refreshing (refresh.ts), identity (identity.ts) or storing (auth/device.ts).
//
// The library alone polls at once, forgets a slow_down after one wait, cannot be aborted, gives up at the first
// network error and throws errors that hold the request with its device code. So all of its requests go through
// a hook: it sends them with http.ts, and it answers the library's one question for the token only when there is
// an end, so that neither the library's own waits nor its errors ever come into play.
import { createOAuthDeviceAuth } from '@octokit/auth-oauth-device';
import { request as octokitRequest } from '@octokit/request';
import { UnreachableError } from '../base/errors.ts';
import type { DeviceCode } from '../net/device-code.ts';
import { parseDeviceCode } from '../net/device-code.ts';
import { pollForToken } from '../net/device-poll.ts';
import type { Http, JsonAnswer } from '../net/http.ts';
import { asObject, requestJson } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { parseTokenGrant } from '../net/token-grant.ts';
import type { GithubHost } from './hosts.ts';
import { refusal, unknownClient } from './oauth-refusal.ts';

export interface DeviceFlowOptions {
  readonly host: GithubHost;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** A code that waits for a person by now: no other one is asked for, and only the wait for the token goes on. */
  readonly code?: DeviceCode;
  /** Told of a new code before it is shown, so that others can go on with it. Must not reject. */
  readonly onCode?: (code: DeviceCode) => Promise<void>;
  /** Called once, with what a person must see. */
  readonly onPrompt: (code: Omit<DeviceCode, 'deviceCode' | 'intervalMs'>) => void;
  /** Called before each question for the token. */
  readonly onPoll?: () => void;
  readonly http: Http;
  readonly signal: AbortSignal;
  /** Ends the flow as well, but not a question for the token that was asked by then: its answer may be the only one. */
  readonly closing: AbortSignal;
}

type Octokit = typeof octokitRequest;
type Endpoint = Parameters<Octokit['endpoint']['parse']>[0];
type Fields = Readonly<Record<string, unknown>>;

/**
 * Runs one device flow to its end (RFC 8628), from its beginning or from the code on. Scopes are sent even if the app is a
 * GitHub App, which ignores them: only the answer tells the two apart.
 * @throws {RefusedError} denied, expired or misconfigured: `message` and `next` say what to do
 * @throws {UnreachableError} no code could be had, or it expired while the server was out of reach
 * @throws a signal's reason as soon as it aborts, or once the last answer is there; no request is sent after that
 */
export async function runDeviceFlow(options: DeviceFlowOptions): Promise<TokenGrant> {
  const { host, clientId, http, signal, closing } = options;
  const either = AbortSignal.any([signal, closing]);
  const { clock } = http;
  const context = { host, clientId };
  const server = { label: host.label, setting: http.setting };
  // What a moment of the flow leaves for the next one: the library hands on less than we need.
  let { code } = options;
  let grant: TokenGrant | undefined;

  const getCode = async (send: () => Promise<JsonAnswer>): Promise<Fields> => {
    if (code) return answerOf(code);
    const answer = await send();
    const fields = asObject(answer.data);
    if (answer.status === 404) throw unknownClient(context);
    if (!fields || fields.error !== undefined || answer.status >= 400) {
      throw refusal(context, fields?.error ?? `http_${answer.status}`, fields?.error_description);
    }
    code = parseDeviceCode(fields, clock.now(), server);
    await options.onCode?.(code);
    return fields;
  };

  const getToken = async (send: () => Promise<JsonAnswer>): Promise<Fields> => {
    if (!code) throw new Error('the token was asked for before the code');
    const ask = (): Promise<JsonAnswer> => {
      options.onPoll?.();
      return send();
    };
    const { deviceCode } = code;
    const refuse = (error: string, description?: unknown) => refusal(context, error, description, deviceCode);
    const fields = await pollForToken({ code, ask, server, refuse, clock, signal: either });
    grant = parseTokenGrant(fields, clock.now(), server);
    // The library splits `scope` without asking whether it is there.
    return { ...fields, scope: '' };
  };

  const hook = async (octokit: Octokit, endpoint: Endpoint): Promise<{ data: Fields }> => {
    const { method, url, body, headers } = octokit.endpoint.parse(endpoint);
    const forCode = url.endsWith('/login/device/code');
    const send = (): Promise<JsonAnswer> => {
      const request = {
        method: method === 'GET' ? ('GET' as const) : ('POST' as const),
        url,
        headers: { 'content-type': String(headers['content-type']) },
        body: JSON.stringify(body),
      };
      return requestJson(http, request, forCode ? either : signal);
    };
    return { data: await (forCode ? getCode(send) : getToken(send)) };
  };

  const login = createOAuthDeviceAuth({
    clientType: 'oauth-app',
    clientId,
    scopes: [...options.scopes],
    request: octokitRequest.defaults({ baseUrl: host.apiUrl, request: { hook } }),
    onVerification: () => {
      if (!code) return;
      const { userCode, verificationUri, expiresAt } = code;
      options.onPrompt({ userCode, verificationUri, expiresAt });
    },
  });
  await login({ type: 'oauth' });
  if (!grant) throw new UnreachableError(`the login at ${host.label} ended without a token`);
  return grant;
}

/** What the library is told where the code is there already. It looks at nothing but the device code. */
function answerOf({ deviceCode, userCode, verificationUri, intervalMs }: DeviceCode): Fields {
  return {
    device_code: deviceCode.reveal(),
    user_code: userCode,
    verification_uri: verificationUri,
    interval: intervalMs / 1000,
  };
}
