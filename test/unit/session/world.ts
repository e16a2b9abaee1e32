// A client, servers, a token source and a clock around a session's state machine, all moved by one seeded generator:
// any order of events that can happen, and the same one again for the same seed.
// Not for: what a single order leads to; those that matter have tests of their own.
import type { Effect, Event, Moment } from '../../../src/session/events.ts';
import { initialState } from '../../../src/session/state.ts';
import type { SessionConfig, State, TokenView } from '../../../src/session/state.ts';
import { transition, untilTick } from '../../../src/session/transition.ts';
import { readValidFrame } from '../../../src/wire/message.ts';
import type { Json, Message } from '../../support/messages.ts';
import { seeded } from '../../support/random.ts';
import type { Random } from '../../support/random.ts';
import { MINUTE } from './sent.ts';
import { config, initialize, prompt, START } from './stepped.ts';
import { Servers } from './world-servers.ts';
import type { Server } from './world-servers.ts';

/** What a client of this world asks for. */
const REQUESTS: readonly Json[] = [
  { method: 'tools/call', params: { name: 'write' } },
  { method: 'tools/call', params: { name: 'write' } },
  { method: 'tools/call', params: { name: 'read' } },
  { method: 'tools/call', params: { name: 'auth_login' } },
  { method: 'tools/list' },
  { method: 'prompts/get', params: {} },
  { method: 'resources/read', params: { uri: 'memo://one' } },
  { method: 'resources/subscribe', params: { uri: 'memo://one' } },
  { method: 'logging/setLevel', params: { level: 'info' } },
  { method: 'ping' },
];
const LIFETIMES = [1, 60, 480].map((minutes) => minutes * MINUTE);

export class World {
  readonly state: State;
  readonly servers = new Servers();
  /** By the steady clock, in ms. */
  now = 0;
  /** By how much the time of day is ahead of it. */
  #ahead = START;
  /** The requests that were asked, answered, and given up, by id as JSON text. */
  readonly asked = new Set<string>();
  readonly answered = new Set<string>();
  readonly cancelled = new Set<string>();
  closed = false;
  /** All that happened, for an error. */
  readonly log: string[] = [];
  readonly #random: Random;
  /** Ids of what the client was asked and has not answered. */
  readonly #questions: string[] = [];
  #serial = 0;
  #nextId = 1;
  #refreshing: number | undefined;
  #login: 'none' | 'asked' | 'shown' = 'none';

  constructor(seed: number, changes: Partial<SessionConfig> = {}) {
    this.#random = seeded(seed);
    this.state = initialState({ ...config, jitter: this.#random.int(100) / 100, ...changes });
    const stored = this.#chance(70) ? this.#token(this.#chance(80)) : undefined;
    if (this.#chance(20)) this.#ahead += 1_000 * MINUTE;
    this.#do({ type: 'started', token: stored, lockedBecause: 'Nobody has logged in yet.' });
    this.#client(initialize());
    this.#client({ method: 'notifications/initialized' });
  }

  /** One thing happens that may happen now. */
  step(): void {
    this.#random.pick([
      () => this.#request(),
      () => this.#request(),
      () => this.#cancel(),
      () => this.#client({ method: 'notifications/roots/list_changed' }),
      () => this.#serve(),
      () => this.#serve(),
      () => this.#serve(),
      () => this.#ask(),
      () => this.#reply(),
      () => this.#end(this.servers.all()),
      // Those that were stopped end sooner or later.
      () => this.#end(this.servers.all().filter(({ stopped }) => stopped)),
      () => this.#endRefresh(),
      () => this.#endRefresh(),
      () => this.#moveLogin(),
      () => this.#wait(this.#random.pick([1, 500, 5_000, 40_000, 400_000])),
      () => this.#sleep(),
      () => this.#revoke(),
    ])();
    this.#catchUp();
  }

  /** From now on everything works, until nothing is left to do. */
  calmDown(): void {
    for (let round = 0; round < 400; round += 1) {
      for (const server of this.servers.all()) {
        if (server.stopped) this.#end([server]);
        else for (const id of server.inbox.keys()) this.#answer(server, id);
      }
      if (this.#refreshing !== undefined) this.#refreshed();
      if (this.#login !== 'none') this.#loggedIn();
      this.#wait(1_000);
    }
  }

  /** The client goes, and nothing is helpful any more. @returns how long the session took to end, in ms */
  close(): number {
    const start = this.now;
    this.#do({ type: 'client-closed' });
    while (!this.closed && this.#untilTick < Infinity) {
      this.now += Math.max(0, this.#untilTick);
      this.#catchUp();
    }
    return this.closed ? this.now - start : Infinity;
  }

  get unanswered(): string[] {
    return [...this.asked].filter((id) => !this.answered.has(id) && !this.cancelled.has(id));
  }

  get #moment(): Moment {
    return { wall: this.#ahead + this.now, steady: this.now };
  }

  get #untilTick(): number {
    return untilTick(this.state, this.#moment);
  }

  #do(event: Event): void {
    this.log.push(`${this.now} ${describe(event)}`);
    for (const effect of transition(this.state, event, this.#moment)) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    this.log.push(`  ${describe(effect)}`);
    switch (effect.type) {
      case 'to-client':
        this.#hear(JSON.parse(effect.bytes.toString()) as Message);
        return;
      case 'to-upstream':
        this.servers.deliver(effect.generation, JSON.parse(effect.bytes.toString()) as Message);
        return;
      case 'spawn':
        this.servers.spawn(effect.generation, effect.serial);
        return;
      case 'stop':
        this.servers.stop(effect.generation);
        return;
      case 'refresh':
        if (this.#refreshing !== undefined) throw new Error('two refreshes at once');
        if (effect.serial !== this.#serial) throw new Error('an old token is refreshed');
        this.#refreshing = effect.serial;
        return;
      case 'login':
        if (this.#login !== 'none') throw new Error('two logins at once');
        this.#login = 'asked';
        return;
      case 'abort-login':
        this.#login = 'none';
        return;
      case 'shutdown':
        this.closed = true;
        return;
      case 'noise':
      case 'open-page':
      case 'log':
        return;
    }
  }

  #hear({ id, method, result }: Message): void {
    const key = JSON.stringify(id);
    if (method !== undefined) {
      if (id !== undefined) this.#questions.push(key);
      return;
    }
    const text = JSON.stringify(result ?? {});
    if (text.includes('401') && !text.includes('gh-mcp-proxy'))
      throw new Error(`${key} got a failure without a word about it`);
    if (this.cancelled.has(key)) throw new Error(`${key} was answered after it was cancelled`);
    if (this.answered.has(key)) throw new Error(`${key} was answered twice`);
    if (!this.asked.has(key)) throw new Error(`${key} was answered and never asked`);
    this.answered.add(key);
  }

  #client(message: Json): void {
    if (message['id'] !== undefined) this.asked.add(JSON.stringify(message['id']));
    this.#do({ type: 'client-frame', frame: frameOf(message) });
  }

  #request(): void {
    this.#client({ id: this.#nextId, ...this.#random.pick(REQUESTS) });
    this.#nextId += 1;
  }

  #cancel(): void {
    const open = this.unanswered.filter((id) => id !== '"init"');
    if (open.length === 0) return;
    const id = this.#random.pick(open);
    this.cancelled.add(id);
    this.#client({ method: 'notifications/cancelled', params: { requestId: JSON.parse(id) as number } });
  }

  /** A server answers one request, in any order. */
  #serve(): void {
    const busy = this.servers.all().filter(({ inbox }) => inbox.size > 0);
    if (busy.length === 0) return;
    const server = this.#random.pick(busy);
    this.#answer(server, this.#random.pick([...server.inbox.keys()]));
  }

  #answer(server: Server, id: string): void {
    this.#say(server, this.servers.run(server, id));
  }

  #say({ generation }: Server, message: Json): void {
    this.#do({ type: 'upstream-frame', generation, frame: frameOf(message), suspicious: true });
  }

  #ask(): void {
    const running = this.servers.all().filter(({ stopped }) => !stopped);
    if (running.length > 0) this.#say(this.#random.pick(running), { id: 0, method: 'roots/list' });
  }

  #reply(): void {
    const id = this.#questions.shift();
    if (id === undefined) return;
    this.#do({ type: 'client-frame', frame: frameOf({ id: JSON.parse(id) as string, result: {} }) });
  }

  #end(servers: readonly Server[]): void {
    if (servers.length === 0) return;
    const server = this.#random.pick(servers);
    this.servers.die(server, () => this.#chance(50));
    const { generation } = server;
    this.#do({ type: 'upstream-ended', generation, cannotStart: false, message: 'The server ended.' });
  }

  #endRefresh(): void {
    if (this.#refreshing === undefined) return;
    if (this.#chance(60)) this.#refreshed();
    else {
      this.#refreshing = undefined;
      const type = this.#chance(75) ? 'refresh-unreachable' : 'refresh-refused';
      this.#do({ type, message: 'github.com cannot answer just now.' });
    }
  }

  #refreshed(): void {
    if (this.#refreshing !== undefined) this.servers.dead.add(this.#refreshing);
    this.#refreshing = undefined;
    this.#do({ type: 'refreshed', token: this.#token(true) });
  }

  #moveLogin(): void {
    if (this.#login === 'asked') {
      this.#login = 'shown';
      this.#do({ type: 'login-prompt', prompt });
    } else if (this.#login === 'shown') {
      if (this.#chance(70)) this.#loggedIn();
      else {
        this.#login = 'none';
        this.#do({ type: 'login-failed', message: 'The login was denied.' });
      }
    }
  }

  #loggedIn(): void {
    this.#login = 'none';
    this.#do({ type: 'login-done', token: this.#token(this.#chance(80)) });
  }

  #revoke(): void {
    if (this.#chance(20) && this.#serial > 0) this.servers.dead.add(this.#serial);
  }

  #token(renewable: boolean): TokenView {
    this.#serial += 1;
    const issuedAt = this.#moment.wall;
    const expiresAt = renewable || this.#chance(50) ? issuedAt + this.#random.pick(LIFETIMES) : undefined;
    const rotation = renewable ? 'exclusive' : 'overlapping';
    return { serial: this.#serial, login: 'octocat', issuedAt, expiresAt, renewable, rotation, scopes: [] };
  }

  /** Time passes, with a tick at each moment that one is due, as the driver does. */
  #wait(ms: number): void {
    const end = this.now + ms;
    while (this.now + this.#untilTick <= end) {
      this.now += Math.max(0, this.#untilTick);
      this.#catchUp();
    }
    this.now = end;
  }

  /** The machine sleeps, or its clock is set: the time of day has jumped and nothing has ticked. What comes first then is a request or a tick. */
  #sleep(): void {
    this.#ahead += this.#random.pick([10_000, 4_000_000, 30_000_000, -3_600_000]);
    if (this.#chance(50)) this.#request();
  }

  #catchUp(): void {
    if (this.#untilTick > 0) return;
    this.#do({ type: 'tick' });
    if (this.#untilTick <= 0) throw new Error('a tick is due again at once: a busy loop');
  }

  #chance(percent: number): boolean {
    return this.#random.int(100) < percent;
  }
}

function frameOf(message: Json): ReturnType<typeof readValidFrame> {
  return readValidFrame(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`));
}

function describe(thing: Event | Effect): string {
  const from = 'generation' in thing ? ` ${thing.generation}` : '';
  if ('frame' in thing) return `${thing.type}${from} ${thing.frame.bytes.toString().trimEnd()}`;
  if ('bytes' in thing) return `${thing.type}${from} ${thing.bytes.toString().trimEnd()}`;
  return JSON.stringify(thing);
}
