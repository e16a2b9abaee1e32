// When a token is renewed, and what the session does meanwhile (DESIGN 2.4): the schedule, the drain, the outcome.
// Not for: how a token is renewed (auth/), or the generation that follows (generations.ts).
import { renewalLead } from '../auth/token-source.ts';
import { log } from './events.ts';
import type { Moment, Step } from './events.ts';
import {
  announceChanges,
  endSuccession,
  markChanged,
  release,
  startGeneration,
  startSuccessor,
} from './generations.ts';
import { noteLateStart } from './loss.ts';
import { hold, owes, waitingAt } from './pending.ts';
import { isAsking } from './questions.ts';
import { expiredText } from './replies.ts';
import { isTooSoon, noteSetback } from './setback.ts';
import type { State, TokenView } from './state.ts';

const MINUTE = 60_000;
/**
 * So many refusals within the window, in ms, lead to a renewal each: a person may revoke twice, and a refresh that is
 * refused as well is the way to a login. A loop is not one of them, GitHub answers those with a lock.
 */
const MOST_REFUSALS = 3;
const REFUSAL_WINDOW = MINUTE;

/**
 * When the token is renewed, by the wall clock; Infinity where it is not. From half a lead before that on the first
 * idle moment is taken; and while a generation waits for something of the client, so that only this very process
 * can go on with it, the renewal is put off for the time of a drain. Jitter keeps windows apart.
 */
export function renewAt(state: State): number {
  const { auth, upstream, config } = state;
  if (auth.kind !== 'usable') return Infinity;
  const { token } = auth;
  if (token.expiresAt === undefined || !token.renewable) return Infinity;
  const half = renewalLead(token.issuedAt, token.expiresAt) / 2;
  const due = token.expiresAt - 2 * half * (1 - 0.1 * config.jitter);
  if (upstream.kind === 'ready' && isAsking(state, upstream.generation))
    return due + Math.min(config.drainTimeout, half);
  return state.pending.size === 0 ? Math.max(due - half, token.issuedAt + half) : due;
}

/** In how many ms the renewal goes on by itself; Infinity where time alone changes nothing. */
export function untilRenewal(state: State, { wall, steady }: Moment): number {
  const { auth, renewal, setback } = state;
  if (renewal.kind === 'draining') return renewal.deadline - steady;
  if (renewal.kind !== 'idle' || !mayBegin(state)) return Infinity;
  const pause = setback ? setback.retryAt - steady : 0;
  if (auth.kind === 'stale') return pause;
  // One renewal at a time: the token that is there has not come to serve yet.
  if (state.succession.kind === 'starting' || isStartingAgain(state)) return Infinity;
  return Math.max(renewAt(state) - wall, pause);
}

/** Whether a server other than the first, which may have to be downloaded, is to serve as soon as it has started. */
function isStartingAgain({ upstream, client }: State): boolean {
  return upstream.kind === 'starting' && client.told !== undefined;
}

/**
 * Nothing is renewed before the client has said hello: some clients start the command twice and kill one copy, and
 * a process that is killed in the middle of a refresh takes the only new token with it.
 */
function mayBegin({ client, closing }: State): boolean {
  return client.hello !== undefined && closing.kind === 'open';
}

/** Begins a renewal that is due, or goes on with one. */
export function renewWhenDue(step: Step): void {
  const { state } = step;
  if (state.renewal.kind === 'draining') refreshWhenDrained(step);
  // Whatever is ready by then: what could be saved by waiting is lost.
  else if (state.renewal.kind === 'preparing' && state.auth.kind === 'stale') refresh(step, true);
  else if (untilRenewal(state, step) <= 0) {
    if (state.auth.kind === 'stale') refresh(step, true);
    else if (overlaps(state)) refresh(step, false);
    else prepare(step);
  }
}

/** What a renewal takes beside the token (a lock among processes, say) is got while calls still flow. */
function prepare({ state, effects }: Step): void {
  if (state.auth.kind !== 'usable') return;
  const { serial } = state.auth.token;
  state.renewal = { kind: 'preparing', serial };
  effects.push({ type: 'prepare', serial });
}

/** Everything is ready for the renewal of the token `serial`. */
export function onPrepared(step: Step, serial: number): void {
  const { state } = step;
  if (state.renewal.kind !== 'preparing' || state.renewal.serial !== serial) return;
  if (mayBegin(state)) beginDrain(step);
  // The client has left meanwhile.
  else state.renewal = { kind: 'idle' };
}

/** Whether the token goes on to be accepted when there is a new one. */
export function overlaps({ auth, config }: State): boolean {
  return auth.kind === 'usable' && (config.rotation ?? auth.token.rotation) === 'overlapping';
}

/** The token's time has run out: it is renewed, or a person has to log in. */
export function expire(step: Step): void {
  const { state } = step;
  if (state.auth.kind !== 'usable') return;
  const { token } = state.auth;
  if (!token.renewable) {
    lock(step, expiredText(state.config));
    return;
  }
  state.auth = { kind: 'stale', token, why: 'expired' };
  // What failed while the token served is worth another try now that it does not.
  if (state.setback) state.setback = { ...state.setback, retryAt: step.steady };
}

/** GitHub does not accept the token any more. Returns whether a new one may be had (it is asked for, or was). */
export function refuseToken(step: Step): boolean {
  const { state } = step;
  if (state.auth.kind === 'stale') return true;
  if (state.auth.kind !== 'usable') return false;
  const { token } = state.auth;
  // A renewal that is under way mends it, at no cost: nothing more goes out with this token until then.
  if (state.renewal.kind !== 'refreshing') {
    const refusals = recentRefusals(step);
    // What brought this token again may do so once more, also where it is asked because that ends soon.
    if (refusals.some(({ serial }) => serial === token.serial)) return false;
    if (!isRenewing(state)) {
      if (refusals.length >= MOST_REFUSALS) return false;
      noteRefusal(step);
      log(step, 'warn', 'the token was not accepted; getting a new one');
    }
  }
  state.auth = { kind: 'stale', token, why: 'refused' };
  refresh(step, true);
  return true;
}

/** Whether a renewal is made in any case: it is due and made ready, or what runs is finished for it, or it is asked for. */
export function isRenewing({ renewal }: State): boolean {
  return renewal.kind === 'preparing' || renewal.kind === 'draining' || renewal.kind === 'refreshing';
}

/** The token was refused as soon as it was there: another one would be, too, so that none is asked for just now. */
export function noteRefusal(step: Step): void {
  const { state } = step;
  if (state.auth.kind === 'locked') return;
  const { serial } = state.auth.token;
  // Once, however many calls it fails: the others are room for renewals.
  forgive(state, serial);
  state.refusals = [...recentRefusals(step), { serial, at: step.steady }].slice(-MOST_REFUSALS);
}

/** Its refusal does not count any more. */
export function forgive(state: State, serial: number): void {
  state.refusals = state.refusals.filter((refusal) => refusal.serial !== serial);
}

function recentRefusals({ state, steady }: Step): State['refusals'] {
  return state.refusals.filter(({ at }) => steady - at < REFUSAL_WINDOW);
}

/** Whether the token is so new that getting another one cannot be the answer to its refusal. */
export function wasJustIssued({ state, wall }: Step): boolean {
  return state.auth.kind === 'usable' && Math.abs(wall - state.auth.token.issuedAt) < REFUSAL_WINDOW;
}

/** The renewal kills the old token (exclusive), so what runs with it is finished first. */
function beginDrain(step: Step): void {
  const { state } = step;
  log(step, 'debug', 'the token is renewed; new requests wait');
  state.renewal = { kind: 'draining', deadline: step.steady + state.config.drainTimeout };
  refreshWhenDrained(step);
}

/** Goes on with a renewal once nothing runs with the old token, or will not end in time, or has lost it. */
function refreshWhenDrained(step: Step): void {
  const { auth, renewal, upstream } = step.state;
  if (renewal.kind !== 'draining') return;
  // What was replaced before ran with an older token, which this renewal does not touch; and what this one asks of the
  // client beside any call has been waited for before (renewAt): some clients never answer.
  const owing = upstream.kind === 'ready' && owes(step.state, upstream.generation);
  if (!owing || step.steady >= renewal.deadline || auth.kind === 'stale') refresh(step, true);
}

/**
 * Renews a token that is not accepted any more. Returns whether that is under way; it is not begun again at once
 * after it has reached nobody.
 */
export function renewStale(step: Step): boolean {
  const { auth, renewal } = step.state;
  if (auth.kind !== 'stale') return false;
  // A logout is under way: that decides.
  if (renewal.kind === 'ending') return true;
  if (renewal.kind !== 'refreshing' && isTooSoon(step)) return false;
  refresh(step, true);
  return true;
}

/** Asks for a new token, where that is not under way; from here on new requests are held, or not. */
function refresh(step: Step, holding: boolean): void {
  const { auth, renewal } = step.state;
  if (auth.kind === 'locked' || renewal.kind === 'ending') return;
  step.state.renewal = { kind: 'refreshing', holding };
  if (renewal.kind !== 'refreshing') step.effects.push({ type: 'refresh', serial: auth.token.serial });
}

/** A new token is there: a new generation takes over; what was held, if anything was, goes to it. */
export function onRefreshed(step: Step, token: TokenView, found: boolean): void {
  const { state } = step;
  const { renewal } = state;
  // This is the token that a logout ends; or that serves on, where the logout fails.
  const isEnding = renewal.kind === 'ending' && state.auth.kind !== 'locked';
  // Locked or logged in meanwhile: the outcome of an older renewal decides nothing any more.
  if (renewal.kind !== 'refreshing' && !isEnding) return;
  log(step, 'info', 'the token was renewed');
  // Its refusal was another process's renewal, of which there may be any number: none was asked for here.
  if (found && state.auth.kind !== 'locked') forgive(state, state.auth.token.serial);
  replaceToken(step, token, renewal.kind === 'refreshing' ? !renewal.holding : overlaps(state));
}

/** A new token is there. @param overlapping the one before is accepted yet, where it was until now */
export function replaceToken(step: Step, token: TokenView, overlapping: boolean): void {
  const { state } = step;
  const wasLate = state.auth.kind === 'stale' && isStartingAgain(state);
  // The one before serves on where it may, and was not refused just now: nobody waits for the start.
  const isAccepted = state.auth.kind === 'usable' && state.renewal.kind !== 'looking';
  const serves = overlapping && isAccepted && state.upstream.kind === 'ready';
  state.auth = { kind: 'usable', token };
  endRenewal(state);
  // Without an upstream the lists that were told were empty ones.
  if (state.client.told?.synthetic || state.upstream.kind === 'none') markChanged(state);
  if (serves) startSuccessor(step, token.serial);
  else startGeneration(step, token.serial);
  if (wasLate) noteLateStart(step);
}

/** It will never be renewed: a person has to log in, or has to mend a setting. */
export function onRefused(step: Step, message: string): void {
  const { auth, renewal, config } = step.state;
  if (renewal.kind !== 'refreshing') return;
  // A setting that is wrong by now, or a program that fails, ends no token that is accepted yet.
  if (config.unattended && auth.kind === 'usable') {
    onUnreachable(step, message);
    return;
  }
  lock(step, message);
  // The calls that have waited for this are told why; asked again at once, it would be refused again.
  if (config.unattended) noteSetback(step, message, false);
}

/** Nobody could be reached: the token that is there serves while it is valid; later, those who wait are told. */
export function onUnreachable(step: Step, message: string): void {
  const { state } = step;
  if (state.renewal.kind !== 'refreshing') return;
  state.renewal = { kind: 'idle' };
  noteSetback(step, message, true);
  const meanwhile = state.auth.kind === 'usable' ? ' and serves while it is valid' : '';
  log(step, 'warn', `the token could not be renewed${meanwhile}: ${message}`);
  release(step);
}

/** What is known of renewals is of the past; a logout goes on, unless it is through. */
export function endRenewal(state: State, loggedOut = false): void {
  if (loggedOut || state.renewal.kind !== 'ending') state.renewal = { kind: 'idle' };
  state.setback = undefined;
}

/** No usable token and no way to one without a person. */
export function lock(step: Step, reason: string): void {
  const { state } = step;
  state.auth = { kind: 'locked', reason };
  state.served = undefined;
  endRenewal(state);
  endSuccession(step);
  log(step, 'warn', reason);
  markChanged(state);
  announceChanges(step);
  // There is no login to be announced any more.
  for (const pending of waitingAt(state, 'announce')) hold(step, pending);
  // What waits for a logout waits on: how that ends decides.
  if (state.renewal.kind !== 'ending') release(step);
}
