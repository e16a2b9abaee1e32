// One step of a session: an event comes in, the state changes, effects go out. No I/O, no clock, no randomness: the
// same events at the same times give the same effects, so that every interleaving can be tested.
// Not for: performing effects (driver.ts).
import { errorFrame } from '../wire/message.ts';
import { onClientFrame, onClientFrameEnd } from './client-frames.ts';
import { toClient, toUpstream } from './events.ts';
import type { Effect, Event, Step } from './events.ts';
import {
  makeUpHandshake,
  onEnded,
  release,
  restartWhenDue,
  startGeneration,
  wantedSerial,
} from './generations.ts';
import { answerOverdue, loginTick, onLoggedIn, onLoginFailed, onPrompt } from './login.ts';
import { owedBy } from './pending.ts';
import {
  beginRenewal,
  dismissRetired,
  expire,
  isExpired,
  onRefreshed,
  onRefused,
  onUnreachable,
  refreshWhenDrained,
  renewAt,
  renewStale,
  renewWhenIdleFrom,
} from './rotation.ts';
import { CODE } from './replies.ts';
import { route } from './routing.ts';
import type { State, TokenView } from './state.ts';
import { giveUpOn, onUpstreamFrame, onUpstreamFrameEnd } from './upstream-frames.ts';

/** After stdin has ended, what is owed may take this long, in ms (the whole goodbye takes under 2 s). */
const FINISHING = 800;

/**
 * Applies `event` to `state`, which is changed in place, and returns what is to be done, in order.
 * @param now wall clock, milliseconds since the epoch
 */
export function transition(state: State, event: Event, now: number): Effect[] {
  const step: Step = { state, now, effects: [], released: [] };
  if (state.closing.kind === 'closed') return step.effects;
  apply(step, event);
  sendReleased(step);
  settleDown(step);
  sendReleased(step);
  return step.effects;
}

function apply(step: Step, event: Event): void {
  switch (event.type) {
    case 'started':
      onStarted(step, event.token, event.lockedBecause);
      return;
    case 'client-frame':
      onClientFrame(step, event.frame);
      return;
    case 'client-frame-end':
      onClientFrameEnd(step, event.id, event.generation);
      return;
    case 'client-frame-too-large':
      toClient(
        step,
        errorFrame(event.id, CODE.tooMuchWaiting, 'This message is too large to wait for the server'),
      );
      return;
    case 'client-closed':
      step.state.closing = { kind: 'finishing', deadline: step.now + FINISHING };
      return;
    case 'upstream-frame':
      onUpstreamFrame(step, event.generation, event.frame, event.suspicious);
      return;
    case 'upstream-frame-end':
      onUpstreamFrameEnd(step, event.generation, event.id);
      return;
    case 'upstream-ended':
      onEnded(step, event);
      return;
    case 'login-prompt':
      onPrompt(step, event.prompt);
      return;
    case 'login-done':
      onLoggedIn(step, event.token);
      return;
    case 'login-failed':
      onLoginFailed(step, event.message);
      return;
    case 'refreshed':
      onRefreshed(step, event.token);
      return;
    case 'refresh-refused':
      onRefused(step, event.message);
      return;
    case 'refresh-unreachable':
      onUnreachable(step, event.message);
      return;
    case 'tick':
      tick(step);
  }
}

function onStarted(step: Step, token: TokenView | undefined, lockedBecause: string): void {
  const { state } = step;
  if (!token) state.auth = { kind: 'locked', reason: lockedBecause };
  else if (step.now < (token.expiresAt ?? Infinity)) state.auth = { kind: 'usable', token };
  else if (token.renewable) {
    // Nothing has to be asked over the network before the client is answered: the renewal runs beside the start.
    state.auth = { kind: 'stale', token, why: 'expired' };
    renewStale(step);
  } else state.auth = { kind: 'locked', reason: 'The login has expired.' };
  const serial = wantedSerial(state);
  if (serial !== undefined) startGeneration(step, serial);
}

/** What was held finds its way as things are now; what it sets free in turn, too. */
function sendReleased(step: Step): void {
  for (const item of step.released.splice(0)) {
    if (item.kind === 'request') {
      // It may have been answered, or given up, since it was taken out of the queue.
      if (step.state.pending.get(item.pending.id) === item.pending) route(step, item.pending);
    } else if (step.state.upstream.kind === 'ready')
      toUpstream(step, step.state.upstream.generation, item.bytes);
  }
  if (step.released.length > 0) sendReleased(step);
}

/** What follows from the state as it is by now, whatever event led to it. */
function settleDown(step: Step): void {
  const { state } = step;
  if (state.renewal.kind === 'draining') refreshWhenDrained(step);
  if (state.retired.size > 0)
    dismissRetired(step, (generation) => {
      for (const pending of owedBy(state, generation)) giveUpOn(step, pending);
    });
  if (state.pending.size === 0 && step.now >= renewWhenIdleFrom(state)) beginRenewal(step);
  if (state.closing.kind === 'finishing' && (step.now >= state.closing.deadline || !owesAnswers(state))) {
    state.closing = { kind: 'closed' };
    step.effects.push({ type: 'shutdown', exitCode: 0 });
  }
}

/** Whether anything is under way that may still be answered without a person. */
function owesAnswers(state: State): boolean {
  for (const pending of state.pending.values()) if (pending.place.kind !== 'login') return true;
  return false;
}

function tick(step: Step): void {
  const { state, now } = step;
  if (state.fatal && now >= state.fatal.deadline) step.effects.push({ type: 'shutdown', exitCode: 1 });
  if (isExpired(state, now)) expire(step);
  if (now >= renewAt(state)) beginRenewal(step);
  restartWhenDue(step);
  if (now >= loginTick(state)) answerOverdue(step);
  if (now >= impatientAt(state)) {
    makeUpHandshake(step);
    release(step);
  }
}

/** When a locked client that waits for a slow upstream is answered without it. */
function impatientAt(state: State): number {
  const { upstream, auth, config, client } = state;
  if (auth.kind !== 'locked' || upstream.kind !== 'starting' || !client.hello || client.told) return Infinity;
  return upstream.since + config.patience;
}

/** When the next `tick` is due, in milliseconds since the epoch; Infinity where nothing waits for time. */
export function nextTick(state: State): number {
  let next = impatientAt(state);
  if (state.auth.kind === 'usable') next = Math.min(next, state.auth.token.expiresAt ?? Infinity);
  if (state.renewal.kind === 'draining') next = Math.min(next, state.renewal.deadline);
  if (state.renewal.kind === 'idle')
    next = Math.min(next, state.pending.size === 0 ? renewWhenIdleFrom(state) : renewAt(state));
  if (state.upstream.kind === 'none' && state.upstream.restart)
    next = Math.min(next, state.upstream.notBefore);
  if (state.closing.kind === 'finishing') next = Math.min(next, state.closing.deadline);
  if (state.fatal) next = Math.min(next, state.fatal.deadline);
  for (const { deadline } of state.retired.values()) next = Math.min(next, deadline);
  return Math.min(next, loginTick(state));
}
