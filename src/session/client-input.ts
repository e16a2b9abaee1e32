// The client's bytes as events: whole frames, and frames that stream to the current generation while they arrive.
// Not for: what the events lead to (transition.ts).
import { readValidFrame } from '../wire/message.ts';
import { oneFrame } from '../wire/frames.ts';
import type { FrameSink, LargeFrame } from '../wire/frames.ts';
import type { Head } from '../wire/scanner.ts';
import type { FrameStream } from '../wire/writer.ts';
import type { Event } from './events.ts';
import { takeCalls } from './fast-lane.ts';
import { ID_TO_COME, PROGRESS_TOKEN } from './pending.ts';
import { canStream } from './routing.ts';
import type { State } from './state.ts';

export interface ClientInputOptions {
  readonly state: State;
  readonly now: () => number;
  readonly dispatch: (event: Event) => void;
  /** Sends whole frames to the current generation. */
  readonly forward: (frames: Buffer) => void;
  /** The stream that the event just dispatched opened, if it did. */
  readonly takeStream: () => FrameStream | undefined;
}

export class ClientInput implements FrameSink {
  readonly #options: ClientInputOptions;
  #streamingTo: number | undefined;

  constructor(options: ClientInputOptions) {
    this.#options = options;
  }

  /** The generation that takes what the client writes now: that of a frame under way, which may be a replaced one. */
  get target(): number | undefined {
    const { upstream } = this.#options.state;
    return this.#streamingTo ?? (upstream.kind === 'none' ? undefined : upstream.generation);
  }

  lines(region: Buffer): void {
    const { state, now, dispatch, forward } = this.#options;
    const text = region.toString('latin1');
    // Calls that ask for progress, or bring input, have parameters that have to be looked at.
    const plain = !PROGRESS_TOKEN.isIn(region) && state.inputs.length === 0;
    for (let at = 0; at < region.length;) {
      if (plain && canStream(state, now())) {
        const end = takeCalls(state, region, text, at);
        if (end > at) forward(region.subarray(at, end));
        at = end;
      }
      at = oneFrame(region, at, (bytes) => dispatch({ type: 'client-frame', frame: readValidFrame(bytes) }));
    }
  }

  large(head: Head, soFar: Buffer, mustStream: boolean): LargeFrame | 'collect' {
    const { state, now, dispatch, takeStream } = this.#options;
    const { method, id } = head;
    if (method === undefined || !canStream(state, now())) return mustStream ? this.#swallow() : 'collect';
    const { upstream } = state;
    const generation = upstream.kind === 'none' ? 0 : upstream.generation;
    dispatch({
      type: 'client-frame',
      frame: { kind: 'request', id: id ?? ID_TO_COME, method, bytes: soFar, streaming: true },
    });
    const stream = takeStream();
    stream?.write(soFar);
    this.#streamingTo = generation;
    return {
      piece: (bytes) => stream?.write(bytes),
      end: (whole) => {
        stream?.end();
        this.#streamingTo = undefined;
        if (id === undefined) dispatch({ type: 'client-frame-end', id: whole.id, generation });
      },
      cut: () => {
        stream?.cut();
        this.#streamingTo = undefined;
      },
    };
  }

  /** A frame that is larger than can be held, and that nobody can take now: read to its end, then refused. */
  #swallow(): LargeFrame {
    return {
      piece: () => {},
      end: (head) => {
        this.#options.dispatch({ type: 'client-frame-too-large', id: head.id });
      },
      cut: () => {},
    };
  }
}
