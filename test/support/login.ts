// A GitHub to log in at, the proxy's options for it, and a login through text as the shortest way to be logged in.
// Not for: what is asserted about a login; that is in the tests.
import { CLIENT_IDS, startGithub } from '../../fixtures/github/emulator.mjs';
import type { GithubEmulator, GithubOptions, RecordedRequest } from '../../fixtures/github/emulator.mjs';
import { toolText } from './messages.ts';
import type { Json } from './messages.ts';
import { startProxy } from './proxy.ts';
import type { ProxyOptions } from './proxy.ts';
import type { RawClient } from './raw-client.ts';
import { serverCommand } from './spawned.ts';
import { atTestEnd } from './test-end.ts';

export const CODE_PATH = '/login/device/code';
export const TOKEN_PATH = '/login/oauth/access_token';

/** Seconds between polls: short, so that nothing is waited for. */
const INTERVAL = 0.05;

/** An emulator that lives as long as the test. */
export async function startTestGithub(options: GithubOptions = {}): Promise<GithubEmulator> {
  const github = await startGithub({ interval: INTERVAL, slowDownStep: INTERVAL, ...options });
  atTestEnd(() => github.close());
  return github;
}

/** An emulator, and the proxy before a scripted server; the client has shaken hands, and nobody is logged in. */
export async function openLocked(
  options: LoginOptions = {},
  capabilities: Json = {},
): Promise<{ readonly github: GithubEmulator; readonly client: RawClient }> {
  const github = await startTestGithub();
  const client = startProxy(loginOptions(github, options));
  await client.initialize(capabilities);
  return { github, client };
}

export interface LoginOptions extends Pick<ProxyOptions, 'env' | 'cwd'> {
  /** Options of the proxy on top of host, client id and no browser. */
  readonly args?: readonly string[];
  /** Flags of the upstream. */
  readonly flags?: readonly string[];
  /** A program of fixtures/servers; default scripted.mjs. */
  readonly server?: string;
  /** Default: the emulator's GitHub App; null for none. */
  readonly clientId?: string | null;
}

/** The proxy before a scripted server, for {@link startProxy} or connectSdk. */
export function loginOptions(github: { readonly url: string }, options: LoginOptions = {}): ProxyOptions {
  const {
    args = [],
    flags = [],
    server = 'scripted.mjs',
    clientId = CLIENT_IDS.githubApp,
    ...rest
  } = options;
  const id = clientId === null ? [] : ['--oauth-client-id', clientId];
  return {
    ...rest,
    args: ['--gh-host', github.url, '--open-browser', 'never', ...id, ...args],
    command: serverCommand(server, ...flags),
  };
}

/** The requests for a token with this device code, or with any. */
export function pollsOf(github: GithubEmulator, deviceCode?: unknown): RecordedRequest[] {
  return github.requests.filter(
    ({ path, body }) =>
      path === TOKEN_PATH &&
      body['device_code'] !== undefined &&
      (deviceCode === undefined || body['device_code'] === deviceCode),
  );
}

/** The user code in a text, as GitHub writes them. */
export function codeIn(text: string): string {
  const code = /\b[A-Z0-9]{4}-[A-Z0-9]{4}\b/.exec(text)?.[0];
  if (code === undefined) throw new Error(`no user code in: ${text}`);
  return code;
}

/** Logs in with a client that knows text only. @returns the last answer's text */
export async function logIn(client: RawClient, github: GithubEmulator): Promise<string> {
  const code = codeIn(toolText(await client.callTool('auth_login')));
  github.approve(code);
  return toolText(await client.callTool('auth_login'));
}
