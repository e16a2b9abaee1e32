// What must be true of a session's state after every step, and of the order of what it held.
// Not for: what it says to its client (world-client.ts) and to servers (world-servers.ts).
import type { Effect } from '../../../src/session/events.ts';
import { ID_TO_COME } from '../../../src/session/pending.ts';
import { accepts, placeOf } from '../../../src/session/selectors.ts';
import type { Held, Pending, State } from '../../../src/session/state.ts';
import type { World } from './world.ts';
import { LARGE } from './world-client.ts';
import type { Server } from './world-servers.ts';

const MOST_HELD = 1000;
const MOST_HELD_BYTES = 16 * 1024 * 1024;
/** Held, kept of what was sent, and beside a login (ARCHITECTURE.md); and one frame more of each kind. In bytes. */
const MOST_BYTES = 48 * 1024 * 1024 + 3 * 2 * 1024 * 1024;
/** Larger tables are not looked through at every step. */
const FEW = 40;

/** @throws {Error} the state does not hold together, or not with what the world knows */
export function checkState(world: World): void {
  const { state, client } = world;
  checkBounds(state);
  if (state.renewal.kind === 'preparing') {
    if (state.auth.kind !== 'usable') throw new Error('a renewal is prepared that cannot wait');
    if (accepts(state, world.moment.wall) && state.held.length > 0)
      throw new Error('requests are held while a renewal is prepared');
  }
  if (state.renewal.kind === 'looking' && world.tokens.looking !== state.renewal.serial)
    throw new Error('it waits for a look that nobody takes');
  if (client.openCount !== state.pending.size) throw new Error(lostText(world));
  if (state.pending.size <= FEW) {
    checkSums(state);
    for (const pending of state.pending.values()) checkPending(world, pending);
  }
  if (state.progress.size > state.pending.size) throw new Error('progress tokens of nobody are kept');
  for (const pending of state.progress.values())
    if (state.pending.get(pending.id) !== pending) throw new Error(`the token of ${pending.id} is kept`);
  checkGenerations(world);
  for (const question of client.questions.values()) {
    const { generation } = question;
    if (generation !== undefined && !state.asked.has(question.id))
      throw new Error(`${question.id} is open at the client, and no answer to it would arrive`);
  }
  for (const id of state.asked.keys())
    if (!client.questions.has(id)) throw new Error(`${id} is not open at the client`);
}

function checkBounds({ held, heldBytes, pendingBytes, inputs, refusals }: State): void {
  if (held.length > MOST_HELD) throw new Error(`${held.length} frames are held`);
  if (heldBytes > MOST_HELD_BYTES) throw new Error(`${heldBytes} bytes are held`);
  if (heldBytes < 0 || (held.length === 0 && heldBytes !== 0))
    throw new Error(`${heldBytes} bytes in no frame`);
  if (pendingBytes > MOST_BYTES || pendingBytes < 0) throw new Error(`${pendingBytes} bytes are kept`);
  if (inputs.length > 100 || refusals.length > 3) throw new Error('memories grow');
}

function checkSums({ pending, pendingBytes, held, heldBytes }: State): void {
  const kept = [...pending.values()].reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
  if (kept !== pendingBytes) throw new Error(`${kept} bytes are kept, said to be ${pendingBytes}`);
  if (held.length > FEW) return;
  const waiting = held.reduce((sum, item) => sum + (bytesOf(item)?.length ?? 0), 0);
  if (waiting !== heldBytes) throw new Error(`${waiting} bytes are held, said to be ${heldBytes}`);
  for (const item of held)
    if (item.kind === 'request' && pending.get(item.pending.id) !== item.pending)
      throw new Error(`${item.pending.id} is held, but nobody waits for it`);
}

/** Nobody waits for what cannot come. */
function checkPending({ state, client, servers, upload }: World, pending: Pending): void {
  const { id, place } = pending;
  if (id === ID_TO_COME) {
    if (!upload) throw new Error('a request that streamed has ended, and its id is not known');
    return;
  }
  if (client.find(id)?.state !== 'open') throw new Error(`${id} is pending and not open`);
  if (
    place.kind === 'held' &&
    !state.held.some((item) => item.kind === 'request' && item.pending === pending)
  )
    throw new Error(`${id} is held, but is not in the queue`);
  if (place.kind === 'login' && state.login.kind === 'idle')
    throw new Error(`${id} waits for a login, and there is none`);
  if (place.kind !== 'upstream') return;
  const where = placeOf(state, place.generation);
  if (where !== 'current' && where !== 'retired')
    throw new Error(`${id} waits for generation ${place.generation}, which is ${where}`);
  const server = servers.get(place.generation);
  if (upload?.request.id !== id && !(server && mayAnswer(server, id)))
    throw new Error(`${id} waits for generation ${place.generation}, which does not have it`);
}

/** Whether its answer may come; or its end, which answers all that it has. */
function mayAnswer({ inbox, stream, lastWords, alive, stopped }: Server, id: string): boolean {
  return inbox.has(id) || stream?.request.id === id || lastWords.length > 0 || !alive || stopped;
}

/** Each process is of use, or was told to stop; and those that are of use run. */
function checkGenerations({ state, servers, closed }: World): void {
  if (closed) return;
  for (const { generation, stopped, inAnswer } of servers.all()) {
    const place = placeOf(state, generation);
    if (stopped !== (place === 'gone') && !(inAnswer && place === 'retired'))
      throw new Error(`generation ${generation} is ${place} and was ${stopped ? '' : 'not '}stopped`);
  }
  const { upstream, succession, retired } = state;
  const used = [...retired.keys()];
  if (upstream.kind !== 'none') used.push(upstream.generation);
  if (succession.kind === 'starting') used.push(succession.generation);
  for (const generation of used)
    if (!servers.get(generation)) throw new Error(`generation ${generation} is used and does not run`);
  for (const { generation } of state.inputs)
    if (!used.includes(generation)) throw new Error(`input for generation ${generation}, which is gone`);
}

function lostText({ state, client }: World): string {
  const open = client.open.filter(({ id }) => !state.pending.has(id)).map(({ id }) => id);
  const kept = [...state.pending.keys()].filter((id) => client.find(id)?.state !== 'open');
  return `lost: ${open.join(', ')}; kept for nobody: ${kept.join(', ')}`;
}

/** @throws {Error} what was held is sent in another order than it came in, or is held in another order than before */
export function checkOrder(before: readonly Held[], { held }: State, effects: readonly Effect[]): void {
  if (before.length < 2) return;
  const places = new Map<unknown, number>();
  for (const [at, item] of before.entries()) places.set(bytesOf(item), at);
  const sent = effects
    .filter((effect) => effect.type === 'to-upstream')
    .map(({ bytes }) => places.get(bytes))
    .filter((at) => at !== undefined);
  const left = held.map((item) => places.get(bytesOf(item)) ?? Infinity);
  for (const order of [sent, left]) {
    if (order.some((at, index) => index > 0 && at < (order[index - 1] ?? 0)))
      throw new Error(`what was held goes on in another order: ${order.join(', ')}`);
  }
}

function bytesOf(item: Held): Buffer | undefined {
  return item.kind === 'request' ? item.pending.bytes : item.bytes;
}

/** @throws {Error} a client is told of a login where there is none */
export function checkUnattended(bytes: Buffer): void {
  const text = bytes.toString('utf8', 0, LARGE);
  if (/auth_login|auth_logout|logged in|log (the person )?in|gh-mcp-proxy:login/i.test(text))
    throw new Error(`nobody can log in, and the client is told: ${text}`);
}
