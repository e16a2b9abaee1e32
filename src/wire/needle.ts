// A text that is sought in every chunk: by the part of it that begins with the rarest byte, since the native search
// looks for the first byte and stops at each. Not for: where it lies; whether it is there is all that is asked.

/** Bytes that begin a search well, the rarest in prose, code and JSON first. */
const RARE = Buffer.from('QZXJKVWYUGHBqzjEFT_');

/**
 * The end of `needle` that begins with its rarest byte and has `shortest` bytes at least; `needle` itself where it has
 * no such byte early enough.
 */
export function rarestEnd(needle: Buffer, shortest: number): Buffer {
  const last = needle.length - shortest;
  for (const byte of RARE) {
    const at = needle.indexOf(byte);
    if (at !== -1 && at <= last) return needle.subarray(at);
  }
  return needle;
}

export class Needle {
  readonly #whole: Buffer;
  readonly #end: Buffer;

  constructor(text: string) {
    this.#whole = Buffer.from(text);
    this.#end = rarestEnd(this.#whole, 4);
  }

  isIn(bytes: Buffer): boolean {
    return bytes.includes(this.#end) && bytes.includes(this.#whole);
  }
}
