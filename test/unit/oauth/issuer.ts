// An issuer whose every answer is written in the test: for what no good server does, and for what one may do.
// Not for: the protocol as a whole (fixtures/oidc).
import { text } from 'node:stream/consumers';
import type { IncomingHttpHeaders } from 'node:http';
import { systemClock } from '../../../src/base/clock.ts';
import type { Clock } from '../../../src/base/clock.ts';
import type { Secret } from '../../../src/base/secret.ts';
import { createHttp } from '../../../src/net/http.ts';
import type { OauthClient } from '../../../src/oauth/client.ts';
import { createClient } from '../../../src/oauth/client.ts';
import { discover } from '../../../src/oauth/discovery.ts';
import { serveHttp } from '../../support/loopback.ts';
import { neverAborted } from '../github/support.ts';

interface Asked {
  readonly path: string;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
}

/** What is sent: a status and JSON, or a text as it is. */
export type Said = readonly [status: number, body: unknown];

export const OIDC_PATH = '/.well-known/openid-configuration';
export const OAUTH_PATH = '/.well-known/oauth-authorization-server';

const NAMES = {
  issuer: '--issuer',
  clientId: '--oauth-client-id',
  secret: '--oauth-client-secret-file',
  scopes: '--oauth-scopes',
};

/** As long as no pause of a flow, so that a test which moves the clock by one does not end a request. In ms. */
const TIME_LIMIT = 9000;

export interface ScriptedIssuer {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** What is answered to a path from now on; several answers are given in turn, the last for good. */
  answer(path: string, ...answers: readonly Said[]): void;
  /** Its metadata from now on, at the address of OpenID Connect. */
  publish(metadata: object): void;
  client(options?: { clientSecret?: Secret; clock?: Clock }): Promise<OauthClient>;
}

/** Knows a device endpoint, a token endpoint and no others. Only inside a test. */
export async function startScripted(): Promise<ScriptedIssuer> {
  const asked: Asked[] = [];
  const answers = new Map<string, Said[]>();
  const url = await serveHttp((request, response) => {
    void (async () => {
      const body = await text(request);
      const path = request.url ?? '';
      asked.push({ path, form: Object.fromEntries(new URLSearchParams(body)), headers: request.headers });
      const planned = answers.get(path) ?? [];
      const [status, said] = (planned.length > 1 ? planned.shift() : planned[0]) ?? [404, 'nothing'];
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof said === 'string' ? said : JSON.stringify(said));
    })();
  });
  const issuer: ScriptedIssuer = {
    url,
    asked,
    answer: (path, ...planned) => void answers.set(path, [...planned]),
    publish: (metadata) => issuer.answer(OIDC_PATH, [200, { issuer: url, ...metadata }]),
    async client({ clientSecret, clock = systemClock } = {}) {
      const http = createHttp(clock, { setting: '--issuer', timeoutMs: TIME_LIMIT });
      const server = await discover(url, http, neverAborted);
      return createClient({ server, clientId: 'the-client', clientSecret, http, names: NAMES });
    },
  };
  issuer.publish({ device_authorization_endpoint: `${url}/device`, token_endpoint: `${url}/token` });
  return issuer;
}
