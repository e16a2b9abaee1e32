// How brokers say that a person has to consent first, each in its own way: by rules (FACTS, Brokers).
// Not for: showing the page (auth/exchange/login.ts); it is never opened or followed from here.
import { asObject } from '../net/http.ts';
import { errorName } from '../net/server-words.ts';
import { webAddress } from '../net/web-address.ts';

/** An answer that means "a person has to open a page". */
export interface ConsentRule {
  readonly status: number;
  /** Of the field `error`, or `status` where there is no such field. */
  readonly error: string;
  /** Where in the answer the page's address is (RFC 6901). */
  readonly pointer: string;
}

export const CONSENT_RULES: Readonly<Record<'authplane' | 'keycloak', readonly ConsentRule[]>> = {
  authplane: [{ status: 400, error: 'consent_required', pointer: '/consent_url' }],
  keycloak: ['not_linked', 'token_expired'].map((error) => ({
    status: 400,
    error,
    pointer: '/account-link-url',
  })),
};

/** Longer ones cannot be shown whole everywhere. In characters. */
const LONGEST_PAGE = 4096;

export interface Consent {
  /** The page, whole; `undefined` where there is none, or none that may be shown. */
  readonly page: string | undefined;
  /** Why, in the broker's word, such as `scope_insufficient`; `undefined` where it says none. */
  readonly cause: string | undefined;
}

/** What the answer asks of a person, by the first rule that fits it. */
export function consentIn(
  status: number,
  fields: Readonly<Record<string, unknown>>,
  rules: readonly ConsentRule[],
): Consent | undefined {
  const code = fields['error'] ?? fields['status'];
  const rule = rules.find((one) => one.status === status && one.error === code);
  if (!rule) return undefined;
  return {
    page: webAddress(valueAt(fields, rule.pointer), LONGEST_PAGE),
    cause: errorName(fields['cause']),
  };
}

/** RFC 6901, section 4. */
function valueAt(document: unknown, pointer: string): unknown {
  let value = document;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const fields = Array.isArray(value) ? Object.fromEntries(value.entries()) : asObject(value);
    value = fields && Object.hasOwn(fields, name) ? fields[name] : undefined;
  }
  return value;
}
