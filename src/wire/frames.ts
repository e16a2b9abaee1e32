// Cuts a byte stream into frames: lines ended by 0x0A. Whole lines are handed on together, as they lie in the
// chunk that brought them; a frame above LARGE_FRAME can be passed on while it arrives.
// Not for: what a frame means (message.ts).
import { TopLevelScanner } from './scanner.ts';
import type { Head } from './scanner.ts';

/** From this size on a frame is streamed instead of held, in bytes (DESIGN 2.1). */
export const LARGE_FRAME = 256 * 1024;
/** The most that is collected of a frame which somebody needs whole, in bytes. */
export const COLLECT_LIMIT = 64 * 1024 * 1024;

const NEWLINE = 0x0a;

/** Takes the pieces of a frame that streams. */
export interface LargeFrame {
  /** The next bytes; the last piece ends with the newline. */
  piece(bytes: Buffer): void;
  /** The frame is complete. `head` is all that was learnt of it, also of an id that came last. */
  end(head: Head): void;
  /** The stream ended in the middle of the frame. */
  cut(): void;
}

export interface FrameSink {
  /** One or more whole frames, each with its newline. Valid until the call returns, unless it is kept on purpose. */
  lines(region: Buffer): void;
  /**
   * A frame has outgrown LARGE_FRAME. `soFar` is its beginning. The answer is a taker for what follows `soFar`,
   * or `collect` to get the frame whole in {@link lines}. With `mustStream` it has outgrown COLLECT_LIMIT too, and
   * `collect` is no answer any more.
   */
  large(head: Head, soFar: Buffer, mustStream: boolean): LargeFrame | 'collect';
}

type Mode =
  | { readonly kind: 'lines' }
  | { readonly kind: 'collecting'; readonly scanner: TopLevelScanner }
  | { readonly kind: 'streaming'; readonly scanner: TopLevelScanner; readonly frame: LargeFrame };

/** Splits what {@link push} brings. Memory is bounded by LARGE_FRAME, or COLLECT_LIMIT while a frame is collected. */
export class FrameReader {
  readonly #sink: FrameSink;
  #mode: Mode = { kind: 'lines' };
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    if (this.#mode.kind === 'streaming' || this.#heldBytes > 0) {
      const newline = chunk.indexOf(NEWLINE);
      const end = newline === -1 ? chunk.length : newline + 1;
      this.#goOn(chunk.subarray(0, end), newline !== -1);
      if (newline === -1) return;
      rest = chunk.subarray(end);
    }
    const last = rest.lastIndexOf(NEWLINE);
    if (last !== -1) this.#sink.lines(rest.subarray(0, last + 1));
    if (last + 1 < rest.length) this.#goOn(rest.subarray(last + 1), false);
  }

  /** The stream is over; the bytes of a frame that was never finished are returned. */
  end(): Buffer {
    const rest = Buffer.concat(this.#held);
    if (this.#mode.kind === 'streaming') this.#mode.frame.cut();
    this.#reset();
    return rest;
  }

  /** `piece` belongs to a frame that began before it, or ends after it. */
  #goOn(piece: Buffer, complete: boolean): void {
    if (this.#mode.kind === 'streaming') {
      const { scanner, frame } = this.#mode;
      if (!scanner.settled) scanner.feed(piece);
      frame.piece(piece);
      if (complete) {
        this.#reset();
        frame.end(scanner);
      }
      return;
    }
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#mode.kind === 'collecting' && !this.#mode.scanner.settled) this.#mode.scanner.feed(piece);
    if (complete) {
      const frame = Buffer.concat(this.#held, this.#heldBytes);
      this.#reset();
      this.#sink.lines(frame);
    } else if (this.#mode.kind === 'lines' && this.#heldBytes > LARGE_FRAME) {
      const soFar = Buffer.concat(this.#held, this.#heldBytes);
      const scanner = new TopLevelScanner();
      scanner.feed(soFar);
      this.#decide(scanner, soFar, false);
    } else if (this.#heldBytes > COLLECT_LIMIT && this.#mode.kind === 'collecting') {
      this.#decide(this.#mode.scanner, Buffer.concat(this.#held, this.#heldBytes), true);
    }
  }

  #decide(scanner: TopLevelScanner, soFar: Buffer, mustStream: boolean): void {
    const frame = this.#sink.large(scanner, soFar, mustStream);
    if (frame === 'collect') {
      this.#held = [soFar];
      this.#mode = { kind: 'collecting', scanner };
    } else {
      this.#held = [];
      this.#heldBytes = 0;
      this.#mode = { kind: 'streaming', scanner, frame };
    }
  }

  #reset(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#mode = { kind: 'lines' };
  }
}

/** Calls `each` with every frame of `region`, newline included; blank lines are passed over. */
export function eachFrame(region: Buffer, each: (frame: Buffer) => void): void {
  let from = 0;
  while (from < region.length) {
    const newline = region.indexOf(NEWLINE, from);
    const end = newline === -1 ? region.length : newline + 1;
    if (!isBlank(region, from, end)) each(region.subarray(from, end));
    from = end;
  }
}

function isBlank(region: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = region[at] ?? 0;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== NEWLINE) return false;
  }
  return true;
}
