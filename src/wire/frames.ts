// Cuts a byte stream into frames: lines ended by 0x0A. Whole lines are handed on together, as they lie in the
// chunk that brought them; a frame above LARGE_FRAME can be passed on while it arrives.
// Not for: what a frame means (message.ts).
import { pieceHasPassed } from '../base/young-garbage.ts';
import { ending, idAtEnd, promisesIdLast } from './head.ts';
import { TopLevelScanner } from './scanner.ts';
import type { Head } from './scanner.ts';

/** From this size on a frame is streamed instead of held, in bytes (DESIGN 2.1). */
export const LARGE_FRAME = 256 * 1024;
/** The most that is collected of a frame which somebody needs whole, in bytes. */
export const COLLECT_LIMIT = 64 * 1024 * 1024;

const NEWLINE = 0x0a;
const EMPTY = Buffer.alloc(0);

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
  | {
      readonly kind: 'streaming';
      readonly scanner: TopLevelScanner;
      /** The last bytes so far of a frame whose id comes last; others are scanned until their id is known. */
      ending: Buffer | undefined;
      readonly frame: LargeFrame;
    };

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
      if (this.#mode.ending) this.#mode.ending = ending(this.#mode.ending, piece);
      else if (!scanner.settled) scanner.feed(piece);
      frame.piece(piece);
      pieceHasPassed(piece.length);
      if (complete) {
        const { method, outcome } = scanner;
        const last = this.#mode.ending && idAtEnd(this.#mode.ending);
        this.#reset();
        frame.end({ id: scanner.id ?? last, method, outcome });
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
      // A request whose id is missed would be lost, an answer is known by other means too: only it takes the promise.
      const late = scanner.outcome !== undefined && !scanner.settled && promisesIdLast(soFar);
      this.#mode = { kind: 'streaming', scanner, frame, ending: late ? ending(EMPTY, soFar) : undefined };
    }
  }

  #reset(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#mode = { kind: 'lines' };
  }
}

/**
 * Calls `take` with the frame of `region` that begins at `from`, newline included; a blank line is passed over.
 * @returns where the next frame begins
 */
export function oneFrame(region: Buffer, from: number, take: (frame: Buffer) => void): number {
  if (from >= region.length) return from;
  const newline = region.indexOf(NEWLINE, from);
  const end = newline === -1 ? region.length : newline + 1;
  if (!isBlank(region, from, end)) take(region.subarray(from, end));
  return end;
}

function isBlank(region: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = region[at] ?? 0;
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== NEWLINE) return false;
  }
  return true;
}
