// Cuts what looks like a token out of texts that nobody has seen before: errors that were not expected.
// Not for: secrets that are known (wire/redact.ts); this is the guard behind that one.
import { REDACTED } from '../base/secret.ts';

/** GitHub's tokens as they look, the long form of installation tokens included. */
const TOKEN = /\b(?:gh[opusr]|github_pat)_[\w.-]{16,}/g;

export function maskTokens(text: string): string {
  return text.replaceAll(TOKEN, REDACTED);
}
