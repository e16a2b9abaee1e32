// Writes frames to a pipe, whole and one after the other, also where several writers stream at once; neighbouring
// slices of one chunk leave in one write. Not for: redaction or routing.
import type { Writable } from 'node:stream';

/** Above this many waiting bytes whoever feeds a writer stops reading (DESIGN 2.1: nothing buffers without bound). */
const HIGH_WATER = 1024 * 1024;

const NEWLINE = Buffer.from('\n');

/** A frame that is written while it arrives; frames of others wait until it ends. */
export interface FrameStream {
  /** Of the frame that is being written only the pipe's own room counts: those behind it wait for its end. */
  readonly congested: boolean;
  write(piece: Buffer): void;
  /** The last piece, with its newline, was written. */
  end(): void;
  /** The frame will never be finished: ends its line, so that the next frame begins on its own. */
  cut(): void;
}

interface Item {
  open: boolean;
  pieces: Buffer[];
}

export class FrameWriter {
  readonly #out: Writable;
  readonly #onDrain: () => void;
  /** Frames behind a frame that streams; the first item is the one that is being written. */
  #queue: Item[] = [];
  #queuedBytes = 0;
  #batch: Buffer[] = [];

  /** @param onDrain called when something has left: look at `congested` again */
  constructor(out: Writable, onDrain: () => void) {
    this.#out = out;
    this.#onDrain = onDrain;
    // A peer that is gone shows in its exit or at the end of input; here it must only not be fatal.
    out.on('error', () => {});
    out.on('drain', onDrain);
  }

  /** More is waiting than should be: stop feeding until onDrain. */
  get congested(): boolean {
    return this.waiting > HIGH_WATER;
  }

  /** Bytes that were written here and have not left. */
  get waiting(): number {
    return this.#out.writableLength + this.#queuedBytes;
  }

  /** Nothing is waiting to be written. */
  get empty(): boolean {
    return this.#out.writableLength === 0 && this.#queue.length === 0 && this.#batch.length === 0;
  }

  /** Writes whole frames, at the latest at the next {@link flush}. */
  write(frames: Buffer): void {
    if (this.#queue.length === 0) this.#add(frames);
    else this.#wait({ open: false, pieces: [frames] });
  }

  /** Begins a frame that is written in pieces. */
  openStream(): FrameStream {
    const item: Item = { open: true, pieces: [] };
    this.flush();
    this.#queue.push(item);
    const close = (): void => {
      item.open = false;
      if (this.#queue[0] === item) this.#advance();
    };
    const write = (piece: Buffer): void => {
      // A late piece of a frame that was ended or cut belongs nowhere.
      if (!item.open) return;
      if (this.#queue[0] === item) this.#out.write(piece);
      else {
        item.pieces.push(piece);
        this.#queuedBytes += piece.length;
      }
    };
    const isFirst = (): boolean => this.#queue[0] === item;
    const congested = (): boolean => (isFirst() ? this.#out.writableLength > HIGH_WATER : this.congested);
    return {
      get congested() {
        return congested();
      },
      write,
      end: close,
      cut: () => {
        write(NEWLINE);
        close();
      },
    };
  }

  /** Hands everything to the pipe: to be called when a chunk of input has been dealt with. */
  flush(): void {
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    const [only] = batch;
    this.#out.write(batch.length === 1 && only ? only : Buffer.concat(batch));
  }

  #wait(item: Item): void {
    this.#queue.push(item);
    for (const piece of item.pieces) this.#queuedBytes += piece.length;
  }

  /** The frame at the front has ended: what waited behind it goes on, up to the next frame that streams. */
  #advance(): void {
    this.flush();
    while (this.#queue.length > 0 && !this.#queue[0]?.open) {
      this.#release(this.#queue.shift());
    }
    const next = this.#queue[0];
    if (next) {
      this.#release(next);
      next.pieces = [];
    }
    this.flush();
    this.#onDrain();
  }

  #release(item: Item | undefined): void {
    for (const piece of item?.pieces ?? []) {
      this.#queuedBytes -= piece.length;
      this.#batch.push(piece);
    }
  }

  #add(frames: Buffer): void {
    const last = this.#batch.at(-1);
    if (last && last.buffer === frames.buffer && last.byteOffset + last.length === frames.byteOffset) {
      this.#batch[this.#batch.length - 1] = Buffer.from(
        last.buffer,
        last.byteOffset,
        last.length + frames.length,
      );
    } else this.#batch.push(frames);
  }
}
