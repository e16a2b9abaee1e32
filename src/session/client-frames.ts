// What a frame from the client leads to. Not for: where its request goes once it is entered (routing.ts).
import {
  dig,
  errorFrame,
  METHOD_NOT_FOUND,
  INVALID_REQUEST,
  parse,
  PARSE_ERROR,
  resultFrame,
} from '../wire/message.ts';
import type { Frame, IdText, Malformed, NotificationFrame, RequestFrame } from '../wire/message.ts';
import { canonicalId } from '../wire/scanner.ts';
import { textAt } from '../wire/splice.ts';
import { toClient, toUpstream } from './events.ts';
import type { Step } from './events.ts';
import { askHello, makeUpHandshake, startGeneration, wantedSerial } from './generations.ts';
import { KNOWN_VERSIONS, readHello, toldFrame } from './handshake.ts';
import { onElicitationAnswer } from './login.ts';
import { answer, enter, refuse, rekey, settle, ID_TO_COME } from './pending.ts';
import { endSoon } from './loss.ts';
import { passAnswer, passProgress, takeInput } from './questions.ts';
import { CODE } from './replies.ts';
import { forwardStream, route, routeNotification } from './routing.ts';
import { placeOf } from './selectors.ts';

/** MCP 2026-07-28: the revision that was asked for is not spoken here. */
const UNSUPPORTED_VERSION = -32022;

export function onClientFrame(step: Step, frame: Frame | Malformed): void {
  switch (frame.kind) {
    case 'malformed':
      onMalformed(step, frame);
      return;
    case 'response':
      if (!onElicitationAnswer(step, frame)) passAnswer(step, frame);
      return;
    case 'notification':
      onNotification(step, frame);
      return;
    case 'request':
      onRequest(step, frame);
  }
}

function onMalformed(step: Step, frame: Malformed): void {
  const message =
    frame.code === PARSE_ERROR
      ? 'Parse error: this line is not JSON'
      : 'Invalid request: expected one JSON-RPC 2.0 message a line (batches are not part of MCP)';
  toClient(step, errorFrame(frame.id, frame.code, message));
}

function onRequest(step: Step, frame: RequestFrame): void {
  const { state } = step;
  if (state.pending.has(frame.id)) {
    toClient(
      step,
      errorFrame(frame.id, INVALID_REQUEST, `Invalid request: id ${frame.id} is in use already`),
    );
    return;
  }
  if (frame.method === 'initialize') onInitialize(step, frame);
  else if (state.fatal) refuseFatal(step, frame);
  else if (!state.client.hello) beforeInitialize(step, frame);
  else {
    if (state.inputs.length > 0 && !frame.streaming) takeInput(step, frame);
    const pending = enter(step, frame, { kind: 'held' });
    if (frame.streaming) forwardStream(step, pending, frame.bytes);
    else route(step, pending);
  }
}

function onInitialize(step: Step, frame: RequestFrame): void {
  const { state } = step;
  const pending = enter(step, frame, { kind: 'handshake' });
  if (state.fatal) {
    refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', state.fatal.message);
    endSoon(step);
    return;
  }
  if (state.client.told) {
    answer(step, pending, toldFrame(pending.id, state.client.told));
    return;
  }
  const { upstream } = state;
  // One that was refused may be followed by another, with other params.
  if (upstream.kind !== 'starting' || !upstream.asked) state.client.hello = readHello(frame);
  if (upstream.kind === 'starting') askHello(step);
  else if (upstream.kind === 'none') {
    const serial = wantedSerial(state);
    // A placeholder that would not start is not tried again; a token's generation is, once per initialize.
    if (serial !== undefined && (state.auth.kind === 'usable' || !upstream.failure))
      startGeneration(step, serial);
    else makeUpHandshake(step);
  }
}

function refuseFatal(step: Step, frame: RequestFrame): void {
  const pending = enter(step, frame, { kind: 'handshake' });
  refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', step.state.fatal?.message ?? '');
}

/** Only `ping` may come before `initialize`; clients of the newer revision begin differently and get the truth. */
function beforeInitialize(step: Step, frame: RequestFrame): void {
  if (frame.method === 'ping') {
    toClient(step, resultFrame(frame.id, '{}'));
    return;
  }
  const requested = dig(parse(frame.bytes), 'params', '_meta', 'io.modelcontextprotocol/protocolVersion');
  if (frame.method === 'server/discover')
    toClient(step, errorFrame(frame.id, METHOD_NOT_FOUND, 'Method not found: server/discover'));
  else if (typeof requested === 'string')
    toClient(
      step,
      errorFrame(frame.id, UNSUPPORTED_VERSION, `Unsupported protocol version ${requested}`, {
        supported: KNOWN_VERSIONS,
        requested,
      }),
    );
  else toClient(step, errorFrame(frame.id, INVALID_REQUEST, 'Invalid request: initialize comes first'));
}

function onNotification(step: Step, frame: NotificationFrame): void {
  const { state } = step;
  const { upstream } = state;
  if (frame.method === 'notifications/cancelled') {
    onCancelled(step, frame);
    return;
  }
  if (frame.method === 'notifications/progress') {
    passProgress(step, frame);
    return;
  }
  if (frame.method === 'notifications/initialized') {
    state.client.initialized = true;
    // A generation that is still starting gets it with the replay of its handshake.
    if (upstream.kind === 'ready') toUpstream(step, upstream.generation, frame.bytes);
    return;
  }
  routeNotification(step, frame.bytes);
}

/**
 * The client gave up on a request: wherever that is, nobody answers it any more. An upstream that obeys does not
 * (MCP, cancellation), so a drain must not wait for it; an answer that crosses with this is dropped, as the client
 * would drop it.
 */
function onCancelled(step: Step, frame: NotificationFrame): void {
  const id = textAt(frame.bytes, ['params', 'requestId']);
  const pending = id === undefined ? undefined : step.state.pending.get(canonicalId(id));
  // An initialize must not be cancelled.
  if (!pending || pending.place.kind === 'handshake') return;
  if (pending.place.kind === 'upstream') toUpstream(step, pending.place.generation, frame.bytes);
  settle(step, pending);
}

/** A request that streamed is complete, and its id is known at last. */
export function onClientFrameEnd(step: Step, id: IdText | undefined, generation: number): void {
  const { state } = step;
  const pending = state.pending.get(ID_TO_COME);
  if (!pending) return;
  if (id === undefined || state.pending.has(id)) {
    settle(step, pending);
    return;
  }
  rekey(state, id);
  if (placeOf(state, generation) === 'gone')
    refuse(
      step,
      pending,
      CODE.upstreamEnded,
      'upstream_ended',
      'The server ended while this request was being sent. It has most likely not run: check before calling again.',
    );
}
