// The device flow at any server (RFC 8628). Not for: GitHub's, which has its own errors (github/device-flow.ts), or for
// whom the code is shown (session/).
import { UnreachableError } from '../base/errors.ts';
import type { DeviceCode } from '../net/device-code.ts';
import { parseDeviceCode } from '../net/device-code.ts';
import { pollForToken } from '../net/device-poll.ts';
import { asObject } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { OauthClient } from './client.ts';
import { askEndpoint } from './client.ts';
import type { Server } from './discovery.ts';
import { endpointOf } from './discovery.ts';
import { refusal } from './refusal.ts';
import { grantOf } from './token-answer.ts';

export interface DeviceFlowOptions {
  readonly client: OauthClient;
  readonly scopes: readonly string[];
  /** A code that waits for a person by now: no other one is asked for, and only the wait for the token goes on. */
  readonly code?: DeviceCode | undefined;
  /** Told of a new code before it is shown. Must not reject. */
  readonly onCode: (code: DeviceCode) => Promise<void>;
  /** Called once, with what a person must see. */
  readonly onPrompt: (code: Pick<DeviceCode, 'userCode' | 'verificationUri' | 'expiresAt'>) => void;
  /** Called before each question for the token. */
  readonly onPoll: () => void;
  readonly signal: AbortSignal;
  /** Ends the flow as well, but not a question for the token that was asked by then: its answer may be the only one. */
  readonly closing: AbortSignal;
}

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Runs one device flow to its end, from its beginning or from the code on.
 * @throws {RefusedError} denied, expired, or misconfigured, or the server has no device flow
 * @throws {UnreachableError} no code could be had, or it expired while the server was out of reach
 * @throws a signal's reason as soon as it aborts, or once the last answer is there
 */
export async function runDeviceFlow(options: DeviceFlowOptions): Promise<TokenGrant> {
  const { client, onPrompt, onPoll, signal, closing } = options;
  const { clock } = client.http;
  const either = AbortSignal.any([signal, closing]);
  const server = { label: client.server.label, setting: client.http.setting };
  const endpoint = endpointOf(client.server, 'token_endpoint', 'to log in');
  const code = options.code ?? (await newCode(options, either));
  if (!options.code) await options.onCode(code);
  const { deviceCode, userCode, verificationUri, expiresAt } = code;
  onPrompt({ userCode, verificationUri, expiresAt });
  const fields = await pollForToken({
    code,
    server,
    clock,
    signal: either,
    refuse: (error, description) => refusal(client, 'code', error, description, deviceCode),
    ask() {
      onPoll();
      const form = new URLSearchParams({ grant_type: GRANT_TYPE, device_code: deviceCode.reveal() });
      return askEndpoint(client, endpoint, form, signal);
    },
  });
  return grantOf(fields, client);
}

async function newCode({ client, scopes }: DeviceFlowOptions, signal: AbortSignal): Promise<DeviceCode> {
  const { server, http } = client;
  const published = server.metadata.device_authorization_endpoint;
  const guessed = published === undefined ? gitlabEndpoint(server) : undefined;
  const endpoint = guessed ?? deviceEndpoint(server);
  const form = new URLSearchParams(scopes.length === 0 ? {} : { scope: scopes.join(' ') });
  const { status, data } = await askEndpoint(client, endpoint, form, signal);
  const fields = asObject(data);
  if (guessed !== undefined && status === 404) deviceEndpoint(server);
  if (fields?.['error'] !== undefined)
    throw refusal(client, 'code', fields['error'], fields['error_description']);
  if (!fields || status >= 400)
    throw new UnreachableError(
      `${server.label} gave no usable answer to the request for a login code (HTTP ${status})`,
      { next: `Check ${http.setting} and try again.` },
    );
  return parseDeviceCode(fields, http.clock.now(), { label: server.label, setting: http.setting });
}

/** @throws {RefusedError} the server has none */
function deviceEndpoint(server: Server): string {
  return endpointOf(server, 'device_authorization_endpoint', 'to log in by a code');
}

/**
 * GitLab has device flow from 17.2 on, at this address; that its metadata tell of it is newer. Whatever has GitLab's other
 * two endpoints is asked there, and a 404 means that it has none.
 */
function gitlabEndpoint({ metadata }: Server): string | undefined {
  const root = metadata.issuer.replace(/\/$/, '');
  const isGitlab =
    metadata.token_endpoint === `${root}/oauth/token` &&
    metadata.authorization_endpoint === `${root}/oauth/authorize`;
  return isGitlab ? `${root}/oauth/authorize_device` : undefined;
}
