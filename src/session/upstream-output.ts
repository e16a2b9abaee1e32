// A generation's bytes as events: whole frames, redacted, and frames that stream to the client while they arrive.
// Not for: what the events lead to (transition.ts).
import type { EndReport, GenerationSink } from '../upstream/generation.ts';
import { eachFrame } from '../wire/frames.ts';
import type { LargeFrame } from '../wire/frames.ts';
import { classify, errorFrame, readFrame } from '../wire/message.ts';
import { RedactingStream } from '../wire/redact.ts';
import type { Redactor } from '../wire/redact.ts';
import type { Head } from '../wire/scanner.ts';
import type { FrameStream } from '../wire/writer.ts';
import type { Event } from './events.ts';
import { CODE } from './replies.ts';
import type { State } from './state.ts';
import { needsWhole } from './upstream-frames.ts';

export interface UpstreamOutputOptions {
  readonly state: State;
  readonly generation: number;
  /** Substrings of every authentication failure's text. */
  readonly hints: readonly string[];
  readonly redactor: Redactor;
  readonly dispatch: (event: Event) => void;
  /** A chunk has been dealt with. */
  readonly settle: () => void;
  readonly drained: () => void;
  readonly ended: (report: EndReport) => void;
  /** The stream that the event just dispatched opened, if it did. */
  readonly takeStream: () => FrameStream | undefined;
}

export class UpstreamOutput implements GenerationSink {
  readonly #options: UpstreamOutputOptions;
  readonly #hints: readonly Buffer[];
  /** Called after {@link ended}, once the generation is known to whoever made it. */
  onEnd: () => void = () => {};

  constructor(options: UpstreamOutputOptions) {
    this.#options = options;
    this.#hints = options.hints.map((hint) => Buffer.from(hint));
  }

  lines(region: Buffer): void {
    const { generation, redactor, dispatch, settle } = this.#options;
    // Searched for natively in the whole region, so that a frame costs nothing here unless it has to.
    const clean = redactor.bytes(region);
    const suspicious = this.#hints.some((hint) => clean.includes(hint));
    eachFrame(clean, (bytes) => {
      dispatch({ type: 'upstream-frame', generation, frame: readFrame(bytes), suspicious });
    });
    settle();
  }

  large(head: Head, soFar: Buffer, mustStream: boolean): LargeFrame | 'collect' {
    const { state, generation, redactor, dispatch, settle, takeStream } = this.#options;
    const frame = classify(soFar, head, true);
    if (frame.kind === 'malformed' || needsWhole(state, generation, frame)) {
      if (!mustStream) return 'collect';
      this.#refuseTooLarge(head);
      return { piece: () => {}, end: () => {}, cut: () => {} };
    }
    dispatch({ type: 'upstream-frame', generation, frame, suspicious: false });
    const stream = takeStream();
    const redacting = new RedactingStream(redactor);
    const write = (bytes: Buffer): void => {
      if (bytes.length > 0) stream?.write(bytes);
    };
    write(redacting.push(soFar));
    return {
      piece: (bytes) => {
        write(redacting.push(bytes));
        settle();
      },
      end: (whole) => {
        write(redacting.end());
        stream?.end();
        dispatch({ type: 'upstream-frame-end', generation, id: whole.id });
      },
      cut: () => stream?.cut(),
    };
  }

  drained(): void {
    this.#options.drained();
  }

  ended(report: EndReport): void {
    this.#options.ended(report);
    this.onEnd();
  }

  /** Something that would have to be read whole and is larger than that is answered for, where it has an id. */
  #refuseTooLarge(head: Head): void {
    if (head.id === undefined || head.method !== undefined) return;
    const { generation, dispatch } = this.#options;
    const bytes = errorFrame(
      head.id,
      CODE.upstreamUnavailable,
      'The answer of the server is too large to be read',
    );
    dispatch({ type: 'upstream-frame', generation, frame: readFrame(bytes), suspicious: false });
  }
}
