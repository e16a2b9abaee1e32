// The servers of a world (world.ts): what each was sent and has not answered, what it ran, and the rules that a proxy
// must keep towards a server. Not for: choosing what happens next.
import { PLACEHOLDER } from '../../../src/session/state.ts';
import type { Json, Message } from '../../support/messages.ts';
import { RESULT } from './stepped.ts';

export interface Server {
  readonly generation: number;
  readonly serial: number;
  /** Requests that it has and has not answered, by id as JSON text. */
  readonly inbox: Map<string, Message>;
  initialized: boolean;
  stopped: boolean;
}

const TOOLS = { tools: [{ name: 'read', annotations: { readOnlyHint: true } }, { name: 'write' }] };

export class Servers {
  /** How often each write took effect, by id as JSON text. */
  readonly ran = new Map<string, number>();
  /** Tokens that are not accepted any more, and what stands for none. */
  readonly dead = new Set<number>([PLACEHOLDER]);
  readonly #servers = new Map<number, Server>();

  all(): Server[] {
    return [...this.#servers.values()];
  }

  spawn(generation: number, serial: number): void {
    this.#servers.set(generation, {
      generation,
      serial,
      inbox: new Map(),
      initialized: false,
      stopped: false,
    });
  }

  stop(generation: number): void {
    this.#find(generation).stopped = true;
  }

  /** @throws {Error} what the proxy wrote should not have been written there or then */
  deliver(generation: number, message: Message): void {
    const server = this.#find(generation);
    const { id, method } = message;
    if (server.stopped) throw new Error(`generation ${generation} was written to after its stop`);
    if (method === 'tools/call' && server.serial === PLACEHOLDER)
      throw new Error('a call went to a server without a token');
    if (method === 'notifications/initialized') server.initialized = true;
    // It may ask before it is ready, and is answered then.
    if (method !== undefined && method !== 'initialize' && !server.initialized)
      throw new Error(`generation ${generation} got ${method} before its handshake was through`);
    if (id !== undefined && method !== undefined) server.inbox.set(JSON.stringify(id), message);
  }

  /** Takes a request from its inbox and runs it. @returns the answer */
  run(server: Server, id: string): Json {
    const { method = '', params } = server.inbox.get(id) ?? {};
    server.inbox.delete(id);
    const refused = this.dead.has(server.serial) && method === 'tools/call';
    if (params?.['name'] === 'write' && !refused) this.#count(id);
    const content = [{ type: 'text', text: refused ? '401 Bad credentials' : 'done' }];
    const known: Record<string, Json> = {
      initialize: RESULT,
      'tools/list': TOOLS,
      'tools/call': { content, isError: refused },
    };
    return { id: JSON.parse(id) as string, result: known[method] ?? {} };
  }

  /** It dies; each of its writes may have run by then, so that running it again would be wrong. */
  die({ generation, serial, inbox }: Server, hasRun: () => boolean): void {
    this.#servers.delete(generation);
    if (this.dead.has(serial)) return;
    for (const [id, { params }] of inbox) if (params?.['name'] === 'write' && hasRun()) this.#count(id);
  }

  #count(id: string): void {
    this.ran.set(id, (this.ran.get(id) ?? 0) + 1);
  }

  #find(generation: number): Server {
    const server = this.#servers.get(generation);
    if (!server) throw new Error(`there is no generation ${generation} (any more)`);
    return server;
  }
}
