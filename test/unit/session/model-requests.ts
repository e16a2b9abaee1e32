// The requests that the client of a world makes: one, many at once, and those that are passed on while they arrive.
// Not for: what else it says (model-client.ts).
import { ID_TO_COME } from '../../../src/session/pending.ts';
import { canStream } from '../../../src/session/routing.ts';
import { readValidFrame } from '../../../src/wire/message.ts';
import type { Json } from '../../support/messages.ts';
import type { ClientCommand } from './model-commands.ts';
import { pick } from './model-pick.ts';
import type { World } from './world.ts';
import type { Request } from './world-requests.ts';

/** What a client asks for; `what` of a command counts through them. */
const REQUESTS: readonly (readonly [string, Json])[] = [
  ['tools/call', { name: 'write' }],
  ['tools/call', { name: 'read' }],
  ['tools/call', { name: 'put' }],
  ['tools/list', {}],
  ['x/custom', {}],
  ['resources/read', { uri: 'memo://one' }],
  ['ping', {}],
  ['tools/call', { name: 'auth_login' }],
  ['logging/setLevel', {}],
  ['resources/subscribe', {}],
  ['resources/unsubscribe', {}],
  ['prompts/get', { name: 'p' }],
  ['tools/call', { name: 'auth_status' }],
  ['tools/call', { name: 'auth_logout' }],
];
const LEVELS = ['debug', 'info', 'error'];
/** Those whose frames may be of any size. */
const LARGE_ONES: readonly (readonly [string, Json])[] = [
  ['x/custom', {}],
  ['tools/call', { name: 'write' }],
  ['tools/call', { name: 'read' }],
  ['resources/read', { uri: 'memo://one' }],
];
const FILLER = ' '.repeat(1200 * 1024);

export function request(world: World, what: number, spelling: number, token: number): void {
  const [method, params] = pick(REQUESTS, what) ?? ['ping', {}];
  ask(world, method, params, spelling, token);
}

/** Asks for something. What changes a server is asked only by a client that is initialized. */
export function ask(
  world: World,
  method: string,
  params: Json,
  spelling = 0,
  token = 0,
): Request | undefined {
  const { client } = world;
  const settings = method === 'logging/setLevel' || method.endsWith('subscribe');
  if (settings && !client.initialized) return undefined;
  const seq = client.requests.length;
  const more = settings ? { level: pick(LEVELS, seq), uri: `memo://${seq % 2}` } : {};
  const made = client.request(method, { ...params, ...more }, spelling, token);
  send(world, made);
  return made;
}

export function send(world: World, made: Request): void {
  world.fromClient(readValidFrame(frame(made)));
}

export function frame({ raw, method, params, token }: Request): Buffer {
  const inner = JSON.stringify(params);
  const meta = token === undefined ? '' : `${inner === '{}' ? '' : ','}"_meta":{"progressToken":${token}}`;
  return Buffer.from(
    `{"jsonrpc":"2.0","id":${raw},"method":"${method}","params":${inner.slice(0, -1)}${meta}}}\n`,
  );
}

/** Many at once, up to more than can be held, small or large. */
export function burst(
  world: World,
  { what, count, kilobytes }: Extract<ClientCommand, { do: 'burst' }>,
): void {
  const [method, params] = pick(LARGE_ONES, what) ?? ['ping', {}];
  const most = kilobytes > 0 ? Math.min(count, 30) : count;
  for (let n = 0; n < most; n += 1) {
    const made = world.client.request(method, params);
    const bytes = kilobytes > 0 ? padded(made, kilobytes * 1024) : frame(made);
    world.fromClient({ kind: 'request', id: made.id, method, bytes, streaming: false });
  }
}

/** Large frames share no memory, as they do not outside. */
function padded(made: Request, size: number): Buffer {
  const bytes = frame(made);
  return Buffer.concat([bytes.subarray(0, -1), Buffer.from(FILLER.slice(0, size)), bytes.subarray(-1)]);
}

/** A request above 256 KiB begins: it is passed on while it arrives, where the proxy can do that. */
export function upload(world: World, { what, idLast }: Extract<ClientCommand, { do: 'upload' }>): void {
  const { state, client } = world;
  if (world.upload || !client.greeted || !canStream(state, world.moment.wall)) return;
  const [method, params] = pick(LARGE_ONES, what) ?? ['x/custom', {}];
  const made = client.request(method, params, 0, 0, true);
  const generation = state.upstream.kind === 'none' ? 0 : state.upstream.generation;
  const bytes = Buffer.from(
    `{"jsonrpc":"2.0",${idLast ? '' : `"id":${made.raw},`}"method":"${method}","params":{`,
  );
  // Its beginning may lead to nothing; then the rest goes nowhere.
  world.upload = { request: made, idLast, generation, to: undefined };
  world.fromClient({ kind: 'request', id: idLast ? ID_TO_COME : made.id, method, bytes, streaming: true });
  const opened = world.streams.find((effect) => effect.type === 'to-upstream');
  if (opened?.type !== 'to-upstream') return;
  made.sentTo.push(opened.generation);
  world.upload = { request: made, idLast, generation, to: opened.generation };
}

/** Its last byte has come. */
export function endUpload(world: World): void {
  const { upload: sent } = world;
  if (!sent) return;
  const { request: made, idLast, generation, to } = sent;
  const server = to === undefined ? undefined : world.servers.get(to);
  // Half of it went to a server that is gone: it will not run.
  if (server?.alive === true && !server.stopped)
    server.inbox.set(made.id, { method: made.method, request: made });
  if (idLast) world.do({ type: 'client-frame-end', id: made.id, generation });
  world.upload = undefined;
}

/** A frame that is larger than can be held comes when nobody can take it. */
export function tooLarge(world: World): void {
  if (!world.client.greeted || canStream(world.state, world.moment.wall)) return;
  const made = world.client.request('x/custom', {});
  // The proxy has not entered it, and refuses it in one step.
  world.do({ type: 'client-frame-too-large', id: made.id });
}
