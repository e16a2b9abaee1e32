// How the servers of a world end: the process dies, the proxy sees that it has exited, reads what it wrote last, and
// comes to the end of that. Not for: what they say while they run (model-answers.ts, model-servers.ts).
import { CAPABILITIES, deliver, effect, FREE, REFUSAL, run } from './model-answers.ts';
import { RESULT } from './stepped.ts';
import type { World } from './world.ts';
import type { Server } from './world-servers.ts';

/** The process dies. Each request that it has may have run by then (a bit of `fate`), and its answer be on its way. */
export function die(world: World, server: Server, fate: number): void {
  if (!server.alive) return;
  server.alive = false;
  // A frame that streams is cut: the client has got half a line.
  server.cut = server.stream !== undefined;
  server.stream = undefined;
  let bits = fate;
  for (const [id, entry] of server.inbox) {
    const ran = (bits & 1) === 1;
    const said = ran && (bits & 2) === 2;
    bits = bits >> 2;
    const accepted = FREE.has(entry.method) || world.tokens.accepts(server.serial, world.truth);
    if (entry.method === 'initialize') {
      if (said && !server.mute) server.lastWords.push(helloOf(id));
    } else if (said) server.lastWords.push(run(server, entry, id, accepted, 0));
    else if (ran && accepted && entry.request) effect(entry.request);
  }
  server.inbox.clear();
}

function helloOf(id: string): string {
  return `{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify({ ...RESULT, capabilities: CAPABILITIES })}}\n`;
}

/** The proxy sees that the process has exited. */
export function exit(world: World, server: Server, fate: number): void {
  if (server.exited) return;
  die(world, server, fate);
  server.exited = true;
  world.do({ type: 'upstream-exited', generation: server.generation });
}

/** What a dead server said last is read, and then the end of its output. */
export function end(world: World, server: Server, fate: number, cannotStart: boolean): void {
  die(world, server, fate);
  while (server.lastWords.length > 0) readLastWord(world, server);
  world.servers.forget(server.generation);
  world.do({
    type: 'upstream-ended',
    generation: server.generation,
    cannotStart,
    message: 'It ended: boom.',
  });
}

/** One frame that a dead server had written is read. */
export function readLastWord(world: World, server: Server): void {
  const text = server.lastWords.shift();
  if (text === undefined) return;
  if (text.includes('protocolVersion')) {
    server.answered = true;
    server.capabilities = CAPABILITIES;
  } else if (text.includes(REFUSAL)) world.tokens.hearRefusal(world.scenario.unattended);
  deliver(world, server, text);
}
