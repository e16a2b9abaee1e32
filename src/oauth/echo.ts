// What was sent and is secret, cut out of what the server says about it: some quote what they refuse.
// Not for: making a server's words fit to be shown (refusal.ts, exchange-refusal.ts).
import { REDACTED } from '../base/secret.ts';
import { asObject } from '../net/http.ts';

/** What of a refusal is shown, or noted in the audit trail (RFC 6749, section 5.2; RFC 9457, section 3.1). */
const SHOWN = ['error', 'error_description', 'detail'] as const;

/** Fields of a form that hold a secret, such as `client_secret`, `client_assertion`, `subject_token` and `code_verifier`. */
const SECRET_FIELD = /(?:^|_)(?:token|secret|assertion|code|verifier)$/;

/** Shorter values would cut ordinary words out of ordinary text. In characters. */
export const SHORTEST = 8;

/**
 * The answer of an endpoint without secrets of the question in its words. What else is in it stays as it is.
 * @param data the parsed answer
 * @param headers by lower-case name
 */
export function withoutEcho(
  data: unknown,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>>,
): unknown {
  const fields = asObject(data);
  if (!fields) return data;
  const secrets = [...secretsOf(form), ...basicOf(headers)].filter(({ length }) => length >= SHORTEST);
  const clean = SHOWN.flatMap((name) => {
    const text = fields[name];
    if (typeof text !== 'string') return [];
    return [[name, secrets.reduce((left, secret) => left.replaceAll(secret, REDACTED), text)] as const];
  });
  return { ...fields, ...Object.fromEntries(clean) };
}

function secretsOf(form: URLSearchParams): string[] {
  return [...form].flatMap(([name, value]) => (SECRET_FIELD.test(name) ? [value] : []));
}

/** The credentials of RFC 7617 as they were sent, and the secret in them (RFC 6749, section 2.3.1). */
function basicOf({ authorization = '' }: Readonly<Record<string, string>>): string[] {
  const [, credentials] = /^Basic (\S+)$/i.exec(authorization) ?? [];
  if (credentials === undefined) return [];
  const pair = Buffer.from(credentials, 'base64').toString();
  const encoded = pair.slice(pair.indexOf(':') + 1);
  return [credentials, encoded, ...new URLSearchParams(`=${encoded}`).values()];
}
