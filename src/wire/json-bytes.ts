// The bytes that JSON is made of, and how a string in them ends. Not for: what a frame means (scanner.ts, splice.ts).

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;

/**
 * How far a string is read byte by byte before the native search, which costs a call, takes over; again after each
 * escaped quote, since JSON within a JSON string is full of those. In bytes.
 */
const NEAR = 16;

export function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/**
 * The index of the quote that ends a string whose content goes on at `from`, or -1 where it is not in `bytes`.
 * @param escaped the byte at `from` is escaped by a backslash before it
 */
export function closingQuote(bytes: Buffer, from: number, escaped = false): number {
  const { length } = bytes;
  let at = escaped ? from + 1 : from;
  while (at < length) {
    const near = Math.min(length, at + NEAR);
    while (at < near) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      at += byte === BACKSLASH ? 2 : 1;
    }
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1 || !endsEscaped(bytes, at, quote)) return quote;
    at = quote + 1;
  }
  return -1;
}

/**
 * Whether the byte at `to` is escaped, given that `from` to `to` lie within one string.
 * @param escaped the byte at `from` is
 */
export function endsEscaped(bytes: Buffer, from: number, to: number, escaped = false): boolean {
  let first = to;
  while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
  const backslashes = to - first + (escaped && first === from ? 1 : 0);
  return backslashes % 2 === 1;
}

/** The value of a string, given the text between its quotes; that text itself where it is not valid JSON. */
export function decoded(text: string): string {
  if (!text.includes('\\')) return text;
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}
