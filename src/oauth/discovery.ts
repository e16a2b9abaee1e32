// What an issuer says of itself: its endpoints, and what they take (RFC 8414, OpenID Connect Discovery).
// Not for: asking those endpoints for anything (client.ts).
import type { AuthorizationServer } from 'oauth4webapi';
import { RefusedError } from '../base/errors.ts';
import type { Http } from '../net/http.ts';
import { asObject, requestJson } from '../net/http.ts';
import { isSafe, issuerLabel, parseUrl, webAddress } from '../net/web-address.ts';

export interface Server {
  /** As a person knows it, such as `gitlab.com`. */
  readonly label: string;
  /** As the issuer publishes it; each endpoint in it may be sent credentials to. */
  readonly metadata: AuthorizationServer;
}

/** An address in the metadata that something is asked of. */
export type Endpoint =
  | 'authorization_endpoint'
  | 'device_authorization_endpoint'
  | 'introspection_endpoint'
  | 'revocation_endpoint'
  | 'token_endpoint'
  | 'userinfo_endpoint';

const ENDPOINTS: readonly Endpoint[] = [
  'authorization_endpoint',
  'device_authorization_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
];

/** Lists that something is looked for in. */
const LISTS = [
  'code_challenge_methods_supported',
  'scopes_supported',
  'token_endpoint_auth_methods_supported',
] as const satisfies readonly (keyof AuthorizationServer)[];

/** An issuer that moves an endpoint is found there after this time, in ms; none does so often. */
const MAX_AGE = 3_600_000;
/** The same where one of its two documents could not be had just now: what is missing may be in it. In ms. */
const MAX_AGE_OF_HALF = 60_000;

interface Found {
  readonly server: Server;
  /** By the steady clock. */
  readonly until: number;
}

interface LookedUp {
  readonly server: Server;
  readonly maxAge: number;
}

const found = new Map<string, Found>();

/**
 * Looks an issuer up, once an hour in a process. Both documents are read, and put together where both are there: some
 * servers tell of device flow in one of them only, or of userinfo.
 * @param issuer as it was given; the server has to call itself the same (RFC 8414, section 3.3)
 * @param http its `setting` is what names the issuer in errors
 * @throws {RefusedError} it publishes nothing, calls itself otherwise, or has endpoints that anybody could listen at
 * @throws {UnreachableError}
 * @throws the signal's reason
 */
export async function discover(
  issuer: string,
  http: Http,
  signal: AbortSignal = new AbortController().signal,
): Promise<Server> {
  const known = found.get(issuer);
  if (known && http.clock.steady() < known.until) return known.server;
  const { server, maxAge } = await lookUp(issuer, http, signal);
  found.set(issuer, { server, until: http.clock.steady() + maxAge });
  return server;
}

/**
 * The address of an endpoint.
 * @param purpose what is not possible without it, such as `to log in by a code`
 * @throws {RefusedError} the server has none
 */
export function endpointOf({ label, metadata }: Server, endpoint: Endpoint, purpose: string): string {
  const address = metadata[endpoint];
  if (address !== undefined) return address;
  throw new RefusedError(
    'unsupported_by_server',
    `${label} offers no way ${purpose}: its metadata names no ${endpoint}`,
    { next: 'Ask who runs it to enable that, or use another --auth mode (docs/oauth.md).' },
  );
}

async function lookUp(issuer: string, http: Http, signal: AbortSignal): Promise<LookedUp> {
  const url = parseUrl(issuer);
  if (!url || !isSafe(url)) throw unusable(issuer, http);
  const answers = await Promise.allSettled(
    (['oidc', 'oauth2'] as const).map((algorithm) => read(url, algorithm, http, signal)),
  );
  signal.throwIfAborted();
  const published = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const own = published.flatMap((one) => (one.kind === 'own' ? [one.metadata] : []));
  if (own.length === 0) {
    const other = published.find((one) => one.kind === 'other');
    if (other) throw otherIssuer(issuer, other.name, http);
    const failure = answers.find((answer) => answer.status === 'rejected');
    throw failure ? failure.reason : nothingPublished(issuer, http);
  }
  const label = issuerLabel(issuer);
  const metadata = Object.assign({ issuer }, ...own) as AuthorizationServer;
  for (const endpoint of ENDPOINTS) mustBeSafe(label, endpoint, metadata[endpoint], url);
  const isHalf = published.length < answers.length;
  return { server: { label, metadata }, maxAge: isHalf ? MAX_AGE_OF_HALF : MAX_AGE };
}

type Published =
  | { readonly kind: 'own'; readonly metadata: AuthorizationServer }
  /** It speaks for another issuer. */
  | { readonly kind: 'other'; readonly name: unknown }
  | { readonly kind: 'none' };

async function read(
  issuer: URL,
  algorithm: 'oidc' | 'oauth2',
  http: Http,
  signal: AbortSignal,
): Promise<Published> {
  const oauth = await import('oauth4webapi');
  let fields: Readonly<Record<string, unknown>> | undefined;
  await oauth.discoveryRequest(issuer, {
    algorithm,
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: async (url: string) => {
      const { status, data } = await requestJson(http, { method: 'GET', url }, signal);
      if (status === 200) fields = usable(asObject(data));
      return new Response();
    },
  });
  if (!fields) return { kind: 'none' };
  const headers = { 'content-type': 'application/json' };
  const response = new Response(JSON.stringify(fields), { headers });
  try {
    return { kind: 'own', metadata: await oauth.processDiscoveryResponse(issuer, response) };
  } catch {
    // Nothing but the name is looked at there: it is another one, or none.
    return { kind: 'other', name: fields['issuer'] };
  }
}

/** Metadata without what says nothing: `null`, which some servers publish for what they lack, and lists that are none. */
function usable(
  fields: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> | undefined {
  const lists: ReadonlySet<string> = new Set(LISTS);
  const says = (name: string, value: unknown): boolean =>
    value !== null && (!lists.has(name) || (Array.isArray(value) && value.every(isText)));
  return fields && Object.fromEntries(Object.entries(fields).filter(([name, value]) => says(name, value)));
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function mustBeSafe(label: string, endpoint: Endpoint, address: unknown, issuer: URL): void {
  if (address === undefined) return;
  const url = typeof address === 'string' ? parseUrl(address) : undefined;
  if (url && isSafe(url) && (url.protocol === 'https:' || issuer.protocol === 'http:')) return;
  throw new RefusedError(
    'insecure_endpoint',
    `${label} names a ${endpoint} that credentials must not be sent to`,
    { next: 'It needs an https address: tell who runs the server.' },
  );
}

function unusable(issuer: string, { setting }: Http): RefusedError {
  return new RefusedError(
    'bad_issuer',
    `the issuer "${issuer}" is no address that credentials may be sent to`,
    {
      next: `Give ${setting} an https URL, such as https://gitlab.com; http is for loopback addresses only.`,
    },
  );
}

function nothingPublished(issuer: string, { setting }: Http): RefusedError {
  return new RefusedError(
    'no_metadata',
    `${issuer} publishes no metadata, neither as an OAuth authorization server nor for OpenID Connect`,
    {
      next: `Check ${setting}: it is the address that /.well-known/openid-configuration is below, such as https://gitlab.com or https://login.example.com/realms/NAME.`,
    },
  );
}

function otherIssuer(issuer: string, name: unknown, { setting }: Http): RefusedError {
  const isAddress = webAddress(name) !== undefined && /^[\x21-\x7e]+$/.test(String(name));
  const other = isAddress ? String(name) : undefined;
  return new RefusedError('issuer_mismatch', `${issuer} calls itself ${other ?? 'something else'}`, {
    next:
      other === undefined
        ? `Check ${setting}.`
        : `Give ${setting} that very name, if that is the server you mean.`,
  });
}
