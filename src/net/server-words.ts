// What a server says in its own words, made fit for a terminal and a model: names of errors, and descriptions of them.
// Not for: what an error means (github/oauth-refusal.ts, oauth/refusal.ts, oauth/exchange-refusal.ts).
import type { Secret } from '../base/secret.ts';
import { REDACTED } from '../base/secret.ts';

/** Longer explanations help nobody. In characters. */
const LONGEST = 200;

/** A code such as `invalid_grant`; `undefined` for anything that may be more than a name. */
export function errorName(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
}

/** One line of visible ASCII. */
export function visible(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').trim();
}

/** What stands in brackets behind a message of ours, bounded; empty where there is nothing to say. */
export function aside(words: string): string {
  return words === '' ? '' : ` (${words.slice(0, LONGEST)})`;
}

/** @param secrets what was sent: some servers quote what they refuse */
export function without(secrets: readonly Secret[], text: string): string {
  return secrets.reduce((left, secret) => left.replaceAll(secret.reveal(), REDACTED), text);
}
