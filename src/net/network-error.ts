// What Node says when a connection fails, as one sentence and one step for a person.
// Not for: answers of a server that was reached (http.ts).
import { UnreachableError } from '../base/errors.ts';

/**
 * @param error as Node throws it; only its system code is taken from it
 * @param setting what names the host, such as `--issuer`
 */
export function unreachable(origin: string, error: unknown, setting: string): UnreachableError {
  const code = codeIn(error);
  return new UnreachableError(`cannot reach ${origin}${code === undefined ? '' : ` (${code})`}`, {
    next: stepFor(code, setting),
  });
}

function stepFor(code: string | undefined, setting: string): string {
  if (code === undefined) return 'Check the network connection and try again.';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return `Check the network connection and the host name in ${setting}. ${PROXY}`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return "The server's certificate is not valid now: check this machine's clock.";
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `The certificate is for another name: check ${setting}.`;
  }
  if (/CERT|SIGNATURE|ISSUER|SELF_SIGNED/.test(code)) {
    return "The certificate's issuer is not known here: set NODE_EXTRA_CA_CERTS to the PEM file of your organisation's certificate authority.";
  }
  return `Check the network connection. ${PROXY}`;
}

const PROXY =
  'Behind an HTTP proxy, set HTTPS_PROXY together with NODE_USE_ENV_PROXY=1 (Node 22.21, or 24 and later).';

/** The first system code in an error, its causes and, where several addresses were tried, their errors. */
function codeIn(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > 5) return undefined;
  if ('code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(error.code))
    return error.code;
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return codeIn(inner, depth + 1);
}
