// What upstreams want of the client: requests of their own and the progress of those, under ids that name the
// generation, since ids and tokens start anew in each; and results that ask for input. No generation is replaced by
// choice while it waits for one of these (DESIGN 2.4). Not for: the proxy's own elicitation (login.ts).
import { dig, notificationFrame, parse } from '../wire/message.ts';
import type { IdText, NotificationFrame, RequestFrame, ResponseFrame } from '../wire/message.ts';
import { Needle } from '../wire/needle.ts';
import { canonicalId } from '../wire/scanner.ts';
import { locate, replace } from '../wire/splice.ts';
import { log, toClient, toUpstream } from './events.ts';
import type { Step } from './events.ts';
import type { State } from './state.ts';

/** Where a request, and a notification of progress, has its token. */
const TOKEN_OF_REQUEST = ['params', '_meta', 'progressToken'];
export const TOKEN_OF_PROGRESS = ['params', 'progressToken'];
/** What says so in a result; searched for natively before anything is parsed. */
const INPUT_REQUIRED = 'input_required';
export const ASKS_FOR_INPUT = new Needle(INPUT_REQUIRED);
/** A client need not bring the input that was asked for: what is remembered is bounded. */
const MOST_INPUTS = 100;

/** Whether a generation waits for something of the client. */
export function isAsking({ asked, inputs }: State, generation: number): boolean {
  if (asked.size === 0 && inputs.length === 0) return false;
  const isIts = (one: { readonly generation: number }): boolean => one.generation === generation;
  return inputs.some(isIts) || [...asked.values()].some(isIts);
}

/** A request of an upstream goes to the client. */
export function ask(step: Step, generation: number, frame: RequestFrame): void {
  const at = locate(frame.bytes, TOKEN_OF_REQUEST);
  const token = at && mapped(generation, frame.bytes.toString('utf8', at.start, at.end));
  const bytes = at && token !== undefined ? replace(frame.bytes, at, token) : frame.bytes;
  const range = locate(bytes, ['id']);
  if (!range) return;
  const id = mapped(generation, frame.id);
  step.state.asked.set(id, { generation, token });
  toClient(step, replace(bytes, range, id));
}

/** The upstream gave up on what it had asked of the client. */
export function withdraw(step: Step, generation: number, frame: NotificationFrame): void {
  const range = locate(frame.bytes, ['params', 'requestId']);
  if (!range) return;
  const id = mapped(generation, canonicalId(frame.bytes.toString('utf8', range.start, range.end)));
  if (!step.state.asked.delete(id)) return;
  toClient(step, replace(frame.bytes, range, id));
}

/** What a generation asked of the client has no one to answer to any more. */
export function withdrawAll(step: Step, generation: number): void {
  const { state } = step;
  for (const [id, asker] of state.asked) {
    if (asker.generation !== generation) continue;
    state.asked.delete(id);
    cancelAtClient(step, id, 'The server that asked was replaced.');
  }
  if (state.inputs.length > 0) state.inputs = state.inputs.filter((input) => input.generation !== generation);
}

/** Tells the client that a request which it was sent is of no interest any more. */
export function cancelAtClient(step: Step, id: IdText, reason: string): void {
  toClient(
    step,
    notificationFrame('notifications/cancelled', `{"requestId":${id},"reason":${JSON.stringify(reason)}}`),
  );
}

/** The client's answer goes to the generation that asked. */
export function passAnswer(step: Step, frame: ResponseFrame): void {
  const { state } = step;
  if (frame.id === undefined) return;
  const generation = state.asked.get(frame.id)?.generation;
  const range = locate(frame.bytes, ['id']);
  if (generation === undefined || !range) {
    log(step, 'debug', `an answer to ${frame.id} came too late for the server that asked`);
    return;
  }
  state.asked.delete(frame.id);
  toUpstream(step, generation, replace(frame.bytes, range, original(frame.id)));
}

/** The client's progress with what a generation asked; of what was withdrawn nobody hears. */
export function passProgress(step: Step, frame: NotificationFrame): void {
  const range = locate(frame.bytes, TOKEN_OF_PROGRESS);
  const token = range && frame.bytes.toString('utf8', range.start, range.end);
  const asked = [...step.state.asked.values()].find((one) => token !== undefined && one.token === token);
  if (!range || token === undefined || !asked) {
    log(step, 'debug', 'progress came too late for the server that asked');
    return;
  }
  toUpstream(step, asked.generation, replace(frame.bytes, range, original(token)));
}

/** Notes a result that asks for input, where it is one. */
export function noteInput({ state }: Step, generation: number, method: string, frame: ResponseFrame): void {
  if (frame.outcome !== 'result' || !ASKS_FOR_INPUT.isIn(frame.bytes)) return;
  const result = dig(parse(frame.bytes), 'result');
  if (dig(result, 'resultType') !== INPUT_REQUIRED) return;
  const key = inputKey(method, dig(result, 'requestState'));
  state.inputs = [...state.inputs, { generation, key }].slice(-MOST_INPUTS);
}

/** The client calls again with the input that a result had asked for, where it does. */
export function takeInput({ state }: Step, { method, bytes }: RequestFrame): void {
  const params = dig(parse(bytes), 'params');
  if (dig(params, 'inputResponses') === undefined) return;
  const key = inputKey(method, dig(params, 'requestState'));
  const at = state.inputs.findIndex((input) => input.key === key);
  if (at !== -1) state.inputs = state.inputs.toSpliced(at, 1);
}

/** A call is known again by its state, which is opaque and may be left out. */
function inputKey(method: string, requestState: unknown): string {
  return JSON.stringify([method, requestState]);
}

/** The id or token of a generation as the client knows it, as JSON text: `"g<generation>:<raw text>"`. */
function mapped(generation: number, raw: string): IdText {
  return JSON.stringify(`g${generation}:${raw}`);
}

function original(text: IdText): IdText {
  const inner = JSON.parse(text) as string;
  return inner.slice(inner.indexOf(':') + 1);
}
