// The table of the client's requests that have no answer yet, and the queue of those that wait for a generation:
// the one place that changes either. Not for: deciding where a request goes (routing.ts).
import { dig, parse } from '../wire/message.ts';
import type { IdText, RequestFrame } from '../wire/message.ts';
import { Needle } from '../wire/needle.ts';
import { textAt } from '../wire/splice.ts';
import { toClient } from './events.ts';
import type { Step } from './events.ts';
import { CODE, refusal } from './replies.ts';
import type { Pending, Place, State } from './state.ts';

/** The most that waits for a generation (DESIGN 2.1: the queue is bounded). */
const MOST_HELD = 1000;
const MOST_HELD_BYTES = 16 * 1024 * 1024;
/**
 * The most that is kept of requests which were sent, in bytes. Thousands of large calls may be in flight at once; those
 * that are sent beyond this are not made again, neither with a new token nor after a crash.
 */
const MOST_SENT_BYTES = 16 * 1024 * 1024;

/** Stands for the id of a request that streams and has not come to its id. No JSON text can equal it. */
export const ID_TO_COME = 'id to come';

/** Where this is not, nobody asks for progress. */
export const PROGRESS_TOKEN = new Needle('progressToken');

/** Methods whose parameters decide something here; of all others only the bytes matter. */
const READ_METHODS = new Set(['tools/call', 'tools/list', 'prompts/list', 'resources/list']);

/** Enters a request of the client. */
export function enter(step: Step, frame: RequestFrame, place: Place): Pending {
  const params =
    READ_METHODS.has(frame.method) && !frame.streaming ? dig(parse(frame.bytes), 'params') : undefined;
  const pending: Pending = {
    id: frame.id,
    method: frame.method,
    order: step.state.arrivals,
    streamed: frame.streaming,
    bytes: frame.streaming ? undefined : frame.bytes,
    tool: toolOf(params),
    progressToken: frame.streaming ? undefined : progressTokenOf(frame.bytes),
    paged: typeof dig(params, 'cursor') === 'string',
    scopes: scopesOf(params),
    place,
    answerBy: undefined,
    authRetries: 0,
    crashRetries: 0,
  };
  step.state.arrivals += 1;
  add(step.state, pending);
  return pending;
}

function toolOf(params: unknown): string | undefined {
  const tool = dig(params, 'name');
  return typeof tool === 'string' ? tool : undefined;
}

function scopesOf(params: unknown): string[] {
  const scopes = dig(params, 'arguments', 'scopes');
  return Array.isArray(scopes) ? scopes.filter((scope) => typeof scope === 'string') : [];
}

/** The raw text of the progress token, so that it goes back as it came. Any method may have one. */
function progressTokenOf(bytes: Buffer): string | undefined {
  if (!PROGRESS_TOKEN.isIn(bytes)) return undefined;
  return textAt(bytes, ['params', '_meta', 'progressToken']);
}

/** Of a progress token, as a server in JavaScript gives it back: a number may have lost its last digits. */
function progressKey(raw: string): string {
  return JSON.stringify(JSON.parse(raw));
}

/** A tool call as it is forwarded by the thousand: what nobody asks of it is not looked up. */
export class PlainCall implements Pending {
  id: IdText;
  readonly method = 'tools/call';
  /** No call changes what is kept of it. */
  readonly order = 0;
  readonly streamed = false;
  /** One that asks for progress is none of these (client-input.ts). */
  readonly progressToken = undefined;
  readonly paged = false;
  place: Place;
  answerBy: number | undefined = undefined;
  authRetries = 0;
  crashRetries = 0;
  #region: Buffer | undefined;
  #from: number;
  #to: number;

  /** The call whose frame lies in `region` from `from` to `to`. */
  constructor(id: IdText, place: Place, region: Buffer, from: number, to: number) {
    this.id = id;
    this.place = place;
    this.#region = region;
    this.#from = from;
    this.#to = to;
  }

  get bytes(): Buffer | undefined {
    return this.#region?.subarray(this.#from, this.#to);
  }

  set bytes(bytes: Buffer | undefined) {
    this.#region = bytes;
    this.#from = 0;
    this.#to = bytes?.length ?? 0;
  }

  /** Of `bytes`, without making a buffer. */
  get size(): number {
    return this.#to - this.#from;
  }

  get tool(): string | undefined {
    return toolOf(this.#params);
  }

  get scopes(): readonly string[] {
    return scopesOf(this.#params);
  }

  get #params(): unknown {
    return this.bytes && dig(parse(this.bytes), 'params');
  }
}

/** Enters a call that is on its way to a generation already. */
export function enterPlain(state: State, call: PlainCall): void {
  add(state, call);
  slim(state, call);
}

/** Takes such a call out of the table, whose result is on its way to the client; false where `id` is none. */
export function settlePlain(state: State, id: IdText, generation: number): boolean {
  const pending = state.pending.get(id);
  if (!(pending instanceof PlainCall) || pending.place.kind !== 'upstream') return false;
  if (pending.place.generation !== generation) return false;
  remove(state, pending);
  return true;
}

/** Lets go of the bytes of a request that was sent, where enough is kept without them. */
export function slim(state: State, pending: Pending): void {
  if (state.pendingBytes <= MOST_SENT_BYTES) return;
  state.pendingBytes -= sizeOf(pending);
  pending.bytes = undefined;
}

function add(state: State, pending: Pending): void {
  state.pending.set(pending.id, pending);
  state.pendingBytes += sizeOf(pending);
  if (pending.progressToken !== undefined) state.progress.set(progressKey(pending.progressToken), pending);
}

function remove(state: State, pending: Pending): void {
  if (state.pending.delete(pending.id)) state.pendingBytes -= sizeOf(pending);
  if (pending.progressToken === undefined) return;
  const token = progressKey(pending.progressToken);
  if (state.progress.get(token) === pending) state.progress.delete(token);
}

function sizeOf(pending: Pending): number {
  return pending instanceof PlainCall ? pending.size : (pending.bytes?.length ?? 0);
}

/** Gives a streamed request the id that came at its end. */
export function rekey(state: State, id: IdText): void {
  const pending = state.pending.get(ID_TO_COME);
  if (!pending) return;
  state.pending.delete(ID_TO_COME);
  pending.id = id;
  state.pending.set(id, pending);
}

/** Takes a request out of the table: it is answered, or nobody waits for it any more. */
export function settle(step: Step, pending: Pending): void {
  remove(step.state, pending);
  if (pending.place.kind === 'held') unhold(step.state, pending);
}

/** Answers a request and takes it out of the table. */
export function answer(step: Step, pending: Pending, bytes: Buffer): void {
  settle(step, pending);
  toClient(step, bytes);
}

/** Answers with an error of the proxy's own; later, where the id is not known yet (client-frames.ts). */
export function refuse(step: Step, pending: Pending, code: number, reason: string, message: string): void {
  if (pending.id === ID_TO_COME) return;
  answer(step, pending, refusal(pending, code, reason, message));
}

/** Queues a request for a generation to come. */
export function hold(step: Step, pending: Pending): void {
  const { state } = step;
  const bytes = sizeOf(pending);
  if (state.held.length >= MOST_HELD || state.heldBytes + bytes > MOST_HELD_BYTES) {
    const message = 'Too many requests are waiting for the server to come back. Try again in a moment.';
    refuse(step, pending, CODE.tooMuchWaiting, 'too_much_waiting', message);
    return;
  }
  pending.place = { kind: 'held' };
  state.held.push({ kind: 'request', pending });
  state.heldBytes += bytes;
}

/** Lets a call wait for a person, or for a token. Returns whether there is room for it beside those that do: if not, it is answered. */
export function awaitPerson(step: Step, pending: Pending): boolean {
  const { login, pendingBytes, config } = step.state;
  if (login.kind !== 'idle' && pendingBytes > MOST_HELD_BYTES + MOST_SENT_BYTES) {
    const what = config.unattended ? 'a token' : 'the login';
    const message = `Too many calls are waiting for ${what}. Make this one again after that.`;
    refuse(step, pending, CODE.tooMuchWaiting, 'too_much_waiting', message);
    return false;
  }
  pending.place = { kind: 'login' };
  return true;
}

/** Queues a notification of the client behind the requests that came before it; beyond the bound it is dropped. */
export function holdNotification(state: State, bytes: Buffer): void {
  if (state.held.length >= MOST_HELD || state.heldBytes + bytes.length > MOST_HELD_BYTES) return;
  state.held.push({ kind: 'notification', bytes });
  state.heldBytes += bytes.length;
}

/** Empties the queue and returns what was in it, in order. */
export function takeHeld(state: State): State['held'] {
  const held = state.held;
  state.held = [];
  state.heldBytes = 0;
  return held;
}

function unhold(state: State, pending: Pending): void {
  const before = state.held.length;
  state.held = state.held.filter((item) => item.kind !== 'request' || item.pending !== pending);
  if (state.held.length < before) state.heldBytes -= sizeOf(pending);
}

/**
 * Whether a generation works on a request that asked for progress under this token. Of a request that streamed the
 * token is not known: it may be that one's.
 */
export function isLive(state: State, generation: number, token: string): boolean {
  const known = state.progress.get(progressKey(token));
  if (known) return known.place.kind === 'upstream' && known.place.generation === generation;
  return owedBy(state, generation).some(({ streamed }) => streamed);
}

/** Whether a generation has a request that it has not answered, or is in the middle of an answer. */
export function owes(state: State, generation: number): boolean {
  if (state.answering.has(generation)) return true;
  for (const { place } of state.pending.values()) {
    if (place.kind === 'upstream' && place.generation === generation) return true;
  }
  return false;
}

/** The requests that a generation has and has not answered. */
export function owedBy(state: State, generation: number): Pending[] {
  const owed: Pending[] = [];
  for (const pending of state.pending.values()) {
    if (pending.place.kind === 'upstream' && pending.place.generation === generation) owed.push(pending);
  }
  return owed;
}

/** The requests that are at a place of this kind, in the order of arrival. */
export function waitingAt(state: State, kind: Place['kind']): Pending[] {
  return [...state.pending.values()].filter((pending) => pending.place.kind === kind);
}
