// Cuts what looks like a credential out of texts that nobody has seen before: unexpected errors, what a command complains
// of. Not for: secrets that are known (wire/redact.ts); this is the guard behind that one.
import { REDACTED } from './secret.ts';

/** What looks like nothing else: no word of an ordinary text is lost by these. */
const TOKENS = [
  // GitHub's, the long form of installation tokens included; GitLab's.
  /\b(?:gh[opusr]|github_pat)_[\w.-]{16,}/g,
  /\bgl[a-z]{2,7}-[\w.-]{16,}/g,
  // A JWT, signed or not.
  /\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)*/g,
  // A key as PEM, also where its end is cut off.
  /-----BEGIN [A-Z ]*KEY-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]*KEY-----)?/g,
];

const CREDENTIALS = [
  // Of an Authorization header.
  /(?<=\b(?:bearer|basic|token) )[\w.~+/=-]{16,}/gi,
  // Base64 of something longer than a hash: a key, a session token of AWS, a token of nobody known. Nearly all of it has so
  // many letters and digits in a row; a long path, or the path of an address, seldom has.
  /(?<![\w+/-])(?=[\w+/-]*[A-Za-z0-9+]{20})[\w+/-]{120,}={0,2}/g,
  // The same in lines, as `base64` and openssl print it, or with those quoted. One without a capital is a list of hashes.
  /(?<![\w+/-])(?=[\w+/-]*[A-Z])(?=[\w+/-]*[A-Za-z0-9+]{20})[\w+/-]{60,}(?:(?:\r?\n|(?:\\r)?\\n)[\w+/-]{60,})+(?:(?:\r?\n|(?:\\r)?\\n)[\w+/-]+)?={0,2}/g,
  // USER:PASSWORD of a URL.
  /(?<=[a-z]:\/\/)[^\s/@]+(?=@)/gi,
];

export function maskTokens(text: string): string {
  return without(text, TOKENS);
}

/** The same for what a program of somebody else's says, of whatever service: better a word too many than a secret. */
export function maskCredentials(text: string): string {
  return without(text, [...TOKENS, ...CREDENTIALS]);
}

function without(text: string, patterns: readonly RegExp[]): string {
  return patterns.reduce((masked, pattern) => masked.replaceAll(pattern, REDACTED), text);
}
