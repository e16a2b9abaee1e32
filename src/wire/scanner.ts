// Finds the top-level `id`, `method`, `result` and `error` of a JSON-RPC frame that may arrive in pieces, without
// parsing it. Not for: validation; a frame that is read in full and small is parsed (message.ts).

/** What is known of a frame. `id` is its raw JSON text: `0`, `"0"` and `9007199254740993` stay what they are. */
export interface Head {
  id: string | undefined;
  /** Where the id's text lies in the frame, in bytes; -1 while `id` is not known. */
  idStart: number;
  idEnd: number;
  method: string | undefined;
  /** `result` or `error` was met: the frame is a response. */
  outcome: 'result' | 'error' | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Keys and captured values longer than this are of no interest; an id has no reason to be longer. */
const CAPTURE_LIMIT = 1024;
/** Below this many bytes a loop in JavaScript beats a call of the native search. */
const NATIVE_SEARCH_FROM = 24;

type Place =
  | 'start'
  | 'key-or-end'
  | 'key'
  | 'colon'
  | 'value'
  | 'string'
  | 'scalar'
  | 'nested'
  | 'nested-string'
  | 'after'
  | 'done'
  | 'broken';

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

/**
 * A resumable scanner over the top level of one JSON object. Strings are skipped with the native search, so that a
 * long text costs nothing per byte. It stops looking once it {@link settled}.
 */
export class TopLevelScanner implements Head {
  id: string | undefined;
  idStart = -1;
  idEnd = -1;
  method: string | undefined;
  outcome: 'result' | 'error' | undefined;

  #place: Place = 'start';
  #depth = 0;
  /** The piece before ended in an odd number of backslashes: its next byte is escaped. */
  #escaped = false;
  #offset = 0;
  #key = '';
  #captured = '';

  /** The id and the kind of the message are known: nothing that follows can change them. */
  get settled(): boolean {
    return this.id !== undefined && (this.method !== undefined || this.outcome !== undefined);
  }

  /** The whole object was read, or what was read is no JSON object. */
  get ended(): boolean {
    return this.#place === 'done' || this.#place === 'broken';
  }

  /** What was read so far cannot be the beginning of a JSON object. */
  get broken(): boolean {
    return this.#place === 'broken';
  }

  /** Reads bytes `from` to `to` of `bytes`, the next piece of the frame. */
  feed(bytes: Buffer, from = 0, to = bytes.length): void {
    let at = from;
    const base = this.#offset - from;
    while (at < to && !this.settled && !this.ended) {
      switch (this.#place) {
        case 'key':
        case 'string':
        case 'nested-string':
          at = this.#string(bytes, at, to, base);
          break;
        case 'scalar':
          at = this.#scalar(bytes, at, to, base);
          break;
        case 'nested':
          at = this.#nested(bytes, at, to);
          break;
        case 'start':
        case 'key-or-end':
        case 'colon':
        case 'value':
        case 'after':
        case 'done':
        case 'broken':
          this.#structure(bytes[at] ?? 0, at + base);
          at += 1;
      }
    }
    this.#offset = to + base;
  }

  /** One byte between keys and values of the top level. */
  #structure(byte: number, offset: number): void {
    if (isSpace(byte)) return;
    switch (this.#place) {
      case 'start':
        this.#place = byte === OPEN_BRACE ? 'key-or-end' : 'broken';
        return;
      case 'key-or-end':
        if (byte === QUOTE) {
          this.#place = 'key';
          this.#captured = '';
        } else if (byte === CLOSE_BRACE) this.#place = 'done';
        else this.#place = 'broken';
        return;
      case 'colon':
        this.#place = byte === COLON ? 'value' : 'broken';
        return;
      case 'value':
        this.#beginValue(byte, offset);
        return;
      case 'after':
        if (byte === COMMA) this.#place = 'key-or-end';
        else this.#place = byte === CLOSE_BRACE ? 'done' : 'broken';
        return;
      case 'key':
      case 'string':
      case 'scalar':
      case 'nested':
      case 'nested-string':
      case 'done':
      case 'broken':
        this.#place = 'broken';
    }
  }

  #beginValue(byte: number, offset: number): void {
    if (this.#key === 'result' || this.#key === 'error') this.outcome ??= this.#key;
    if (this.#key === 'id' && this.id === undefined) this.idStart = offset;
    this.#captured = '';
    if (byte === QUOTE) this.#place = 'string';
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#place = 'nested';
      this.#depth = 1;
    } else {
      this.#place = 'scalar';
      this.#captured = String.fromCharCode(byte);
    }
  }

  /** Bytes of a string up to its closing quote; returns where to go on. */
  #string(bytes: Buffer, from: number, to: number, base: number): number {
    const close = closingQuote(bytes, from, to, this.#escaped);
    const end = close === -1 ? to : close;
    if (this.#place !== 'nested-string' && this.#wanted() && this.#captured.length < CAPTURE_LIMIT) {
      this.#captured += bytes.toString('latin1', from, Math.min(end, from + CAPTURE_LIMIT));
    }
    if (close === -1) {
      this.#escaped = endsEscaped(bytes, from, to, this.#escaped);
      return to;
    }
    this.#escaped = false;
    if (this.#place === 'nested-string') this.#place = 'nested';
    else if (this.#place === 'key') {
      this.#key = decoded(this.#captured);
      this.#place = 'colon';
    } else {
      this.#endString(close + base + 1);
      this.#place = 'after';
    }
    return close + 1;
  }

  /** Whether the text of the string at hand is looked at: a key, or the value of `id` or `method`. */
  #wanted(): boolean {
    return this.#place === 'key' || this.#key === 'id' || this.#key === 'method';
  }

  #endString(end: number): void {
    if (this.#key === 'id' && this.id === undefined) {
      // Raw bytes were read as latin1 so that pieces join at any byte; the id's text is UTF-8.
      this.id = Buffer.from(`"${this.#captured}"`, 'latin1').toString('utf8');
      this.idEnd = end;
    } else if (this.#key === 'method') this.method ??= decoded(this.#captured);
  }

  #scalar(bytes: Buffer, from: number, to: number, base: number): number {
    for (let at = from; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte !== COMMA && byte !== CLOSE_BRACE && !isSpace(byte)) {
        if (this.#captured.length < CAPTURE_LIMIT) this.#captured += String.fromCharCode(byte);
        continue;
      }
      if (this.#key === 'id' && this.id === undefined) {
        this.id = this.#captured;
        this.idEnd = at + base;
      }
      this.#place = 'after';
      return at;
    }
    return to;
  }

  #nested(bytes: Buffer, from: number, to: number): number {
    let depth = this.#depth;
    let at = from;
    while (at < to) {
      const byte = bytes[at];
      at += 1;
      if (byte === QUOTE) {
        this.#place = 'nested-string';
        break;
      }
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        depth -= 1;
        if (depth === 0) {
          this.#place = 'after';
          break;
        }
      }
    }
    this.#depth = depth;
    return at;
  }
}

/** The index of the quote that ends a string whose bytes begin at `from`, or -1. */
function closingQuote(bytes: Buffer, from: number, to: number, escaped: boolean): number {
  const near = Math.min(to, from + NATIVE_SEARCH_FROM);
  let skip = escaped;
  let at = from;
  for (; at < near; at += 1) {
    if (skip) skip = false;
    else if (bytes[at] === BACKSLASH) skip = true;
    else if (bytes[at] === QUOTE) return at;
  }
  if (skip) at += 1;
  const start = at;
  while (at < to) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1 || quote >= to) return -1;
    let backslashes = 0;
    while (quote - 1 - backslashes >= start && bytes[quote - 1 - backslashes] === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return quote;
    at = quote + 1;
  }
  return -1;
}

/** Whether the byte after `to` is escaped, given that `from` to `to` lie within one string. */
function endsEscaped(bytes: Buffer, from: number, to: number, escaped: boolean): boolean {
  let backslashes = 0;
  while (to - 1 - backslashes >= from && bytes[to - 1 - backslashes] === BACKSLASH) backslashes += 1;
  const reachesBack = to - backslashes === from && escaped;
  return (backslashes + (reachesBack ? 1 : 0)) % 2 === 1;
}

/** A captured string's value; the raw text where it is not valid JSON. */
function decoded(captured: string): string {
  if (!captured.includes('\\')) return captured;
  try {
    return JSON.parse(`"${captured}"`) as string;
  } catch {
    return captured;
  }
}

/** The head of a frame that is all there. */
export function scanHead(frame: Buffer, from = 0, to = frame.length): TopLevelScanner {
  const scanner = new TopLevelScanner();
  scanner.feed(frame, from, to);
  return scanner;
}
