// Finds the bytes of a value inside a JSON frame and changes just those, so that everything around a change keeps
// its exact bytes. Not for: streaming or validation; the frame is all there, and where it turns out to be no valid
// JSON nothing is found in it.
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  closingQuote,
  COLON,
  COMMA,
  decoded,
  isSpace,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-bytes.ts';

/** A value's bytes: `frame.subarray(start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The range of the value at `path` (object keys only), or `undefined` where there is none. */
export function locate(frame: Buffer, path: readonly string[]): ByteRange | undefined {
  const start = skipSpace(frame, 0);
  let range: ByteRange = { start, end: valueEnd(frame, start) };
  for (const key of path) {
    const found = member(frame, range, key);
    if (found === undefined) return undefined;
    range = found;
  }
  return range;
}

/** The raw JSON text of the value at `path`, or `undefined` where there is none. */
export function textAt(frame: Buffer, path: readonly string[]): string | undefined {
  const range = locate(frame, path);
  return range && frame.toString('utf8', range.start, range.end);
}

/** `frame` with the bytes of `range` replaced by `text`. */
export function replace(frame: Buffer, range: ByteRange, text: string): Buffer {
  return Buffer.concat([frame.subarray(0, range.start), Buffer.from(text), frame.subarray(range.end)]);
}

/** Adds `text` as the first element of the array, or the first member of the object, at `range`. */
export function insertFirst(frame: Buffer, range: ByteRange, text: string): Buffer {
  const inside = skipSpace(frame, range.start + 1);
  const empty = inside === range.end - 1;
  return replace(frame, { start: range.start + 1, end: range.start + 1 }, empty ? text : `${text},`);
}

/** Sets member `key` of the object at `range` to the JSON text `value`. */
export function setMember(frame: Buffer, range: ByteRange, key: string, value: string): Buffer {
  const present = member(frame, range, key);
  if (present) return replace(frame, present, value);
  return insertFirst(frame, range, `${JSON.stringify(key)}:${value}`);
}

function member(frame: Buffer, object: ByteRange, key: string): ByteRange | undefined {
  if (frame[object.start] !== OPEN_BRACE) return undefined;
  let at = skipSpace(frame, object.start + 1);
  while (frame[at] === QUOTE) {
    const keyEnd = valueEnd(frame, at);
    const name = decoded(frame.toString('utf8', at + 1, keyEnd - 1));
    const colon = skipSpace(frame, keyEnd);
    if (frame[colon] !== COLON) return undefined;
    const start = skipSpace(frame, colon + 1);
    const end = valueEnd(frame, start);
    if (end === start) return undefined;
    if (name === key) return { start, end };
    const comma = skipSpace(frame, end);
    if (frame[comma] !== COMMA) return undefined;
    at = skipSpace(frame, comma + 1);
  }
  return undefined;
}

function skipSpace(frame: Buffer, from: number): number {
  let at = from;
  while (isSpace(frame[at])) at += 1;
  return at;
}

/** The index after the value that begins at `start`. */
function valueEnd(frame: Buffer, start: number): number {
  const first = frame[start];
  if (first === QUOTE) return stringEnd(frame, start);
  let at = start;
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
    while (at < frame.length && !endsScalar(frame[at])) at += 1;
    return at;
  }
  let depth = 0;
  while (at < frame.length) {
    const byte = frame[at];
    at = byte === QUOTE ? stringEnd(frame, at) : at + 1;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return at;
}

/** The index after the string that opens at `open`. */
function stringEnd(frame: Buffer, open: number): number {
  const close = closingQuote(frame, open + 1);
  return close === -1 ? frame.length : close + 1;
}

function endsScalar(byte: number | undefined): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}
