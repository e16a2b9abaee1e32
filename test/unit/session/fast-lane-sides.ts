// One session fed in two ways, as the driver does it and frame by frame through transition.ts, and what there is to be
// seen of it: both have to come to the same. Not for: what they are fed (fast-lane-fuzz.test.ts).
import { ClientInput } from '../../../src/session/client-input.ts';
import type { Effect, Event, Moment } from '../../../src/session/events.ts';
import { PlainCall } from '../../../src/session/pending.ts';
import { initialState } from '../../../src/session/state.ts';
import { transition, untilTick } from '../../../src/session/transition.ts';
import { UpstreamOutput } from '../../../src/session/upstream-output.ts';
import { readFrame, readValidFrame } from '../../../src/wire/message.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { eachFrame } from '../wire/each-frame.ts';
import { config, START } from './stepped.ts';

const none = (): void => {};
const noStream = (): undefined => undefined;

export class Side {
  readonly state = initialState(config);
  readonly #inRuns: boolean;
  /** By the steady clock, in ms. */
  now = 0;
  #toClient = '';
  readonly #toUpstreams: Record<number, string> = {};
  readonly #deeds: string[] = [];

  /** @param inRuns as the driver does it */
  constructor(inRuns: boolean) {
    this.#inRuns = inRuns;
  }

  /** How many calls are in the table that were entered by the run. */
  get plainCalls(): number {
    return [...this.state.pending.values()].filter((pending) => pending instanceof PlainCall).length;
  }

  event(event: Event): void {
    for (const effect of transition(this.state, event, this.#moment)) this.#take(effect);
  }

  /** Time passes, and what is due by then happens. */
  pass(ms: number): void {
    this.now += ms;
    for (let ticks = 0; ticks < 20 && untilTick(this.state, this.#moment) <= 0; ticks += 1)
      this.event({ type: 'tick' });
  }

  fromClient(region: Buffer): void {
    if (!this.#inRuns) {
      eachFrame(region, (bytes) => this.event({ type: 'client-frame', frame: readValidFrame(bytes) }));
      return;
    }
    new ClientInput({
      state: this.state,
      now: () => this.#moment.wall,
      dispatch: (event) => this.event(event),
      forward: (bytes) => this.#forward(bytes),
      takeStream: noStream,
    }).lines(region);
  }

  fromUpstream(generation: number, region: Buffer): void {
    if (!this.#inRuns) {
      eachFrame(region, (bytes) =>
        this.event({ type: 'upstream-frame', generation, frame: readFrame(bytes), suspicious: true }),
      );
      return;
    }
    new UpstreamOutput({
      state: this.state,
      generation,
      hints: config.authFailure.hints,
      redactor: new Redactor(),
      dispatch: (event) => this.event(event),
      forward: (bytes) => this.#take({ type: 'to-client', bytes, streaming: false }),
      takeStream: noStream,
      settle: none,
      drained: none,
      exited: none,
      ended: none,
      congested: () => false,
    }).lines(region);
  }

  /** All that it has said and done so far, and what it knows. */
  view(): object {
    const { pending, held, auth, renewal, upstream, succession, retired, login, inputs, progress, asked } =
      this.state;
    return {
      toClient: this.#toClient,
      toUpstreams: this.#toUpstreams,
      deeds: this.#deeds,
      pending: [...pending.values()].map((one) => [
        one.id,
        one.tool,
        one.bytes?.toString(),
        one.place,
        one.progressToken,
        one.authRetries,
        one.crashRetries,
        one.answerBy,
      ]),
      held: held.length,
      bytes: [this.state.pendingBytes, this.state.heldBytes],
      progress: [...progress.keys()],
      asked: [...asked],
      retired: [...retired],
      repeatable: [...this.state.repeatable],
      closing: this.state.closing,
      auth,
      renewal,
      upstream,
      succession,
      login,
      inputs,
    };
  }

  get #moment(): Moment {
    return { wall: START + this.now, steady: this.now };
  }

  #forward(bytes: Buffer): void {
    const { upstream } = this.state;
    if (upstream.kind === 'none') throw new Error('calls are forwarded, and there is no upstream');
    this.#take({ type: 'to-upstream', generation: upstream.generation, bytes, streaming: false });
  }

  #take(effect: Effect): void {
    if (effect.type === 'to-client') this.#toClient += effect.bytes.toString('latin1');
    else if (effect.type === 'to-upstream')
      this.#toUpstreams[effect.generation] =
        (this.#toUpstreams[effect.generation] ?? '') + effect.bytes.toString('latin1');
    else if (effect.type !== 'log' && effect.type !== 'noise') this.#deeds.push(JSON.stringify(effect));
  }
}
