// Requests as a GitHub App, through @octokit/auth-app: loaded only when a token is asked for.
// Not for: which requests those are (tokens.ts, github/installations.ts), or requests with a token.
//
// Of the library its hook is used: it signs what has to be signed by the app, and asks once more with other times where
// GitHub says that ours are wrong. Its tokens are not: their cache confuses repository ids with names, and they are asked
// for without that second try. It sends nothing itself, so that none of its errors, which hold the JWT, comes up.
import { createAppAuth } from '@octokit/auth-app';
import { request as octokitRequest } from '@octokit/request';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { GithubHost } from '../../github/hosts.ts';
import type { AskAsApp } from '../../github/installations.ts';
import type { Http, JsonAnswer, JsonRequest } from '../../net/http.ts';
import { requestJson } from '../../net/http.ts';
import type { AppJwt } from './jwt.ts';
import { createAppJwt } from './jwt.ts';
import { isAboutTime, judgeApp, saidBy } from './refusals.ts';
import type { Signer } from './signer.ts';

export interface AppClientOptions {
  readonly host: GithubHost;
  /** Its id or its client id. */
  readonly appId: string;
  /** As errors name where the key comes from. */
  readonly keySetting: string;
  readonly sign: Signer;
  /** Outlives the client: what one has learnt of GitHub's clock serves the next one. */
  readonly skew: ClockSkew;
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How far GitHub's clock is ahead of ours, in ms. */
export interface ClockSkew {
  ms: number;
}

/** Differences below this, in ms, change nothing: the times in a JWT have a minute to spare. */
const NEARLY = 10_000;

type Octokit = typeof octokitRequest;
type Endpoint = Parameters<Octokit['endpoint']['parse']>[0];

/** Signs once, however much is asked: a key service takes money and time for it. To be made anew for each token. */
export function createAppClient(options: AppClientOptions): AskAsApp {
  const { host, appId, sign, skew, clock, log, signal } = options;
  let signed: { readonly skew: number; readonly jwt: Promise<AppJwt> } | undefined;
  const auth = createAppAuth({
    appId,
    // The library's own difference is by the system's clock, not by ours, and is forgotten after that one request.
    createJwt: () => {
      if (signed?.skew !== skew.ms) {
        signed = { skew: skew.ms, jwt: createAppJwt(appId, clock.now() + skew.ms, sign, signal) };
      }
      return signed.jwt;
    },
    // Said by noteSkew, without GitHub's text.
    log: { warn: () => {} },
  });

  const noteSkew = (date: string | undefined): void => {
    const there = Date.parse(date ?? '');
    // The header has whole seconds.
    const ms = there - Math.floor(clock.now() / 1000) * 1000;
    // Of two requests at once, both are told; the first to be answered has noted it.
    if (Number.isNaN(ms) || Math.abs(ms - skew.ms) < NEARLY) return;
    skew.ms = ms;
    if (Math.abs(ms) < NEARLY) {
      log.info(`this machine's clock agrees with that of ${host.label} again`);
      return;
    }
    const how = `${Math.abs(ms / 1000)} s ${ms < 0 ? 'ahead of' : 'behind'}`;
    log.warn(`this machine's clock is ${how} that of ${host.label}; gh-mcp-proxy allows for it`);
  };

  return async (route, parameters = {}, about = options.http) => {
    const http = { ...options.http, setting: about.setting };
    let answer: JsonAnswer | undefined;
    const send = async (octokit: Octokit, endpoint: Endpoint): Promise<JsonAnswer> => {
      answer = await requestJson(http, plainRequest(octokit, endpoint), signal);
      if (answer.status < 400) return answer;
      if (isAboutTime(answer)) noteSkew(answer.date);
      throw new NotAccepted(answer);
    };
    try {
      await auth.hook(
        octokitRequest.defaults({ baseUrl: host.apiUrl, request: { hook: send } }),
        route,
        parameters,
      );
    } catch (error) {
      if (!(error instanceof NotAccepted)) throw error;
    }
    if (!answer) throw new Error('the library answered without asking');
    return judgeApp(answer, options);
  };
}

/** What the library looks at of an error, to see whether it is about our times, and GitHub's own time. */
class NotAccepted extends Error {
  readonly response: { readonly headers: { readonly date: string | undefined } };

  constructor(answer: JsonAnswer) {
    super(saidBy(answer));
    this.response = { headers: { date: answer.date } };
  }
}

function plainRequest(octokit: Octokit, endpoint: Endpoint): JsonRequest {
  const { method, url, headers, body } = octokit.endpoint.parse(endpoint);
  return {
    method: method === 'GET' ? 'GET' : 'POST',
    url,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: String(headers.authorization),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}
