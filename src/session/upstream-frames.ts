// What a frame from an upstream leads to. Not for: what is said to upstreams.
import type { Frame, IdText, Malformed, NotificationFrame, ResponseFrame } from '../wire/message.ts';
import { textAt } from '../wire/splice.ts';
import { authFailureText } from './auth-failure.ts';
import { log, toClient } from './events.ts';
import type { Step } from './events.ts';
import { onlyOwnTools, passTools } from './lists.ts';
import { answer, hold, isLive, owedBy, settle } from './pending.ts';
import { ask, noteInput, TOKEN_OF_PROGRESS, withdraw } from './questions.ts';
import { onPrivateAnswer } from './readiness.ts';
import { PRIVATE_ID } from './replay.ts';
import type { WhyFinal } from './refusal.ts';
import { isRenewing, refuseToken, wasJustIssued } from './rotation.ts';
import { awaitRenewal, refuseLocked, route } from './routing.ts';
import { explain, lookFirst } from './second-look.ts';
import { placeOf, startingOf } from './selectors.ts';
import { PLACEHOLDER } from './state.ts';
import type { Pending, State } from './state.ts';

/** Of a tool's name in the audit trail. */
const LONGEST_NAME = 100;

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
      ask(step, generation, frame);
      return;
    case 'notification':
      onNotification(step, generation, frame, place === 'retired');
      return;
    case 'malformed':
      // An answer to a line it could not read carries no id; it is worth seeing, but nobody waits for it.
      step.effects.push({ type: 'noise', bytes: frame.bytes });
  }
}

function onResponse(step: Step, generation: number, frame: ResponseFrame, suspicious: boolean): void {
  const { state } = step;
  if (frame.id === undefined) {
    // A large answer whose id comes last: it cannot be one of those that are looked into (needsWhole).
    if (frame.streaming) beginAnswer(step, generation, frame);
    else step.effects.push({ type: 'noise', bytes: frame.bytes });
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
    beginAnswer(step, generation, frame);
    return;
  }
  const failure =
    suspicious || frame.outcome === 'error' ? authFailureText(frame, state.config.authFailure) : undefined;
  if (failure !== undefined) {
    onAuthFailure(step, generation, pending, failure);
    return;
  }
  if (suspicious) noteInput(step, generation, pending.method, frame);
  if (pending.method === 'tools/list') answer(step, pending, passTools(step, pending, frame));
  else answer(step, pending, frame.bytes);
}

/** A large answer goes to the client while it arrives. */
function beginAnswer(step: Step, generation: number, { bytes }: ResponseFrame): void {
  step.state.answering.add(generation);
  toClient(step, bytes, true);
}

/** A large answer has reached the client whole. */
export function onUpstreamFrameEnd(step: Step, generation: number, id: IdText | undefined): void {
  step.state.answering.delete(generation);
  const owed = owedBy(step.state, generation);
  // An id that did not come where its frame's beginning had promised it: the only one that is owed, if there is one.
  const pending = id === undefined && owed.length === 1 ? owed[0] : owed.find((one) => one.id === id);
  if (pending) settle(step, pending);
  else log(step, 'debug', `generation ${generation} sent a large answer that nobody waits for`);
}

/** Whether a large frame of an upstream has to be read whole, because it may have to be changed or kept. */
export function needsWhole(state: State, generation: number, frame: Frame | Malformed): boolean {
  if (frame.kind !== 'response') return true;
  if (frame.id !== undefined) {
    return frame.id.startsWith(PRIVATE_ID) || state.pending.get(frame.id)?.method === 'tools/list';
  }
  // Its id is not known yet: it may be any of those that this generation owes.
  if (startingOf(state, generation)) return true;
  for (const pending of state.pending.values()) {
    if (pending.method === 'tools/list' && pending.place.kind === 'upstream') return true;
  }
  return false;
}

/**
 * The upstream says that its token was not accepted. The call did not run, so it is made again with another one: once
 * where that is asked for here, and as often as other processes bring one.
 */
function onAuthFailure(step: Step, generation: number, pending: Pending, text: string): void {
  const { state } = step;
  const { auth } = state;
  const serial = serialOf(state, generation);
  // The token may have been replaced meanwhile: then the call goes to the new one.
  const isCurrent = auth.kind !== 'locked' && serial === auth.token.serial;
  // It has the token before, which was to be accepted yet: nothing more goes to it.
  const { upstream } = state;
  if (serial !== PLACEHOLDER) noteRefused(step, generation, pending);
  if (!isCurrent && upstream.kind === 'ready' && upstream.generation === generation)
    state.upstream = { ...upstream, lastsUntil: -Infinity };
  if (state.renewal.kind === 'ending' && pending.bytes) hold(step, pending);
  else if (!pending.bytes) {
    const renewed = !isCurrent || refuseToken(step);
    explain(step, pending, text, renewed ? 'not-kept' : 'guarded');
  } else if (serial === PLACEHOLDER || auth.kind === 'locked') retry(step, pending);
  else {
    const why = isCurrent ? whyFinal(step, pending) : undefined;
    // It was on its way: what it waits for now is no person.
    pending.answerBy = undefined;
    if (why === undefined) {
      pending.authRetries += 1;
      retry(step, pending);
    } else lookFirst(step, pending, text, why);
  }
}

/** Why no renewal answers this refusal of the session's token; undefined where one does, which is under way by then. */
function whyFinal(step: Step, pending: Pending): WhyFinal | undefined {
  const { auth, renewal } = step.state;
  // Whatever it is under way for, it mends this as well.
  const isUnderWay = auth.kind === 'stale' || isRenewing(step.state);
  if (!isUnderWay && pending.authRetries > 0) return 'renewed';
  // It has waited for the login that brought this token: another login would end the same.
  if (!isUnderWay && pending.answerBy !== undefined && wasJustIssued(step)) return 'logged-in';
  if (renewal.kind === 'looking') return 'guarded';
  return refuseToken(step) ? undefined : 'guarded';
}

/** For the audit trail: which method or tool, and nothing of what it was given. */
function noteRefused({ effects }: Step, generation: number, { method, tool }: Pending): void {
  const detail = tool === undefined ? method : `${method} ${tool.slice(0, LONGEST_NAME)}`;
  effects.push({ type: 'audit', event: 'refused', generation, detail });
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
    if (pending.method === 'tools/list' && !pending.paged)
      answer(step, pending, onlyOwnTools(state, pending));
    else refuseLocked(step, pending);
  } else if (state.auth.kind === 'stale') awaitRenewal(step, pending);
  else route(step, pending);
}

function onNotification(step: Step, generation: number, frame: NotificationFrame, retired: boolean): void {
  const { state } = step;
  switch (frame.method) {
    case 'notifications/cancelled':
      withdraw(step, generation, frame);
      return;
    case 'notifications/progress':
      passProgress(step, generation, frame);
      return;
    case 'notifications/elicitation/complete':
      // What a replaced generation asked for may have been done in a browser.
      break;
    default:
      // Of a replaced generation nothing else is of interest.
      if (retired) return;
  }
  if (state.client.told) toClient(step, frame.bytes);
}

/** Progress of a request that is answered by now, or given up, or made again elsewhere, is of no interest (MCP). */
function passProgress(step: Step, generation: number, frame: NotificationFrame): void {
  const token = textAt(frame.bytes, TOKEN_OF_PROGRESS);
  if (token !== undefined && isLive(step.state, generation, token)) toClient(step, frame.bytes);
  else log(step, 'debug', `generation ${generation} tells progress that nobody waits for`);
}
