// Cuts live and retired secrets out of bytes that leave the process.
// Not for: deciding what a secret is; sources and sessions add them.
import { REDACTED } from '../base/secret.ts';
import type { Secret } from '../base/secret.ts';

const MARK = Buffer.from(REDACTED);
/** Shorter values would cut ordinary words out of ordinary text; no token is that short. */
const SHORTEST = 8;
/** Tokens that were replaced long ago cannot come back from a process that is gone. */
const MOST = 64;

/** The set of values that must not pass, shared by every stream of one proxy. */
export class Redactor {
  #needles: Buffer[] = [];
  #longest = 0;

  /** Adds a secret, in plain and as it stands inside a JSON string. */
  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < SHORTEST) return;
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) {
      const needle = Buffer.from(form);
      if (!this.#needles.some((known) => known.equals(needle))) this.#needles.push(needle);
    }
    this.#needles = this.#needles.slice(-MOST);
    this.#longest = Math.max(...this.#needles.map((needle) => needle.length));
  }

  /** Whether any secret is whole within `bytes`. */
  occursIn(bytes: Buffer): boolean {
    return this.#needles.some((needle) => bytes.includes(needle));
  }

  /** `bytes` without secrets; the same buffer where there is none. */
  bytes(bytes: Buffer): Buffer {
    let clean = bytes;
    for (const needle of this.#needles) {
      let at = clean.indexOf(needle);
      if (at === -1) continue;
      const parts: Buffer[] = [];
      let from = 0;
      while (at !== -1) {
        parts.push(clean.subarray(from, at), MARK);
        from = at + needle.length;
        at = clean.indexOf(needle, from);
      }
      parts.push(clean.subarray(from));
      clean = Buffer.concat(parts);
    }
    return clean;
  }

  /** `text` without secrets. */
  text = (text: string): string => {
    if (this.#needles.length === 0) return text;
    const bytes = Buffer.from(text);
    const clean = this.bytes(bytes);
    return clean === bytes ? text : clean.toString('utf8');
  };

  /** How many bytes at the end of `bytes` may be the beginning of a secret that goes on in the next piece. */
  unfinished(bytes: Buffer): number {
    for (let from = Math.max(0, bytes.length - this.#longest + 1); from < bytes.length; from += 1) {
      const tail = bytes.subarray(from);
      for (const needle of this.#needles) {
        if (
          needle.length > tail.length &&
          needle[0] === tail[0] &&
          needle.subarray(0, tail.length).equals(tail)
        )
          return tail.length;
      }
    }
    return 0;
  }
}

/** Redaction of one stream that arrives in pieces: what may be half a secret waits for its other half. */
export class RedactingStream {
  readonly #redactor: Redactor;
  #kept: Buffer = Buffer.alloc(0);

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** The bytes that can go on now. */
  push(piece: Buffer): Buffer {
    const joined = this.#kept.length === 0 ? piece : Buffer.concat([this.#kept, piece]);
    const clean = this.#redactor.bytes(joined);
    const keep = this.#redactor.unfinished(clean);
    this.#kept = clean.subarray(clean.length - keep);
    return clean.subarray(0, clean.length - keep);
  }

  /** What was kept back; to be called at the end of the stream. */
  end(): Buffer {
    const rest = this.#kept;
    this.#kept = Buffer.alloc(0);
    return rest;
  }
}
