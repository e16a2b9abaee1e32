// Performs a session: feeds what happens to transition.ts and does what it asks for, with real processes, pipes,
// timers and a real token source. Not for: decisions; whatever can be decided from the state is decided there.
import type { Readable, Writable } from 'node:stream';
import type { TokenSource } from '../auth/token-source.ts';
import type { Timer } from '../base/clock.ts';
import { FrameReader } from '../wire/frames.ts';
import { FrameWriter } from '../wire/writer.ts';
import type { FrameStream } from '../wire/writer.ts';
import type { Effect, Event, Moment } from './events.ts';
import { ClientInput } from './client-input.ts';
import { Processes } from './processes.ts';
import type { ProcessesOptions } from './processes.ts';
import { initialState } from './state.ts';
import type { SessionConfig, State } from './state.ts';
import { within } from './stored-login.ts';
import { TokenDesk } from './token-desk.ts';
import { transition, untilTick } from './transition.ts';
import { UpstreamOutput } from './upstream-output.ts';

/** No timer is set for longer, so that the end of a laptop's sleep is noticed within a minute, in ms. */
const LONGEST_NAP = 60_000;
/** What waits for the client, or for the audit trail, at the end may take this long to leave, in ms. */
const LAST_WRITE = 200;
/** A token that is handed back at the end may take until so long after the client left, but has this in any case. In ms. */
const GOODBYE = 1700;
const LAST_RELEASE = 150;
/** A stalled input is looked after this often, in ms. */
const STALL_CHECK = 250;
/** And a little of it is read each time, up to so many waiting bytes, in case its end comes soon. */
const STALL_LIMIT = 4 * 1024 * 1024;
/** Of a server that writes to stdout what nobody reads on stderr no more than so many bytes wait. */
const NOISE_LIMIT = 1024 * 1024;

const NEWLINE = Buffer.from('\n');

export interface SessionOptions extends ProcessesOptions {
  readonly config: SessionConfig;
  readonly source: TokenSource;
  /** Shows a page on the person's own desktop where there is one; returns at once and never fails. */
  readonly openPage: (url: string) => void;
  readonly input: Readable;
  readonly output: Writable;
}

/** One client connection from its first byte to its last. */
export class Session {
  readonly #options: SessionOptions;
  readonly #state: State;
  readonly #client: FrameWriter;
  readonly #processes: Processes;
  readonly #desk: TokenDesk;
  readonly #input: ClientInput;
  #timer: Timer | undefined;
  /** By the steady clock. */
  #timerAt = Infinity;
  /** The stream that the last streaming effect opened, for the rest of its frame. */
  #opened: FrameStream | undefined;
  /** When the client left, or who else ended the session did so; by the steady clock. */
  #leftAt: number | undefined;
  #ending: Promise<void> | undefined;
  #finished: (exitCode: number) => void = () => {};
  readonly #done: Promise<number>;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = initialState(options.config);
    this.#client = new FrameWriter(options.output, () => this.#processes.balance());
    this.#processes = new Processes(options);
    this.#desk = new TokenDesk({ ...options, dispatch: (event) => this.#dispatch(event) });
    this.#input = new ClientInput({
      state: this.#state,
      now: () => options.clock.now(),
      dispatch: (event) => this.#handle(event),
      forward: (frames) => this.#processes.write(this.#input.target, frames),
      takeStream: () => this.#takeStream(),
    });
    this.#done = new Promise((resolve) => {
      this.#finished = resolve;
    });
  }

  /** Serves the client until it is gone; resolves with the exit code when nothing is left behind. */
  async run(): Promise<number> {
    const { input, output } = this.#options;
    const reader = new FrameReader(this.#input);
    output.on('error', () => void this.end(0));
    await this.#desk.open();
    input.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      this.#settle();
      this.#balance();
    });
    const onEnd = (): void => {
      // A last line without its newline is a line all the same.
      const rest = reader.end();
      if (rest.length > 0) this.#input.lines(Buffer.concat([rest, NEWLINE]));
      this.#leftAt ??= this.#options.clock.steady();
      this.#dispatch({ type: 'client-closed' });
    };
    input.once('end', onEnd);
    input.once('error', onEnd);
    return this.#done;
  }

  /** Ends at once, with `exitCode`; calls in flight are lost with the client that made them. */
  end(exitCode: number): Promise<void> {
    this.#ending ??= this.#end(exitCode);
    return this.#ending;
  }

  /** An event from outside any chunk: its effects leave at once. */
  #dispatch(event: Event): void {
    this.#handle(event);
    this.#settle();
  }

  #handle(event: Event): void {
    for (const effect of transition(this.#state, event, this.#moment())) this.#perform(effect);
  }

  #moment(): Moment {
    const { clock } = this.#options;
    return { wall: clock.now(), steady: clock.steady() };
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case 'to-client':
        if (effect.streaming) this.#opened = this.#client.openStream();
        else this.#client.write(effect.bytes);
        return;
      case 'to-upstream':
        if (effect.streaming) this.#opened = this.#processes.writer(effect.generation)?.openStream();
        else this.#processes.write(effect.generation, effect.bytes);
        return;
      case 'noise':
        if (this.#options.errorOutput.writableLength > NOISE_LIMIT) return;
        this.#options.errorOutput.write(
          `gh-mcp-proxy: server stdout: ${this.#options.redactor.text(effect.bytes.toString('utf8').trimEnd())}\n`,
        );
        return;
      case 'spawn':
        this.#spawn(effect.generation, effect.serial);
        return;
      case 'stop':
        this.#processes.stop(effect.generation);
        return;
      case 'prepare':
        void this.#desk.prepare(effect.serial);
        return;
      case 'refresh':
        void this.#desk.refresh(effect.serial);
        return;
      case 'look':
        void this.#desk.look(effect.serial);
        return;
      case 'login':
        void this.#desk.login(effect.scopes);
        return;
      case 'abort-login':
        this.#desk.abortLogin();
        return;
      case 'logout':
        void this.#desk.logout(effect.inUse);
        return;
      case 'release':
        this.#desk.release(effect.serial);
        return;
      case 'describe-store':
        void this.#desk.describeStore();
        return;
      case 'watch':
        this.#desk.watch();
        return;
      case 'open-page':
        this.#options.openPage(effect.url);
        return;
      case 'audit':
        this.#processes.note(effect.generation, effect.event, effect.detail);
        return;
      case 'log':
        this.#options.log[effect.level](effect.text);
        return;
      case 'shutdown':
        void this.end(effect.exitCode);
    }
  }

  #spawn(number: number, serial: number): void {
    const sink = new UpstreamOutput({
      state: this.#state,
      generation: number,
      hints: this.#options.config.authFailure.hints,
      redactor: this.#options.redactor,
      dispatch: (event) => this.#handle(event),
      forward: (frames) => this.#client.write(frames),
      settle: () => {
        this.#settle();
        this.#processes.balance();
        // Another generation may be the current one by now, with room in its stdin.
        this.#balance();
      },
      congested: () => this.#client.congested,
      drained: () => this.#balance(),
      takeStream: () => this.#takeStream(),
      exited: () => this.#dispatch({ type: 'upstream-exited', generation: number }),
      ended: (report) => {
        this.#dispatch({ type: 'upstream-ended', generation: number, ...report });
        this.#balance();
      },
    });
    this.#processes.start(number, this.#desk.credential(serial), sink);
  }

  #takeStream(): FrameStream | undefined {
    const stream = this.#opened;
    this.#opened = undefined;
    return stream;
  }

  /** After a chunk or an event: everything written leaves, and the next deadline is looked up. */
  #settle(): void {
    this.#client.flush();
    this.#processes.flush();
    // A timer that is set too early by now finds that out when it fires: cheaper than setting it anew each time.
    const now = this.#moment();
    const at = now.steady + untilTick(this.#state, now);
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#options.clock.after(Math.min(at - now.steady, LONGEST_NAP), () => this.#wake());
  }

  /** Something is due, or the time of day has jumped, or the nap was just the longest there is. */
  #wake(): void {
    this.#timerAt = Infinity;
    if (untilTick(this.#state, this.#moment()) <= 0) this.#dispatch({ type: 'tick' });
    else this.#settle();
  }

  /** Reads from the client only while the generation that this goes to takes it. */
  #balance(): void {
    const { input } = this.#options;
    if (this.#target?.congested) {
      if (input.isPaused()) return;
      input.pause();
      this.#watchStall(process.ppid);
    } else if (input.isPaused()) input.resume();
  }

  /**
   * While the input is paused its end cannot be seen. What the client had written by then is not much (a pipe's
   * worth), so reading on slowly finds it; of a client that goes on writing, the end shows in the parent process.
   */
  #watchStall(parent: number): void {
    this.#options.clock.after(STALL_CHECK, () => {
      const { input } = this.#options;
      if (!input.isPaused() || this.#ending) return;
      if (process.ppid !== parent) this.#dispatch({ type: 'client-closed' });
      // The next chunk pauses the input again, and watches on.
      else if ((this.#target?.waiting ?? 0) < STALL_LIMIT) input.resume();
      else this.#watchStall(parent);
    });
  }

  /** The stdin of the generation that takes what the client writes. */
  get #target(): FrameWriter | undefined {
    return this.#processes.writer(this.#input.target);
  }

  async #end(exitCode: number): Promise<void> {
    const { clock, input, audit } = this.#options;
    this.#leftAt ??= clock.steady();
    this.#state.closing = { kind: 'closed' };
    this.#timer?.cancel();
    input.pause();
    // A refresh that was sent has spent the old token: what comes back is kept before the process ends.
    await Promise.all([this.#desk.close(), this.#processes.stopAll()]);
    // Only now nothing has any token; clients kill what is there 2 s after they asked it to end (FACTS, Clients).
    await this.#desk.releaseAll(Math.max(LAST_RELEASE, this.#leftAt + GOODBYE - clock.steady()));
    const noted = within(clock, LAST_WRITE, audit.flush());
    this.#client.flush();
    if (!this.#client.empty)
      await new Promise<void>((resolve) => {
        this.#options.output.once('drain', resolve);
        clock.after(LAST_WRITE, resolve);
      });
    await noted;
    this.#finished(exitCode);
  }
}
