// Finds the top-level `id`, `method`, `result` and `error` of a JSON-RPC frame that may arrive in pieces, without
// parsing it. Not for: validation (message.ts) or frames that are all there (head.ts).
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  closingQuote,
  COLON,
  COMMA,
  decoded,
  endsEscaped,
  isSpace,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from './json-bytes.ts';

/** What is known of a frame. */
export interface Head {
  /** The id as JSON text, see {@link canonicalId}. */
  readonly id: string | undefined;
  readonly method: string | undefined;
  /** `result` or `error` was met: the frame is a response. */
  readonly outcome: 'result' | 'error' | undefined;
}

/** A key, id or method longer than this is nothing that anybody writes; it is refused rather than held. In bytes. */
const CAPTURE_LIMIT = 64 * 1024;

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

/**
 * A resumable scanner over the top level of one JSON object. Strings are skipped with the native search, so that a
 * long text costs nothing per byte. It stops looking once it {@link settled}. Of a key that comes twice the first
 * counts.
 */
export class TopLevelScanner implements Head {
  id: string | undefined;
  method: string | undefined;
  outcome: 'result' | 'error' | undefined;

  #place: Place = 'start';
  #depth = 0;
  /** The piece before ended in an odd number of backslashes: its next byte is escaped. */
  #escaped = false;
  #key = '';
  /** Bytes as latin1, so that pieces join at any byte. */
  #captured = '';

  /** The id and the kind of the message are known: nothing that follows can change them. */
  get settled(): boolean {
    return this.id !== undefined && (this.method !== undefined || this.outcome !== undefined);
  }

  /** What was read so far cannot be the beginning of a JSON object, or has an id that is no id. */
  get broken(): boolean {
    return this.#place === 'broken';
  }

  /** Reads the next piece of the frame. */
  feed(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.settled) {
      switch (this.#place) {
        case 'key':
        case 'string':
        case 'nested-string':
          at = this.#string(bytes, at);
          break;
        case 'scalar':
          at = this.#scalar(bytes, at);
          break;
        case 'nested':
          at = this.#nested(bytes, at);
          break;
        case 'done':
        case 'broken':
          return;
        case 'start':
        case 'key-or-end':
        case 'colon':
        case 'value':
        case 'after':
          this.#place = this.#structure(this.#place, bytes[at] ?? 0);
          at += 1;
      }
    }
  }

  /** One byte between keys and values of the top level. */
  #structure(place: 'start' | 'key-or-end' | 'colon' | 'value' | 'after', byte: number): Place {
    if (isSpace(byte)) return place;
    switch (place) {
      case 'start':
        return byte === OPEN_BRACE ? 'key-or-end' : 'broken';
      case 'key-or-end':
        this.#captured = '';
        if (byte === QUOTE) return 'key';
        break;
      case 'colon':
        return byte === COLON ? 'value' : 'broken';
      case 'value':
        return this.#beginValue(byte);
      case 'after':
        if (byte === COMMA) return 'key-or-end';
    }
    return byte === CLOSE_BRACE ? 'done' : 'broken';
  }

  #beginValue(byte: number): Place {
    if (this.#key === 'result' || this.#key === 'error') this.outcome ??= this.#key;
    this.#captured = '';
    if (byte === QUOTE) return 'string';
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth = 1;
      return this.#key === 'id' ? 'broken' : 'nested';
    }
    if (!beginsScalar(byte)) return 'broken';
    this.#captured = String.fromCharCode(byte);
    return 'scalar';
  }

  /** Bytes of a string up to its closing quote; returns where to go on. */
  #string(bytes: Buffer, from: number): number {
    const close = closingQuote(bytes, from, this.#escaped);
    const end = close === -1 ? bytes.length : close;
    const nested = this.#place === 'nested-string';
    if (!nested && this.#wanted()) this.#capture(bytes.toString('latin1', from, end));
    this.#escaped = close === -1 && endsEscaped(bytes, from, end, this.#escaped);
    if (close === -1 || this.broken) return end;
    if (nested) this.#place = 'nested';
    else if (this.#place === 'key') {
      this.#key = decoded(this.#captured);
      this.#place = 'colon';
    } else {
      if (this.#key === 'id') this.id ??= canonicalId(`"${fromLatin1(this.#captured)}"`);
      else if (this.#key === 'method') this.method ??= decoded(fromLatin1(this.#captured));
      this.#place = 'after';
    }
    return close + 1;
  }

  /** Whether the text of the string at hand is looked at: a key, or the value of `id` or `method`. */
  #wanted(): boolean {
    return this.#place === 'key' || this.#key === 'id' || this.#key === 'method';
  }

  #capture(text: string): void {
    this.#captured += text;
    if (this.#captured.length > CAPTURE_LIMIT) this.#place = 'broken';
  }

  #scalar(bytes: Buffer, from: number): number {
    let at = from;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === COMMA || byte === CLOSE_BRACE || isSpace(byte)) {
        this.#place = 'after';
        break;
      }
    }
    if (this.#key !== 'id') return at;
    const ended = this.#place === 'after';
    this.#capture(bytes.toString('latin1', from, at));
    if (ended && !this.broken) this.id ??= canonicalId(this.#captured);
    return at;
  }

  #nested(bytes: Buffer, from: number): number {
    const { length } = bytes;
    let depth = this.#depth;
    let at = from;
    while (at < length) {
      const byte = bytes[at];
      at += 1;
      if (byte === QUOTE) {
        const close = closingQuote(bytes, at);
        if (close !== -1) {
          at = close + 1;
          continue;
        }
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

/**
 * An id as JSON text in one spelling, so that an answer is known by it: a peer that read `"\u0041<"` or `1.0` may
 * write `"A\u003c"` (Go escapes so) or `1`. Integers keep their digits, however many: `0`, `"0"` and
 * `9007199254740993` stay what they are.
 */
export function canonicalId(text: string): string {
  if (text.startsWith('"')) return text.includes('\\') ? JSON.stringify(decoded(text.slice(1, -1))) : text;
  if (!/[.eE]|^-0$/.test(text)) return text;
  const value = Number(text);
  return Number.isFinite(value) ? JSON.stringify(value) : text;
}

/** A number, `true`, `false` or `null`. */
function beginsScalar(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d || byte === 0x74 || byte === 0x66 || byte === 0x6e;
}

function fromLatin1(captured: string): string {
  return Buffer.from(captured, 'latin1').toString('utf8');
}
