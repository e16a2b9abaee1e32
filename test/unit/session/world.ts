// A client, servers, a token source and clocks around a session's state machine: what it asks for is done, and looked
// at, and each step leaves a state that must hold together. Not for: what happens next (model.ts), or what a single
// order of events leads to (the other files here).
import { isDeepStrictEqual } from 'node:util';
import type { Effect, Event, Moment } from '../../../src/session/events.ts';
import { placeOf } from '../../../src/session/selectors.ts';
import { initialState } from '../../../src/session/state.ts';
import type { SessionConfig, State } from '../../../src/session/state.ts';
import { transition, untilTick } from '../../../src/session/transition.ts';
import type { Frame, Malformed } from '../../../src/wire/message.ts';
import { config, START } from './stepped.ts';
import { Client } from './world-client.ts';
import type { Speaker } from './world-client.ts';
import type { Request } from './world-requests.ts';
import { describe } from './world-log.ts';
import { checkOrder, checkState, checkUnattended } from './world-rules.ts';
import { NEEDS_TOKEN, Servers } from './world-servers.ts';
import { Tokens } from './world-tokens.ts';
import type { Kind } from './world-tokens.ts';

/** Calls wait so long for a stored login that is being opened (adoption.ts), in ms. */
const LONGEST_OPENING = 3000;
/** What waits for a token where no person can log in. */
const WAIT_FOR_TOKEN = [...NEEDS_TOKEN, 'resources/subscribe', 'resources/unsubscribe'];
/** After stdin has ended the session has this long, in ms. */
const GOODBYE = 800;

export interface Scenario extends Kind {
  /** `slow`: its keychain takes longer to answer than the start waits. */
  readonly stored: 'none' | 'good' | 'expired' | 'slow';
  readonly beforeLogin: SessionConfig['beforeLogin'];
  readonly elicitation: 'none' | 'form' | 'url';
  readonly jitter: number;
  readonly authTools: boolean;
  /** No person can do anything for a token, and no other process has the same. */
  readonly unattended: boolean;
  /** Nobody takes so long for a renewal or a handshake that a token ends before that. */
  readonly unhurried?: boolean;
}

/** A request of the client that is passed on while it arrives. */
interface Upload {
  readonly request: Request;
  readonly idLast: boolean;
  /** What the proxy took for the current generation when it began. */
  readonly generation: number;
  /** Where it goes; undefined where the proxy does not pass it on. */
  readonly to: number | undefined;
}

export class World {
  readonly scenario: Scenario;
  readonly config: SessionConfig;
  readonly state: State;
  readonly client = new Client();
  readonly servers: Servers;
  readonly tokens: Tokens;
  upload: Upload | undefined;
  /** The stored login is being opened. */
  opening: boolean;
  /** It was asked where the login is kept. */
  describing = false;
  /** How many requests had been made when a person logged out, until the next login. */
  callsSince = 0;
  /** By the steady clock, in ms. */
  now = 0;
  /** By how much the proxy's time of day, and that of the service, are ahead of it. */
  wallAhead = START;
  truthAhead = START;
  /** When the client left. */
  leftAt = Infinity;
  /** When what is under way is done, where nobody is slow (see {@link Scenario.unhurried}). */
  hurryAt = 0;
  /** The session has ended by itself, with this code. */
  exitCode: number | undefined;
  /** All that happened, for an error. */
  readonly log: string[] = [];
  /** The frames that each effect `streaming` of the last step opened. */
  streams: Effect[] = [];
  /** How many frames waited for a server at most, once one was there. */
  mostHeld = 0;
  /** A call was open after the last step. */
  #called = false;
  #watched = false;
  readonly #history: { event: Event; moment: Moment; effects: readonly Effect[] }[] = [];

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const { beforeLogin, jitter, configured, authTools, unattended } = scenario;
    this.config = { ...config, beforeLogin, jitter, authTools, unattended, rotation: configured };
    this.state = initialState(this.config);
    this.tokens = new Tokens(scenario);
    this.servers = new Servers(
      this.client,
      (serial) => this.tokens.isExpired(serial, this.moment.wall) || this.tokens.released.has(serial),
    );
    this.opening = scenario.stored === 'slow';
    const token = scenario.stored === 'none' ? undefined : this.tokens.issue(this.moment.wall, this.truth);
    if (scenario.stored === 'expired') this.sleep(1000 * 60_000);
    if (this.opening) this.tokens.told = 0;
    if (unattended && scenario.stored === 'none') this.tokens.failedTry = { at: 0, unreachable: true };
    this.do({
      type: 'started',
      token: this.opening ? undefined : token,
      lockedBecause: unattended ? 'there is none.' : 'Nobody has logged in yet.',
      opening: this.opening,
      unreachable: true,
    });
  }

  get moment(): Moment {
    return { wall: this.wallAhead + this.now, steady: this.now };
  }

  get truth(): number {
    return this.truthAhead + this.now;
  }

  get closed(): boolean {
    return this.state.closing.kind === 'closed';
  }

  get untilTick(): number {
    const ms = untilTick(this.state, this.moment);
    if (Number.isNaN(ms)) throw new Error('the next tick is not a number');
    return ms;
  }

  /** Something happens. @throws {Error} what follows should not */
  do(event: Event): void {
    const { moment } = this;
    const speaker = this.#speaker(event);
    const heldBefore = this.state.held.slice();
    const wasClosed = this.closed;
    this.log.push(`${this.now} ${describe(event)}`);
    if ('token' in event && event.token) this.tokens.given.add(event.token.serial);
    const effects = transition(this.state, event, moment);
    this.#history.push({ event, moment, effects });
    if (wasClosed && effects.length > 0) throw new Error('something happened after the end');
    this.streams = effects.filter((effect) => 'streaming' in effect && effect.streaming);
    for (const effect of effects) this.#perform(effect, speaker);
    this.#called = this.#calls();
    if (this.closed) return;
    if (this.client.initialized) this.mostHeld = Math.max(this.mostHeld, this.state.held.length);
    checkOrder(heldBefore, this.state, effects);
    checkState(this);
  }

  /** A person logs out: what the session has by now is not to be used, and no call until now leads to a login. */
  loggedOut(): void {
    this.servers.retire(this.tokens.newest, this.client.requests.length);
    this.callsSince = this.client.requests.length;
  }

  /** A frame of the client. */
  fromClient(frame: Frame | Malformed): void {
    this.do({ type: 'client-frame', frame });
  }

  /** Time passes, with a tick at each moment that one is due, as the driver does. */
  wait(ms: number): void {
    const end = this.now + ms;
    while (!this.closed && this.now + this.untilTick <= end) {
      this.now += Math.max(0, this.untilTick);
      this.catchUp();
    }
    this.now = end;
    const before = this.log.length;
    this.do({ type: 'tick' });
    if (this.log.length > before + 1)
      throw new Error('time alone had changed something, and no tick was due');
  }

  /** The machine sleeps: what time it is has moved on, and nothing has ticked. */
  sleep(ms: number): void {
    this.wallAhead += ms;
    this.truthAhead += ms;
  }

  catchUp(): void {
    if (this.untilTick > 0) return;
    this.do({ type: 'tick' });
    if (this.untilTick <= 0) throw new Error('a tick is due again at once: a busy loop');
  }

  /** The same events at the same times have to give the same effects. */
  replay(): void {
    const state = initialState(this.config);
    for (const { event, moment, effects } of this.#history) {
      if (!isDeepStrictEqual(transition(state, event, moment), effects))
        throw new Error(`another time it led to something else: ${describe(event)}`);
    }
  }

  /** Whether a call is open: nothing else may lead to a login. Without a person anything that needs a token may. */
  #calls(): boolean {
    const methods = this.scenario.unattended ? WAIT_FOR_TOKEN : ['tools/call'];
    return methods.some((method) => this.client.waitsFor(method));
  }

  #speaker(event: Event): Speaker | undefined {
    if (event.type !== 'upstream-frame' && event.type !== 'upstream-frame-end') return undefined;
    return { generation: event.generation, place: placeOf(this.state, event.generation) };
  }

  #perform(effect: Effect, speaker: Speaker | undefined): void {
    this.log.push(`  ${describe(effect)}`);
    switch (effect.type) {
      case 'to-client':
        if (this.scenario.unattended) checkUnattended(effect.bytes);
        if (!effect.streaming) this.client.hear(effect.bytes, speaker);
        return;
      case 'to-upstream':
        if (!effect.streaming) this.servers.deliver(effect.generation, effect.bytes);
        return;
      case 'spawn':
        if (this.tokens.released.has(effect.serial)) throw new Error('a server is started with an old token');
        this.servers.spawn(effect.generation, effect.serial);
        return;
      case 'stop':
        this.servers.stop(effect.generation);
        return;
      case 'refresh': {
        const { auth } = this.state;
        const refused = auth.kind === 'stale' && auth.why === 'refused';
        this.tokens.refresh(effect.serial, refused, this.now);
        return;
      }
      case 'login':
        this.#logIn();
        return;
      case 'abort-login':
        this.tokens.login = 'none';
        return;
      case 'prepare':
        this.tokens.prepare(effect.serial);
        return;
      case 'look':
        this.tokens.look(effect.serial);
        return;
      case 'logout':
        this.tokens.logOut();
        return;
      case 'release':
        this.#release(effect.serial);
        return;
      case 'describe-store':
        this.describing = true;
        return;
      case 'watch':
        if (this.#watched) throw new Error('it begins to watch twice');
        this.#watched = true;
        return;
      case 'shutdown':
        this.#shutDown(effect.exitCode);
        return;
      case 'noise':
      case 'open-page':
      case 'audit':
      case 'log':
        return;
    }
  }

  #logIn(): void {
    const { tokens, client, scenario } = this;
    if (tokens.login !== 'none') throw new Error('two logins at once');
    // A call may have been given up in this very step.
    const called = this.#called || this.#calls();
    if (tokens.loggingOut || (this.opening && (scenario.unattended || this.now < LONGEST_OPENING)))
      throw new Error('a login is begun that may not be needed');
    if (scenario.unattended) tokens.tryAgain(this.now, called);
    else if (!called) throw new Error('a login that nobody called for');
    else if (!client.requests.some(({ method, seq }) => method === 'tools/call' && seq >= this.callsSince))
      throw new Error('a login for a call that came before the logout');
    tokens.login = 'asked';
  }

  #release(serial: number): void {
    const { auth } = this.state;
    this.tokens.release(serial);
    if (auth.kind !== 'locked' && auth.token.serial === serial)
      throw new Error(`token ${serial} is let go of, and is the session's own`);
    if (this.servers.all().some((server) => server.serial === serial))
      throw new Error(`token ${serial} is let go of, and a server runs with it`);
  }

  #shutDown(exitCode: number): void {
    if (this.exitCode !== undefined) throw new Error('it ends twice');
    if (this.now > this.leftAt + GOODBYE) throw new Error('the goodbye took too long');
    this.exitCode = exitCode;
    if (exitCode === 0 && this.leftAt === Infinity) throw new Error('it ends although the client is there');
    const gaveTime = this.now >= this.leftAt + GOODBYE;
    const mayWait = (id: string): boolean =>
      this.state.pending.get(id)?.place.kind === 'login' && !this.scenario.unattended;
    const owed = this.client.open.filter(({ id }) => !mayWait(id));
    if (owed.length > 0 && !gaveTime && !this.upload)
      throw new Error(`it ends and owes ${owed.map(({ id }) => id).join(', ')}`);
  }
}
