// One generation: a spawned upstream with its frames, its stderr and its end. Not for: what its frames mean
// (session/), the stop ladder (stop.ts) or its environment (environment.ts).
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { Clock, Timer } from '../base/clock.ts';
import { codeOf, explanationOf, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { FrameReader } from '../wire/frames.ts';
import type { FrameSink } from '../wire/frames.ts';
import { parse } from '../wire/message.ts';
import { RedactingStream } from '../wire/redact.ts';
import type { Redactor } from '../wire/redact.ts';
import { FrameWriter } from '../wire/writer.ts';
import { containerOf } from './container-lifetime.ts';
import type { Container } from './container-lifetime.ts';
import { describeSpawnFailure, spawnUpstream } from './spawn.ts';
import { LastWords } from './last-words.ts';
import { stopProcess } from './stop.ts';

/** After the process has ended its output is read this long; a grandchild may hold the pipe open for ever. In ms. */
const LAST_OUTPUT = 200;
/** A server that has closed its stdout and goes on running is of no use; after this it is stopped. In ms. */
const MUTE = 500;
/** Within what the whole goodbye may take (DESIGN 2.5: under 2 s), the removal of a container included. In ms. */
const PATIENCE = { eofMs: 500, termMs: 300, killMs: 200 };

/** How a generation ended. `cannotStart`: there is no such command, and trying again will not help. */
export interface EndReport {
  readonly cannotStart: boolean;
  /** For a person: how it ended, with the last lines of its stderr. No secrets. */
  readonly message: string;
}

export interface GenerationSink extends FrameSink {
  /** The process has ended; what it wrote last is read yet. */
  exited(): void;
  /** All output was read before this; called once. */
  ended(report: EndReport): void;
  /** There is room again in its stdin. */
  drained(): void;
  /** Whether what it writes is not taken for now. */
  readonly congested: boolean;
}

export interface GenerationOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The same without its token: for what is run beside it and may outlive this process. */
  readonly tokenlessEnv: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
  readonly redactor: Redactor;
  /** Where its stderr goes, redacted. */
  readonly errorOutput: Writable;
  readonly sink: GenerationSink;
}

export class Generation {
  readonly #options: GenerationOptions;
  readonly #lastWords = new LastWords();
  #container: Container | undefined;
  #child: ChildProcessWithoutNullStreams | undefined;
  #writer: FrameWriter | undefined;
  /** Frames for a process that is not there yet. */
  #early: Buffer[] = [];
  #ended = false;
  /** The process has ended: reports that, once. */
  #finish: (() => void) | undefined;
  #lastOutput: Timer | undefined;
  #stopping: Promise<void> | undefined;
  readonly #started: Promise<void>;

  constructor(options: GenerationOptions) {
    this.#options = options;
    this.#started = this.#start();
  }

  /** Its stdin; `undefined` before the process is there and after it has gone. */
  get writer(): FrameWriter | undefined {
    return this.#writer;
  }

  /** Writes whole frames, at the latest at the next flush of the writer. */
  write(frames: Buffer): void {
    if (this.#writer) this.#writer.write(frames);
    else if (!this.#ended) this.#early.push(frames);
  }

  /** Reads its stdout, or stops to do so, as the client keeps up with it. */
  balance(): void {
    const stdout = this.#child?.stdout;
    if (!stdout) return;
    const { congested } = this.#options.sink;
    if (congested && !stdout.isPaused()) stdout.pause();
    else if (!congested && stdout.isPaused()) stdout.resume();
    this.#awaitLastOutput();
  }

  /** Takes it down the stop ladder; resolves when nothing of it is left. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { command, env, tokenlessEnv, clock, log } = this.#options;
    try {
      this.#container = containerOf({ command, env: tokenlessEnv, clock, log });
      const child = await spawnUpstream({ command: this.#container?.command ?? command, env });
      this.#child = child;
      this.#listen(child);
      this.#writer = new FrameWriter(child.stdin, () => this.#options.sink.drained());
      for (const frames of this.#early.splice(0)) this.#writer.write(frames);
      this.#writer.flush();
    } catch (error) {
      this.#end({ cannotStart: true, message: explanationOf(error) });
    }
  }

  #listen(child: ChildProcessWithoutNullStreams): void {
    const { command, clock, sink, redactor, errorOutput } = this.#options;
    const reader = new FrameReader(sink);
    child.stdout.on('data', (chunk: Buffer) => {
      if (!this.#ended) reader.push(chunk);
    });
    child.stdout.on('error', () => {});
    child.stdout.once('end', () => clock.after(MUTE, () => void this.stop()));
    const stderr = new RedactingStream(redactor);
    const say = (clean: Buffer): boolean => {
      this.#lastWords.push(clean);
      return errorOutput.write(clean);
    };
    child.stderr.on('data', (chunk: Buffer) => {
      if (say(stderr.push(chunk))) return;
      child.stderr.pause();
      onceWritable(errorOutput, () => child.stderr.resume());
    });
    child.stderr.once('end', () => say(stderr.end()));
    child.stderr.on('error', () => {});
    // On Windows a batch file that does not exist is reported only now, in place of an exit.
    child.once('error', (error) => {
      const cannotStart = codeOf(error) === 'ENOENT';
      const message = cannotStart ? explanationOf(describeSpawnFailure(error, command)) : messageOf(error);
      this.#end({ cannotStart, message });
    });
    child.once('exit', (code, signal) => {
      sink.exited();
      this.#finish = () => {
        this.#lastOutput?.cancel();
        if (this.#ended) return;
        deliverLastLine(reader.end(), sink, redactor);
        this.#end({ cannotStart: false, message: this.#lastWords.report(code, signal) });
      };
      child.once('close', this.#finish);
      this.#awaitLastOutput();
    });
  }

  /**
   * Limits the wait for `close`, but only while the client takes what is read: nothing that it could get is lost.
   * Whether stdout is paused does not tell: Node resumes it when the process exits.
   */
  #awaitLastOutput(): void {
    if (!this.#finish || this.#ended) return;
    if (this.#options.sink.congested) {
      this.#lastOutput?.cancel();
      this.#lastOutput = undefined;
    } else this.#lastOutput ??= this.#options.clock.after(LAST_OUTPUT, this.#finish);
  }

  #end(report: EndReport): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#writer = undefined;
    this.#early = [];
    this.#options.sink.ended(report);
  }

  async #stop(): Promise<void> {
    await this.#started;
    const { clock, log } = this.#options;
    let exitCode: number | null = null;
    if (this.#child) {
      this.#writer?.flush();
      const { how, code } = await stopProcess({ child: this.#child, clock, log, patience: PATIENCE });
      log.debug(`generation stopped (${how})`);
      exitCode = code;
    }
    await this.#container?.remove(exitCode);
  }
}

/** Half a message is none; a whole one, or a last word that is no message, only lacks its newline. */
function deliverLastLine(rest: Buffer, sink: FrameSink, redactor: Redactor): void {
  const text = rest.toString('latin1').trim();
  if (text === '' || (text.startsWith('{') && parse(rest) === undefined)) return;
  sink.lines(Buffer.concat([redactor.lastBytes(rest), Buffer.from('\n')]));
}

/** Calls `go` when there is room again, or when nobody reads any more: then there always is. */
function onceWritable(output: Writable, go: () => void): void {
  const done = (): void => {
    output.off('drain', done);
    output.off('error', done);
    go();
  };
  output.on('drain', done);
  output.on('error', done);
}
