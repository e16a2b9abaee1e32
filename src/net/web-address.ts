// Which addresses a token or a browser may be sent to. Not for: what answers there (http.ts).

/** `URL.parse`, which the oldest Node 20 here lacks. */
export function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** Whether a URL's `hostname` is this machine for certain, without asking a name server. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Whether nobody on the way can read along: https, or this machine. */
export function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/**
 * A server's address for a person's browser, as a parser prints it (no control characters); `undefined` where it is none
 * that a browser may be sent to.
 * @param longest in characters: an address that a person may have to type is short, a page with a state in it is not
 */
export function webAddress(value: unknown, longest = 512): string | undefined {
  if (typeof value !== 'string' || value.length > longest) return undefined;
  const url = parseUrl(value);
  // A parser makes up to nine characters of one.
  if (!url || url.href.length > longest || url.username !== '' || url.password !== '') return undefined;
  return isSafe(url) ? url.href : undefined;
}

/** An issuer without what all of them have, such as `gitlab.com`: one host may have several, each at a path of its own. */
export function issuerLabel(issuer: string): string {
  return issuer.replace(/^https?:\/\//, '').replace(/\/$/, '');
}
