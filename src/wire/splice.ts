// Finds the bytes of a value inside a JSON frame and changes just those, so that everything around a change keeps
// its exact bytes. Not for: streaming; the frame is all there and is known to be valid JSON.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A value's bytes: `frame.subarray(start, end)`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The range of the value at `path` (object keys only), or `undefined` where there is none. */
export function locate(frame: Buffer, path: readonly string[]): ByteRange | undefined {
  let range: ByteRange = trimmed(frame);
  for (const key of path) {
    const found = member(frame, range, key);
    if (found === undefined) return undefined;
    range = found;
  }
  return range;
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
  if (frame[object.start] !== 0x7b) return undefined;
  let at = skipSpace(frame, object.start + 1);
  while (at < object.end - 1) {
    const keyEnd = valueEnd(frame, at);
    const name = JSON.parse(frame.toString('utf8', at, keyEnd)) as string;
    const start = skipSpace(frame, skipSpace(frame, keyEnd) + 1);
    const end = valueEnd(frame, start);
    if (name === key) return { start, end };
    at = skipSpace(frame, end);
    if (frame[at] === 0x2c) at = skipSpace(frame, at + 1);
  }
  return undefined;
}

function trimmed(frame: Buffer): ByteRange {
  const start = skipSpace(frame, 0);
  return { start, end: valueEnd(frame, start) };
}

function skipSpace(frame: Buffer, from: number): number {
  let at = from;
  while (at < frame.length && isSpace(frame[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

/** The index after the value that begins at `start`. */
function valueEnd(frame: Buffer, start: number): number {
  const first = frame[start];
  if (first === QUOTE) return stringEnd(frame, start);
  if (first !== 0x7b && first !== 0x5b) {
    let at = start;
    while (at < frame.length && !isSpace(frame[at]) && !',]}'.includes(String.fromCharCode(frame[at] ?? 0)))
      at += 1;
    return at;
  }
  let depth = 0;
  for (let at = start; at < frame.length; at += 1) {
    const byte = frame[at];
    if (byte === QUOTE) at = stringEnd(frame, at) - 1;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return frame.length;
}

function stringEnd(frame: Buffer, open: number): number {
  let at = open + 1;
  while (at < frame.length && frame[at] !== QUOTE) at += frame[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}
