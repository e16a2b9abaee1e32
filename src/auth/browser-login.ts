// One login by GitHub's browser flow: the page, the wait for the browser that comes back, and the token for its code.
// Not for: whether it is this flow or the device flow (browser.ts), or what becomes of the token (accept.ts).
import { delay } from '../base/clock.ts';
import { RefusedError, UnreachableError, UserError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { authorizationUrl, codeIn, exchangeCode, nobodyCameBack } from '../github/authorize.ts';
import type { CodeExchange } from '../github/authorize.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Http } from '../net/http.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import { createPkce, createState } from '../oauth/pkce.ts';
import type { Redirect } from '../oauth/redirect.ts';
import { listenForRedirect } from '../oauth/redirect.ts';
import type { LoginStep } from './login-server.ts';
import { polling } from './polling.ts';
import { orAborted } from './single-flight.ts';

export interface BrowserLoginOptions {
  readonly host: GithubHost;
  readonly clientId: string;
  readonly clientSecret: Secret;
  /** Default: any free one. */
  readonly callbackPort: number | undefined;
  /** Whether the person's browser is on this machine; else the page says what to do about that. */
  readonly hasBrowser: boolean;
  readonly http: Http;
}

/** For how long the page is waited for, in ms. GitHub's code lives 10 min; a port is not kept open for longer than this. */
const PAGE_MS = 5 * 60_000;
/** Pauses before the second and later questions for the token, in ms: the person has done their part by then. */
const RETRY_PAUSES = [500, 2000];

/**
 * @throws {RefusedError} denied, not approved in time, or misconfigured
 * @throws {UnreachableError}
 * @throws a signal's reason
 */
export async function logInByBrowser(step: LoginStep, options: BrowserLoginOptions): Promise<TokenGrant> {
  const { host, clientId, clientSecret, callbackPort: port, http } = options;
  const { clock } = http;
  const { scopes, signal, closing } = step;
  closing.throwIfAborted();
  const { verifier, challenge } = createPkce();
  const state = createState();
  const redirect = await listenForRedirect({ port, state, clock, signal, timeoutMs: PAGE_MS });
  try {
    const { redirectUri } = redirect;
    const verificationUri = authorizationUrl({ host, clientId, scopes, redirectUri, state, challenge });
    const purpose = options.hasBrowser ? undefined : wayBack(redirectUri);
    const page = {
      verificationUri,
      expiresAt: clock.now() + PAGE_MS,
      ...(purpose !== undefined && { purpose }),
    };
    await step.onFlow({ kind: 'page', scopes, ...page });
    step.onPrompt(page);
    const grant = await polling(step, clock, async () => {
      closing.throwIfAborted();
      const answer = await orAborted(redirect.answer, closing);
      const code = codeIn(answer, { host, clientId, redirectUri });
      return tokenFor({ host, clientId, clientSecret, code, verifier, redirectUri, http, signal });
    });
    // The token is not kept waiting for a browser that reads slowly.
    void shown(redirect, 'done', `${host.label} has given the token. Go back to your MCP client.`);
    return grant;
  } catch (error) {
    const why = error instanceof UserError ? `${capitalised(error.message)}. ` : '';
    await shown(redirect, 'failed', `${why}Go back to your MCP client.`);
    const isLate = error instanceof RefusedError && error.code === 'expired_token';
    throw isLate ? nobodyCameBack({ host, clientId }) : error;
  }
}

/**
 * The token for a code, asked for again where the network fails. A code that is spent by then was spent by an answer that
 * did not get through: that is no fault of the settings, and is told as what it is.
 */
async function tokenFor(
  exchange: CodeExchange,
  [pauseMs, ...pauses]: readonly number[] = RETRY_PAUSES,
  before?: UnreachableError,
): Promise<TokenGrant> {
  try {
    return await exchangeCode(exchange);
  } catch (error) {
    if (before && error instanceof RefusedError && error.code === 'bad_verification_code') throw before;
    if (!(error instanceof UnreachableError) || pauseMs === undefined) throw error;
    await delay(exchange.http.clock, pauseMs, exchange.signal);
    return tokenFor(exchange, pauses, error);
  }
}

async function shown(redirect: Redirect, page: 'done' | 'failed', text: string): Promise<void> {
  await redirect.finish(page, text);
  await redirect.close();
}

/** For a person whose browser is on another machine. */
function wayBack(redirectUri: string): string {
  const { port } = new URL(redirectUri);
  return `To log in to GitHub, a page has to be opened in a browser on the machine on which gh-mcp-proxy runs; from another machine forward its port first: ssh -L ${port}:127.0.0.1:${port} USER@HOST`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
