// The servers of a world (world.ts): what each was sent and has not answered, what it ran, and the rules that a proxy
// must keep towards a server. Not for: choosing what they do next (model-servers.ts).
import { PLACEHOLDER } from '../../../src/session/state.ts';
import { parse, readFrame } from '../../../src/wire/message.ts';
import { canonicalId } from '../../../src/wire/scanner.ts';
import { locate } from '../../../src/wire/splice.ts';
import type { Json, Message } from '../../support/messages.ts';
import { LARGE } from './world-client.ts';
import type { Client } from './world-client.ts';
import type { Request } from './world-requests.ts';

/** A request that a server has: of the client, or of the proxy itself. */
export interface Entry {
  readonly method: string;
  readonly request: Request | undefined;
}

/** A large answer on its way. */
interface Stream {
  readonly request: Request;
  readonly idLast: boolean;
  /** The proxy passes it on. */
  readonly heard: boolean;
}

export interface Server {
  readonly generation: number;
  readonly serial: number;
  /** Requests that it has and has not answered, by id as JSON text. */
  readonly inbox: Map<string, Entry>;
  /** What it wants of the client: id → progress token, as raw JSON text. */
  readonly asked: Map<string, string | undefined>;
  /** What it said last, before it died, and nobody has read. */
  readonly lastWords: string[];
  nextQuestion: number;
  /** Its answer to initialize was read. */
  answered: boolean;
  initialized: boolean;
  level: string | undefined;
  readonly subscriptions: Set<string>;
  capabilities: Json;
  /** The process runs. */
  alive: boolean;
  /** The proxy was told that the process has exited. */
  exited: boolean;
  stopped: boolean;
  /** That was in the middle of a large answer, so that it is heard until it ends. */
  inAnswer: boolean;
  /** It does not answer its handshake, however long that is waited for. */
  mute: boolean;
  stream: Stream | undefined;
  /** It died in the middle of one. */
  cut: boolean;
}

/** The capability without which a server is not asked this. */
const CAPABILITY: Readonly<Record<string, string>> = {
  'logging/setLevel': 'logging',
  'resources/subscribe': 'resources',
  'resources/unsubscribe': 'resources',
  'resources/read': 'resources',
  'prompts/get': 'prompts',
};
/** Of these a server without a token is not asked. */
export const NEEDS_TOKEN = new Set(['tools/call', 'resources/read', 'x/custom']);

export class Servers {
  /** A clock that was set back has made a token good again, which calls were held for: later ones need not wait. */
  anyOrder = false;
  /** The last call that was sent for the first time. */
  #lastCall = -1;
  /** A person has logged out since this token was there. */
  #over = 0;
  /** Requests before this one were made under another login. */
  #orphans = 0;
  readonly #servers = new Map<number, Server>();
  readonly #client: Client;
  readonly #isExpired: (serial: number) => boolean;

  /** @param isExpired whether the proxy knows that a token's time is over */
  constructor(client: Client, isExpired: (serial: number) => boolean) {
    this.#client = client;
    this.#isExpired = isExpired;
  }

  /** Those whose end the proxy was not told of. */
  all(): Server[] {
    return [...this.#servers.values()];
  }

  get(generation: number): Server | undefined {
    return this.#servers.get(generation);
  }

  spawn(generation: number, serial: number): void {
    this.#servers.set(generation, {
      generation,
      serial,
      inbox: new Map(),
      asked: new Map(),
      lastWords: [],
      nextQuestion: 0,
      answered: false,
      initialized: false,
      level: undefined,
      subscriptions: new Set(),
      capabilities: {},
      alive: true,
      exited: false,
      stopped: false,
      inAnswer: false,
      mute: false,
      stream: undefined,
      cut: false,
    });
  }

  stop(generation: number): void {
    const server = this.#servers.get(generation);
    // Its end may have led to this: the driver has nothing left to stop then.
    if (!server) return;
    server.stopped = true;
    server.inAnswer = server.stream !== undefined || server.cut;
  }

  /** No token until this one is to be used any more, and no request before this one with another. */
  retire(serial: number, seq: number): void {
    this.#over = serial;
    this.#orphans = seq;
  }

  forget(generation: number): void {
    this.#servers.delete(generation);
  }

  /** @throws {Error} what the proxy wrote should not have been written there, or not then */
  deliver(generation: number, bytes: Buffer): void {
    const frame = readFrame(bytes);
    const server = this.#writable(generation, bytes);
    if (frame.kind === 'response') this.#deliverAnswer(server, frame.id ?? '', bytes);
    else if (frame.kind === 'notification') this.#deliverNotification(server, frame.method, bytes);
    else if (frame.kind === 'request') this.deliverRequest(server, frame.id, frame.method, bytes);
    else throw new Error(`generation ${generation} was sent ${bytes.toString()}`);
  }

  /** The rules that the beginning of a request that streams must keep, too. */
  #writable(generation: number, bytes: Buffer): Server {
    const server = this.#servers.get(generation);
    const what = bytes.toString('utf8', 0, 100);
    if (!server) throw new Error(`generation ${generation} is gone and was sent ${what}`);
    // What is on its way to the client may be given up, or be about what it asked.
    const over = server.stopped && !(server.inAnswer && readFrame(bytes).kind !== 'request');
    if (over) throw new Error(`generation ${generation} was stopped and is sent ${what}`);
    return server;
  }

  deliverRequest(server: Server, id: string, method: string, bytes: Buffer): void {
    const { generation, serial } = server;
    if (server.exited) throw new Error(`generation ${generation} has exited and is sent ${method}`);
    if (method === 'initialize') {
      if (server.inbox.size > 0 || server.answered)
        throw new Error(`generation ${generation} was initialized twice`);
      server.inbox.set(id, { method, request: undefined });
      return;
    }
    if (!server.answered) throw new Error(`generation ${generation} got ${method} before its handshake`);
    const capability = CAPABILITY[method];
    if (capability !== undefined && !(capability in server.capabilities))
      throw new Error(`generation ${generation} offers no ${capability} and is sent ${method}`);
    if (NEEDS_TOKEN.has(method) && serial === PLACEHOLDER)
      throw new Error(`${method} went to a server without a token`);
    if (NEEDS_TOKEN.has(method) && serial <= this.#over)
      throw new Error(`${method} went to a server after the logout`);
    if (NEEDS_TOKEN.has(method) && this.#isExpired(serial))
      throw new Error(`${method} went to a server whose token has expired`);
    const request = this.#client.find(id);
    if (!request && !id.startsWith('"gh-mcp-proxy:')) throw new Error(`${id} is no request of the client`);
    if (request && request.seq < this.#orphans && NEEDS_TOKEN.has(method))
      throw new Error(`${id} is made under another login`);
    if (request) this.#enter(server, request);
    server.inbox.set(id, { method, request });
    if (bytes.length <= LARGE) this.#note(server, method, JSON.parse(bytes.toString()) as Message);
  }

  #enter(server: Server, request: Request): void {
    // It crosses with that: the end of its wait was due before.
    if (request.state !== 'open' && request !== this.#client.cancelling)
      throw new Error(`${request.id} is ${request.state}, but is sent to a server`);
    if (request.late && !server.initialized)
      throw new Error(`generation ${server.generation} got ${request.method} before it was initialized`);
    if (server.inbox.has(request.id)) throw new Error(`${request.id} was sent to the same server twice`);
    if (request.method === 'tools/call' && request.sentTo.length === 0) {
      if (request.seq < this.#lastCall && !this.anyOrder)
        throw new Error(`${request.id} was overtaken by a later call`);
      this.#lastCall = request.seq;
    }
    request.sentTo.push(server.generation);
  }

  /** What a server remembers of it. */
  #note(server: Server, method: string, { params }: Message): void {
    const uri = String(params?.['uri']);
    if (method === 'logging/setLevel') server.level = String(params?.['level']);
    else if (method === 'resources/subscribe') server.subscriptions.add(uri);
    else if (method === 'resources/unsubscribe') server.subscriptions.delete(uri);
  }

  #deliverNotification(server: Server, method: string, bytes: Buffer): void {
    if (!server.answered && method !== 'notifications/progress')
      throw new Error(`generation ${server.generation} got ${method} before its handshake`);
    if (method === 'notifications/initialized') {
      if (server.initialized) throw new Error(`generation ${server.generation} was initialized twice`);
      server.initialized = true;
    } else if (method === 'notifications/cancelled') {
      const id = rawAt(bytes, 'requestId');
      const request = this.#client.find(canonicalId(id));
      if (request?.sentTo.at(-1) !== server.generation)
        throw new Error(`generation ${server.generation} does not have ${id}, which is cancelled there`);
    } else if (method === 'notifications/progress') {
      const token = rawAt(bytes, 'progressToken');
      if (![...server.asked.values()].includes(token))
        throw new Error(`generation ${server.generation} knows no progress token ${token}`);
    }
  }

  #deliverAnswer(server: Server, id: string, bytes: Buffer): void {
    if (!server.asked.has(id)) throw new Error(`generation ${server.generation} asks nothing like ${id}`);
    server.asked.delete(id);
    const message = parse(bytes) as Message;
    const to = message.result?.['to'];
    if (to !== undefined && to !== `${server.generation}/${id}`)
      throw new Error(`generation ${server.generation} got the answer to ${JSON.stringify(to)} under ${id}`);
  }
}

function rawAt(bytes: Buffer, member: string): string {
  const range = locate(bytes, ['params', member]);
  return range ? bytes.toString('utf8', range.start, range.end) : '';
}
