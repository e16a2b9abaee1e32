// Cuts live and retired secrets out of bytes that leave the process.
// Not for: deciding what a secret is; sources and sessions add them.
import { REDACTED } from '../base/secret.ts';
import type { Secret } from '../base/secret.ts';
import { rarestEnd } from './needle.ts';
import type { ByteRange } from './splice.ts';

const MARK = Buffer.from(REDACTED);
/** Shorter values would cut ordinary words out of ordinary text; no token is that short. In characters. */
const SHORTEST = 8;
/** Tokens that were replaced long ago cannot come back from a process that is gone. */
const MOST = 64;
/**
 * Tokens of one kind begin alike (`ghu_`), and one native search finds all of them. So it costs nothing that retired
 * ones add up: searching for 64 of them one by one was 20 times slower. In bytes.
 */
const PREFIX = 4;
/** So many are searched for one by one, each by a part of it that begins with a byte that texts hardly have. */
const FEW = 4;
/** Shorter parts would be found by chance. In bytes. */
const PROBE = 8;

/** What is searched for at once: the secrets that begin with `prefix`, the longest first. */
interface Family {
  readonly prefix: Buffer;
  readonly needles: Buffer[];
  /** Of each needle the part that is found missing soonest. */
  readonly probes: Buffer[];
}

/** The set of values that must not pass, shared by every stream of one proxy. */
export class Redactor {
  /** As they were added; a secret that is added again counts as new. */
  #needles: Buffer[] = [];
  #families: readonly Family[] = [];

  /** Adds a secret, in plain and as it stands inside a JSON string. */
  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < SHORTEST) return;
    for (const form of new Set([value, JSON.stringify(value).slice(1, -1)])) {
      const needle = Buffer.from(form);
      this.#needles = [...this.#needles.filter((known) => !known.equals(needle)), needle];
    }
    this.#needles = this.#needles.slice(-MOST);
    this.#families = familiesOf(this.#needles);
  }

  /** `bytes` without secrets; the same buffer where there is none. */
  bytes(bytes: Buffer): Buffer {
    const found = this.find(bytes);
    return found.length === 0 ? bytes : masked(bytes, found);
  }

  /**
   * The same for bytes after which nothing comes: a secret that is cut off there is masked as well, as most of it may
   * be there. Of its beginning no more stays than would pass for an ordinary word.
   */
  lastBytes(bytes: Buffer): Buffer {
    const found = this.find(bytes);
    const cutOff = this.unfinished(bytes);
    if (cutOff >= SHORTEST) found.push({ start: bytes.length - cutOff, end: bytes.length });
    return found.length === 0 ? bytes : masked(bytes, joined(found));
  }

  /** `text` without secrets. */
  text = (text: string): string => {
    if (this.#families.length === 0) return text;
    const bytes = Buffer.from(text);
    const clean = this.bytes(bytes);
    return clean === bytes ? text : clean.toString('utf8');
  };

  /** Where secrets lie in `bytes`, in order; those that overlap are one. */
  find(bytes: Buffer): ByteRange[] {
    const found: ByteRange[] = [];
    for (const { prefix, needles, probes } of this.#families) {
      if (needles.length <= FEW && !probes.some((probe) => bytes.includes(probe))) continue;
      let at = bytes.indexOf(prefix);
      while (at !== -1) {
        const start = at;
        const needle = needles.find((one) => one.equals(bytes.subarray(start, start + one.length)));
        if (needle) found.push({ start, end: start + needle.length });
        at = bytes.indexOf(prefix, start + (needle?.length ?? 1));
      }
    }
    return found.length > 1 ? joined(found) : found;
  }

  /** How many bytes at the end of `bytes` may be the beginning of a secret that goes on in the next piece. */
  unfinished(bytes: Buffer): number {
    let first = bytes.length;
    for (const { prefix, needles } of this.#families) {
      const longest = needles[0]?.length ?? 0;
      let at = bytes.indexOf(prefix[0] ?? 0, Math.max(0, bytes.length - longest + 1));
      while (at !== -1 && at < first) {
        const tail = bytes.subarray(at);
        if (
          begins(prefix, tail) &&
          needles.some((needle) => needle.length > tail.length && begins(needle, tail))
        )
          first = at;
        at = bytes.indexOf(prefix[0] ?? 0, at + 1);
      }
    }
    return bytes.length - first;
  }
}

/** Redaction of one stream that arrives in pieces: what may be half a secret waits for its other half. */
export class RedactingStream {
  readonly #redactor: Redactor;
  #kept: Buffer = Buffer.alloc(0);

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** The bytes that can go on now; the same buffer where nothing is found and nothing has to wait. */
  push(piece: Buffer): Buffer {
    const bytes = this.#kept.length === 0 ? piece : Buffer.concat([this.#kept, piece]);
    const found = this.#redactor.find(bytes);
    let until = bytes.length - this.#redactor.unfinished(bytes);
    // A secret in whose end another one may begin waits with it, so that the two are masked as one.
    for (let last = found.at(-1); last && last.end > until; last = found.at(-1)) {
      until = Math.min(until, last.start);
      found.pop();
    }
    // A copy, so that a few bytes do not keep a whole chunk in memory.
    this.#kept = Buffer.from(bytes.subarray(until));
    if (found.length > 0) return masked(bytes.subarray(0, until), found);
    return until === bytes.length ? bytes : bytes.subarray(0, until);
  }

  /** What was kept back, half a secret masked like a whole one; to be called at the end of the stream. */
  end(): Buffer {
    const rest = this.#redactor.lastBytes(this.#kept);
    this.#kept = Buffer.alloc(0);
    return rest;
  }
}

function familiesOf(needles: readonly Buffer[]): Family[] {
  const families = new Map<string, Family>();
  for (const needle of needles) {
    const prefix = needle.subarray(0, PREFIX);
    const key = prefix.toString('latin1');
    const family = families.get(key) ?? { prefix, needles: [], probes: [] };
    family.needles.push(needle);
    family.probes.push(rarestEnd(needle, PROBE));
    families.set(key, family);
  }
  for (const family of families.values()) family.needles.sort((one, other) => other.length - one.length);
  return [...families.values()];
}

/** Whether `needle` and `tail` are alike as far as both go. */
function begins(needle: Buffer, tail: Buffer): boolean {
  const length = Math.min(needle.length, tail.length);
  return needle.compare(tail, 0, length, 0, length) === 0;
}

function joined(ranges: ByteRange[]): ByteRange[] {
  const result: ByteRange[] = [];
  for (const range of ranges.sort((one, other) => one.start - other.start)) {
    const last = result.at(-1);
    if (last && range.start < last.end)
      result[result.length - 1] = { start: last.start, end: Math.max(last.end, range.end) };
    else result.push(range);
  }
  return result;
}

function masked(bytes: Buffer, ranges: readonly ByteRange[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const { start, end } of ranges) {
    parts.push(bytes.subarray(from, start), MARK);
    from = end;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}
