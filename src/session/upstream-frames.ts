// What a frame from an upstream leads to. Not for: what is said to upstreams.
import { errorFrame } from '../wire/message.ts';
import type {
  Frame,
  IdText,
  Malformed,
  NotificationFrame,
  RequestFrame,
  ResponseFrame,
} from '../wire/message.ts';
import { locate, replace } from '../wire/splice.ts';
import { authFailureText } from './auth-failure.ts';
import { mappedId } from './client-frames.ts';
import { log, toClient } from './events.ts';
import type { Step } from './events.ts';
import { onPrivateAnswer, PRIVATE_ID } from './generations.ts';
import { passTools } from './lists.ts';
import { answer, hold, refuse, settle } from './pending.ts';
import { CODE, toolResult } from './replies.ts';
import { refuseToken } from './rotation.ts';
import { route } from './routing.ts';
import { PLACEHOLDER } from './state.ts';
import type { Pending, State } from './state.ts';

export function onUpstreamFrame(
  step: Step,
  generation: number,
  frame: Frame | Malformed,
  suspicious: boolean,
): void {
  const place = placeOf(step.state, generation);
  if (place === 'gone') return;
  switch (frame.kind) {
    case 'response':
      onResponse(step, generation, frame, suspicious);
      return;
    case 'request':
      onRequest(step, generation, frame);
      return;
    case 'notification':
      onNotification(step, generation, frame, place);
      return;
    case 'malformed':
      // An answer to a line it could not read carries no id; it is worth seeing, but nobody waits for it.
      step.effects.push({ type: 'noise', generation, bytes: frame.bytes });
  }
}

function placeOf(state: State, generation: number): 'current' | 'retired' | 'gone' {
  if (state.upstream.kind !== 'none' && state.upstream.generation === generation) return 'current';
  return state.retired.has(generation) ? 'retired' : 'gone';
}

function onResponse(step: Step, generation: number, frame: ResponseFrame, suspicious: boolean): void {
  const { state } = step;
  if (frame.id === undefined) {
    // A large answer whose id comes last: it cannot be one of those that are looked into (needsWhole).
    toClient(step, frame.bytes, true);
    return;
  }
  if (frame.id.startsWith(PRIVATE_ID)) {
    onPrivateAnswer(step, generation, frame);
    return;
  }
  const pending = state.pending.get(frame.id);
  if (pending?.place.kind !== 'upstream' || pending.place.generation !== generation) {
    log(step, 'debug', `generation ${generation} answered ${frame.id}, which nobody waits for`);
    return;
  }
  if (frame.streaming) {
    toClient(step, frame.bytes, true);
    return;
  }
  const failure = suspicious ? authFailureText(frame, state.config.authFailure) : undefined;
  if (failure !== undefined) onAuthFailure(step, generation, pending, frame, failure);
  else if (pending.method === 'tools/list') answer(step, pending, passTools(step, pending, frame));
  else answer(step, pending, frame.bytes);
}

/** A large answer has reached the client whole. */
export function onUpstreamFrameEnd(step: Step, generation: number, id: IdText | undefined): void {
  const pending = id === undefined ? undefined : step.state.pending.get(id);
  if (pending?.place.kind === 'upstream' && pending.place.generation === generation) settle(step, pending);
}

/** Whether a large frame of an upstream has to be read whole, because it may have to be changed or kept. */
export function needsWhole(state: State, generation: number, frame: Frame | Malformed): boolean {
  if (frame.kind !== 'response') return true;
  if (frame.id !== undefined) {
    return frame.id.startsWith(PRIVATE_ID) || state.pending.get(frame.id)?.method === 'tools/list';
  }
  // Its id is not known yet: it may be any of those that this generation owes.
  if (state.upstream.kind === 'starting' && state.upstream.generation === generation) return true;
  for (const pending of state.pending.values()) {
    if (pending.method === 'tools/list' && pending.place.kind === 'upstream') return true;
  }
  return false;
}

/** The upstream says that its token was not accepted. The call did not run, so it may be made again, once. */
function onAuthFailure(
  step: Step,
  generation: number,
  pending: Pending,
  frame: ResponseFrame,
  text: string,
): void {
  const { state } = step;
  const serial = serialOf(state, generation);
  if (serial === PLACEHOLDER || state.auth.kind === 'locked') {
    retry(step, pending);
    return;
  }
  if (pending.authRetries > 0 || !pending.bytes) {
    explain(step, pending, frame, text);
    return;
  }
  // The token was replaced meanwhile, or is being replaced: this call goes to the new one.
  if (serial !== state.auth.token.serial || refuseToken(step)) {
    pending.authRetries += 1;
    retry(step, pending);
  } else explain(step, pending, frame, text);
}

function serialOf(state: State, generation: number): number {
  const retired = state.retired.get(generation);
  if (retired) return retired.serial;
  return state.upstream.kind === 'none' ? PLACEHOLDER : state.upstream.serial;
}

/** Sends a call whose token was not accepted on its way again, as things are now. */
function retry(step: Step, pending: Pending): void {
  const { state } = step;
  if (state.auth.kind === 'locked' && pending.method !== 'tools/call') {
    if (pending.method === 'tools/list')
      answer(step, pending, passTools(step, pending, emptyAnswer(pending)));
    else
      refuse(
        step,
        pending,
        CODE.loginNeeded,
        'login_needed',
        `Nobody is logged in to ${state.config.hostLabel}. Call the tool ${state.authTool} first.`,
      );
  } else if (state.auth.kind === 'stale') hold(step, pending);
  else route(step, pending);
}

function emptyAnswer(pending: Pending): ResponseFrame {
  const bytes = errorFrame(pending.id, CODE.loginNeeded, 'login needed');
  return { kind: 'response', id: pending.id, outcome: 'error', bytes, streaming: false };
}

/** A second failure goes to the client, with what the proxy knows about it. */
function explain(step: Step, pending: Pending, frame: ResponseFrame, text: string): void {
  if (pending.method !== 'tools/call') {
    answer(step, pending, frame.bytes);
    return;
  }
  const { hostLabel, version } = step.state.config;
  const why =
    pending.authRetries > 0
      ? 'gh-mcp-proxy got a new token and made this call again, but that token was not accepted either.'
      : 'gh-mcp-proxy has replaced the token a moment ago, and does not do so again at once.';
  answer(
    step,
    pending,
    toolResult(
      pending,
      `${text}\n\n${why} The login itself seems fine: check on ${hostLabel} that the app is still authorised and that ` +
        `the server talks to the same host. (gh-mcp-proxy ${version})`,
      true,
    ),
  );
}

/** What an upstream asks of the client goes under an id that names the generation, since ids start anew in each. */
function onRequest(step: Step, generation: number, frame: RequestFrame): void {
  const range = locate(frame.bytes, ['id']);
  if (!range) return;
  const id = mappedId(generation, frame.id);
  step.state.asked.set(id, generation);
  toClient(step, replace(frame.bytes, range, id));
}

function onNotification(
  step: Step,
  generation: number,
  frame: NotificationFrame,
  place: 'current' | 'retired',
): void {
  if (frame.method === 'notifications/cancelled') {
    withdraw(step, generation, frame);
    return;
  }
  // Of a replaced generation only the progress of what it still owes is of interest.
  if (place === 'retired' && frame.method !== 'notifications/progress') return;
  if (!step.state.client.told) return;
  toClient(step, frame.bytes);
}

/** The upstream gave up on what it had asked of the client. */
function withdraw(step: Step, generation: number, frame: NotificationFrame): void {
  const range = locate(frame.bytes, ['params', 'requestId']);
  if (!range) return;
  const id = mappedId(generation, frame.bytes.toString('utf8', range.start, range.end));
  if (!step.state.asked.delete(id)) return;
  toClient(step, replace(frame.bytes, range, id));
}

/** A generation that was replaced did not answer in time. */
export function giveUpOn(step: Step, pending: Pending): void {
  refuse(
    step,
    pending,
    CODE.upstreamEnded,
    'upstream_ended',
    'The server did not answer before its token had to be replaced. The call may or may not have run: check before ' +
      'calling again.',
  );
}
