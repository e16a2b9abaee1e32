// Recognises an upstream's "your token was not accepted" in an answer (DESIGN 2.4): in error responses and in tool
// results with isError, never in ordinary content. Not for: which texts those are; the token source says.
import type { AuthFailureRule } from '../auth/token-source.ts';
import { dig, parse } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';

/** A failure is told in one text, or a few; a pattern's time adds up over more. */
const MOST_TEXTS = 8;

/** The text that says so, or `undefined`. */
export function authFailureText(frame: ResponseFrame, rule: AuthFailureRule): string | undefined {
  return failureTexts(frame).find((text) => rule.patterns.some((pattern) => pattern.test(text)));
}

function failureTexts(frame: ResponseFrame): string[] {
  const message = parse(frame.bytes);
  if (frame.outcome === 'error') {
    const text = dig(message, 'error', 'message');
    return typeof text === 'string' ? [text] : [];
  }
  const content = dig(message, 'result', 'content');
  if (dig(message, 'result', 'isError') !== true || !Array.isArray(content)) return [];
  return content
    .slice(0, MOST_TEXTS)
    .map((item) => dig(item, 'text'))
    .filter((text) => typeof text === 'string');
}
