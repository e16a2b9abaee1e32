// A pipe that a test can hold, for a FrameWriter to write to.
import { Writable } from 'node:stream';
import { FrameWriter } from '../../../src/wire/writer.ts';

/** A pipe that keeps what is written, and takes no more while it is `held`. */
class Pipe extends Writable {
  readonly writes: Buffer[] = [];
  #waiting: (() => void) | undefined;
  held = false;

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.writes.push(chunk);
    if (this.held) this.#waiting = done;
    else done();
  }

  /** Takes the one write that was held back. */
  take(): void {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.();
  }

  get text(): string {
    return Buffer.concat(this.writes).toString();
  }
}

export function open(onDrain = (): void => {}) {
  const pipe = new Pipe();
  return { pipe, writer: new FrameWriter(pipe, onDrain) };
}

export const bytes = (text: string): Buffer => Buffer.from(text);
