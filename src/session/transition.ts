// One step of a session: an event comes in, the state changes, effects go out. No I/O, no clock, no randomness: the
// same events at the same times give the same effects, so that every interleaving can be tested.
// Not for: performing effects (driver.ts).
import { errorFrame } from '../wire/message.ts';
import { dismissRetired } from './abandon.ts';
import { onClientFrame, onClientFrameEnd } from './client-frames.ts';
import { shutDown, toClient } from './events.ts';
import type { Effect, Event, Moment, Step } from './events.ts';
import { onAdopted, onLoggedOut, onNotOpened, onStarted } from './adoption.ts';
import { makeUpHandshake, release } from './generations.ts';
import { endOpening, onLoggedIn, onLoginFailed, onPrompt, openingUntil } from './login.ts';
import { answerOverdue, loginTick } from './login-wait.ts';
import {
  nextSuccessorAt,
  onEnded,
  onExited,
  restartAt,
  restartWhenDue,
  startSuccessorWhenDue,
} from './loss.ts';
import { onLogoutDone, onLogoutFailed } from './logout.ts';
import { giveUpStart, startOverdueAt } from './readiness.ts';
import { noteToken, releaseUnused } from './releases.ts';
import { CODE } from './replies.ts';
import {
  expire,
  onPrepared,
  onRefreshed,
  onRefused,
  onUnreachable,
  renewWhenDue,
  untilRenewal,
} from './rotation.ts';
import { route, routeNotification } from './routing.ts';
import { onSameToken } from './same-token.ts';
import { endLook, onNothingNewer } from './second-look.ts';
import { isExpired } from './selectors.ts';
import type { State } from './state.ts';
import { onStoreDescribed } from './status.ts';
import { obtainAt, obtainWhenDue, onNothingObtained } from './unattended.ts';
import { onUpstreamFrame, onUpstreamFrameEnd } from './upstream-frames.ts';

/** After stdin has ended, what is owed may take this long, in ms (the whole goodbye takes under 2 s). */
const FINISHING = 800;

/**
 * Applies `event` to `state`, which is changed in place, and returns what is to be done, in order.
 */
export function transition(state: State, event: Event, { wall, steady }: Moment): Effect[] {
  const step: Step = { state, wall, steady, effects: [], released: [] };
  if (state.closing.kind === 'closed') return step.effects;
  // By the wall clock, whatever happens first after a machine has slept.
  if (isExpired(state, wall)) expire(step);
  noteToken(state, event);
  // What comes in now does not overtake what that sets free.
  sendReleased(step);
  apply(step, event);
  // What settling sets free may be answered at once, and then there may be nothing left to wait for.
  do {
    sendReleased(step);
    settleDown(step);
  } while (step.released.length > 0);
  return step.effects;
}

function apply(step: Step, event: Event): void {
  switch (event.type) {
    case 'started':
      onStarted(step, event);
      return;
    case 'not-opened':
      onNotOpened(step, event.reason, event.unreachable);
      return;
    case 'adopted':
      onAdopted(step, event.token);
      return;
    case 'logged-out':
      onLoggedOut(step, event.message);
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
      step.state.closing = { kind: 'finishing', deadline: step.steady + FINISHING };
      return;
    case 'upstream-frame':
      onUpstreamFrame(step, event.generation, event.frame, event.suspicious);
      return;
    case 'upstream-frame-end':
      onUpstreamFrameEnd(step, event.generation, event.id);
      return;
    case 'upstream-exited':
      onExited(step, event.generation);
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
      if (step.state.config.unattended) onNothingObtained(step, event.message, event.unreachable === true);
      else onLoginFailed(step, event.message);
      return;
    case 'refresh-prepared':
      onPrepared(step, event.serial);
      return;
    case 'nothing-newer':
      onNothingNewer(step, event.serial);
      return;
    case 'refreshed':
      onRefreshed(step, event.token, event.found === true);
      return;
    case 'same-token':
      onSameToken(step, event.token);
      return;
    case 'refresh-refused':
      onRefused(step, event.message);
      return;
    case 'refresh-unreachable':
      onUnreachable(step, event.message);
      return;
    case 'logout-done':
      onLogoutDone(step, event);
      return;
    case 'logout-failed':
      onLogoutFailed(step, event.message);
      return;
    case 'store-described':
      onStoreDescribed(step, event.store);
      return;
    case 'tick':
      tick(step);
  }
}

/** What was held finds its way as things are now; what it sets free in turn, too. */
function sendReleased(step: Step): void {
  const { state } = step;
  for (const item of step.released.splice(0)) {
    if (item.kind === 'request') {
      // It may have been answered, or given up, since it was taken out of the queue.
      if (state.pending.get(item.pending.id) === item.pending) route(step, item.pending);
    } else routeNotification(step, item.bytes);
  }
  if (step.released.length > 0) sendReleased(step);
}

/** What follows from the state as it is by now, whatever event led to it. */
function settleDown(step: Step): void {
  const { state } = step;
  if (state.retired.size > 0) dismissRetired(step);
  renewWhenDue(step);
  releaseUnused(step);
  if (state.closing.kind === 'finishing' && (step.steady >= state.closing.deadline || !owesAnswers(state))) {
    endLook(step);
    shutDown(step, state.fatal ? 1 : 0);
  }
}

/** Whether anything is under way that may still be answered without a person. */
function owesAnswers({ pending, config }: State): boolean {
  for (const { place } of pending.values()) if (place.kind !== 'login' || config.unattended) return true;
  return false;
}

function tick(step: Step): void {
  const { state, steady } = step;
  if (state.fatal && steady >= state.fatal.deadline) shutDown(step, 1);
  giveUpStart(step);
  restartWhenDue(step);
  startSuccessorWhenDue(step);
  if (steady >= openingUntil(state)) endOpening(step);
  obtainWhenDue(step);
  if (steady >= loginTick(state)) answerOverdue(step);
  if (steady >= impatientAt(state)) {
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

/** In how many ms the next `tick` is due, counted from `now`; Infinity where nothing waits for time. */
export function untilTick(state: State, now: Moment): number {
  const { auth, closing, fatal, retired } = state;
  if (closing.kind === 'closed') return Infinity;
  const byWall = auth.kind === 'usable' ? (auth.token.expiresAt ?? Infinity) : Infinity;
  const bySteady = Math.min(
    impatientAt(state),
    startOverdueAt(state),
    restartAt(state),
    nextSuccessorAt(state),
    openingUntil(state),
    obtainAt(state),
    loginTick(state),
    closing.kind === 'finishing' ? closing.deadline : Infinity,
    fatal?.deadline ?? Infinity,
    ...[...retired.values()].map(({ deadline }) => deadline),
  );
  return Math.min(byWall - now.wall, bySteady - now.steady, untilRenewal(state, now));
}
