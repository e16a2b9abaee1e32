// How the servers of a world answer what they were asked: as they should, late, at length, wrongly, or twice.
// Not for: what they say by themselves (model-servers.ts), or how they end (model-deaths.ts).
import { needsWhole } from '../../../src/session/upstream-frames.ts';
import { readValidFrame } from '../../../src/wire/message.ts';
import type { Json } from '../../support/messages.ts';
import { pick } from './model-pick.ts';
import { RESULT } from './stepped.ts';
import type { World } from './world.ts';
import type { Request } from './world-requests.ts';
import type { Entry, Server } from './world-servers.ts';

/** What the servers of this world offer. */
export const CAPABILITIES = { tools: {}, logging: {}, resources: { subscribe: true }, prompts: {} };
const TOOLS = [
  { name: 'read', annotations: { readOnlyHint: true } },
  { name: 'put', annotations: { idempotentHint: true } },
  { name: 'write' },
];
/** What works without a token that is accepted. */
export const FREE = new Set([
  'tools/list',
  'ping',
  'logging/setLevel',
  'prompts/get',
  'resources/subscribe',
  'resources/unsubscribe',
]);

/** A frame of a server arrives. What streams ends before that. */
export function say(world: World, server: Server, text: string): void {
  if (!server.alive) return;
  endStream(world, server);
  deliver(world, server, text);
}

export function deliver(world: World, { generation }: Server, text: string): void {
  // As upstream-output.ts finds it out.
  const suspicious = (text.includes('isError') && text.includes('401')) || text.includes('input_required');
  world.do({ type: 'upstream-frame', generation, frame: readValidFrame(Buffer.from(text)), suspicious });
}

/** Answers the handshake. Most do; a later one may have changed. */
export function shake(world: World, server: Server | undefined, how: number): void {
  const [id] = server?.inbox.keys() ?? [];
  if (!server?.alive || server.answered || server.mute || id === undefined) return;
  const mayChange = world.state.client.told !== undefined && !world.scenario.unhurried;
  const refused = how === 15 && !world.scenario.unhurried;
  const protocolVersion = how === 14 && mayChange ? '2024-11-05' : RESULT.protocolVersion;
  const { logging: _, resources: __, ...less } = CAPABILITIES;
  const capabilities = how === 13 && mayChange ? less : CAPABILITIES;
  server.inbox.delete(id);
  server.answered = !refused;
  server.capabilities = capabilities;
  const outcome = refused
    ? '"error":{"code":-32600,"message":"no"}'
    : `"result":${JSON.stringify({ ...RESULT, protocolVersion, capabilities })}`;
  say(world, server, `{"jsonrpc":"2.0","id":${id},${outcome}}\n`);
}

/** How a failed authentication is told, where nothing else was chosen. */
export const REFUSAL = '"error":{"code":0,"message":"401 Bad credentials"}';

/** Answers one request, one way or another: `how` 0 to 5 as it should. */
export function answer(world: World, server: Server, id: string | undefined, how: number): void {
  const entry = id === undefined ? undefined : server.inbox.get(id);
  if (!entry || id === undefined || !server.alive) return;
  if (entry.method === 'initialize') {
    shake(world, server, 0);
    return;
  }
  // It says one thing after the other: what it says at length ends first, and may lead to its own end.
  endStream(world, server);
  if (!server.alive || !server.inbox.has(id)) return;
  server.inbox.delete(id);
  const accepted = FREE.has(entry.method) || world.tokens.accepts(server.serial, world.truth);
  const { request } = entry;
  if (request && !accepted && !server.stopped) refuse(world, request, server.serial);
  if (how >= 10 && request && accepted && stream(world, server, request, how === 11)) return;
  deliver(world, server, run(server, entry, id, accepted, how));
}

/** A server that is confused answers what it has answered before: most telling is what another one has by now. */
export function answerAgain(world: World, server: Server, of: number): void {
  const { client, servers } = world;
  const moved = servers
    .all()
    .flatMap((one) =>
      client.open.filter((request) => hadBy(one, request)).map((request) => ({ one, request })),
    );
  const answered = client.requests
    .filter((one) => hadBy(server, one))
    .map((request) => ({ one: server, request }));
  const again = pick(moved.length > 0 ? moved : answered, of);
  if (!again) return;
  const { one, request } = again;
  const content = `[{"type":"text","text":"done ${request.seq} by ${one.generation}"}]`;
  say(world, one, `{"jsonrpc":"2.0","id":${request.raw},"result":{"content":${content}}}\n`);
}

function hadBy({ generation, inbox }: Server, { id, sentTo, streamed }: Request): boolean {
  return sentTo.includes(generation) && !inbox.has(id) && !streamed;
}

/** A failed authentication is answered with another token, of which there are few (world-tokens.ts); or with a login. */
function refuse({ tokens, scenario }: World, request: Request, serial: number): void {
  tokens.hearRefusal(scenario.unattended);
  request.refusedWith.push(serial);
  const times = request.refusedWith.filter((one) => one === serial).length;
  if (times > 1 + tokens.logins + (tokens.extensions.get(serial) ?? 0))
    throw new Error(`${request.id} is tried again and again with token ${serial}`);
}

export function answerAll(world: World, server: Server): void {
  for (const id of server.inbox.keys()) answer(world, server, id, 0);
}

/** Runs a request. @returns the frame that answers it */
export function run(
  server: Server,
  { method, request }: Entry,
  id: string,
  accepted: boolean,
  how: number,
): string {
  const raw = request ? spelt(request) : id;
  const frame = (outcome: string): string =>
    how % 2 === 0
      ? `{"jsonrpc":"2.0","id":${raw},${outcome}}\n`
      : `{${outcome},"jsonrpc":"2.0","id":${raw}}\n`;
  if (!accepted && how % 3 === 0) return frame(REFUSAL);
  if (!accepted)
    return frame(`"result":{"isError":true,"content":[{"type":"text","text":"401 Bad credentials"}]}`);
  if (how === 8 && method === 'tools/call')
    return frame(
      `"result":{"resultType":"input_required","inputRequests":{},"requestState":"state of ${raw.replaceAll(/["\\]/g, '')}"}`,
    );
  if (request) effect(request);
  if (how === 9) return frame('"error":{"code":-32000,"message":"it went wrong"}');
  const text = `done ${request?.seq} by ${server.generation}, and 401 Bad credentials is only a text here`;
  const done: Json =
    method === 'tools/list' ? { tools: TOOLS, done: text } : { content: [{ type: 'text', text }] };
  return frame(`"result":${JSON.stringify(done)}`);
}

/** A request takes effect. @throws {Error} it must not, any more */
export function effect(request: Request): void {
  request.ran += 1;
  if (request.unsafe && request.ran > 1) throw new Error(`${request.id} ran ${request.ran} times`);
  if (request.notRun) throw new Error(`${request.id} was said not to have run, and runs`);
}

/** An id as another JSON library writes it. */
function spelt({ raw, seq }: Request): string {
  return raw.startsWith('"') && seq % 2 === 0 ? JSON.stringify(JSON.parse(raw)) : raw;
}

/** Begins a large answer, where the proxy passes that on. */
function stream(world: World, server: Server, request: Request, idLast: boolean): boolean {
  const { generation } = server;
  const bytes = Buffer.from(`{"jsonrpc":"2.0",${idLast ? '' : `"id":${request.raw},`}"result":{"content":[`);
  const id = idLast ? undefined : request.id;
  const frame = { kind: 'response', id, outcome: 'result', bytes, streaming: true } as const;
  if (needsWhole(world.state, generation, frame)) return false;
  effect(request);
  server.stream = { request, idLast, heard: false };
  world.do({ type: 'upstream-frame', generation, frame, suspicious: false });
  server.stream = { request, idLast, heard: world.streams.some(({ type }) => type === 'to-client') };
  return true;
}

export function endStream(world: World, server: Server): void {
  const { stream: sent, generation } = server;
  if (!sent) return;
  server.stream = undefined;
  if (world.closed) return;
  if (sent.heard) world.client.hearStreamed(sent.request);
  world.do({ type: 'upstream-frame-end', generation, id: sent.request.id });
}
