// A generation's bytes as events: whole frames, redacted, and frames that stream to the client while they arrive.
// Not for: what the events lead to (transition.ts).
import type { EndReport, GenerationSink } from '../upstream/generation.ts';
import { oneFrame } from '../wire/frames.ts';
import type { LargeFrame } from '../wire/frames.ts';
import { classify, errorFrame, PARSE_ERROR, readFrame, readValidFrame } from '../wire/message.ts';
import type { Frame, Malformed } from '../wire/message.ts';
import { Needle } from '../wire/needle.ts';
import { RedactingStream } from '../wire/redact.ts';
import type { Redactor } from '../wire/redact.ts';
import type { Head } from '../wire/scanner.ts';
import type { FrameStream } from '../wire/writer.ts';
import type { Event } from './events.ts';
import { isSteady, takeResults } from './fast-lane.ts';
import { CODE } from './replies.ts';
import { ASKS_FOR_INPUT } from './questions.ts';
import type { State } from './state.ts';
import { needsWhole } from './upstream-frames.ts';

/** The key of a tool result that may tell of a failed authentication; errors are looked into in any case. */
const FAILED = new Needle('isError');
const SPACE = 0x20;
const CLOSE_BRACE = 0x7d;

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
  /** Whether the client does not keep up. */
  readonly congested: () => boolean;
  readonly exited: () => void;
  readonly ended: (report: EndReport) => void;
  /** Sends whole frames to the client. */
  readonly forward: (frames: Buffer) => void;
  /** The stream that the event just dispatched opened, if it did. */
  readonly takeStream: () => FrameStream | undefined;
}

export class UpstreamOutput implements GenerationSink {
  readonly #options: UpstreamOutputOptions;
  readonly #hints: readonly Buffer[];
  /** The frame that is being passed on while it arrives. */
  #stream: FrameStream | undefined;
  /** Called after {@link ended}, once the generation is known to whoever made it. */
  onEnd: () => void = () => {};

  constructor(options: UpstreamOutputOptions) {
    this.#options = options;
    this.#hints = options.hints.map((hint) => Buffer.from(hint));
  }

  get congested(): boolean {
    return this.#stream?.congested ?? this.#options.congested();
  }

  lines(region: Buffer): void {
    const { state, generation, redactor, dispatch, forward, settle } = this.#options;
    // Searched for natively in the whole region, so that a frame costs nothing here unless it has to.
    const clean = redactor.bytes(region);
    const suspicious =
      (FAILED.isIn(clean) && this.#hints.some((hint) => clean.includes(hint))) || ASKS_FOR_INPUT.isIn(clean);
    const text = suspicious ? '' : clean.toString('latin1');
    for (let at = 0; at < clean.length;) {
      if (!suspicious && isSteady(state, generation)) {
        const end = takeResults(state, generation, text, at);
        if (end > at) forward(clean.subarray(at, end));
        at = end;
      }
      at = oneFrame(clean, at, (bytes) =>
        dispatch({ type: 'upstream-frame', generation, frame: readCheaply(bytes), suspicious }),
      );
    }
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
    this.#stream = stream;
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
        this.#stream = undefined;
        stream?.end();
        dispatch({ type: 'upstream-frame-end', generation, id: whole.id });
      },
      cut: () => {
        this.#stream = undefined;
        stream?.cut();
      },
    };
  }

  drained(): void {
    this.#options.drained();
  }

  exited(): void {
    this.#options.exited();
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

/**
 * A server's log lines can land within its frames, and half a frame must not pass for an answer. Answers are what
 * throughput is made of, so theirs are known by how they end; all else is validated, since some of it is changed.
 */
function readCheaply(bytes: Buffer): Frame | Malformed {
  const frame = readFrame(bytes);
  if (frame.kind === 'malformed') return frame;
  if (frame.kind !== 'response') return readValidFrame(bytes);
  return endsAnObject(bytes) ? frame : { kind: 'malformed', bytes, code: PARSE_ERROR, id: undefined };
}

function endsAnObject(line: Buffer): boolean {
  let at = line.length - 1;
  while (at > 0 && (line[at] ?? 0) <= SPACE) at -= 1;
  return line[at] === CLOSE_BRACE;
}
