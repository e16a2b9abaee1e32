// When a token is renewed, and what the session does meanwhile (DESIGN 2.4): the schedule, the drain, the outcome.
// Not for: how a token is renewed (auth/), or the generation that follows (generations.ts).
import { log } from './events.ts';
import type { Step } from './events.ts';
import { announceChanges, markChanged, release, startGeneration } from './generations.ts';
import { owes } from './pending.ts';
import type { State, TokenView } from './state.ts';

const MINUTE = 60_000;
/**
 * So many refusals within the window, in ms, lead to a renewal each: a person may revoke twice, and a refresh that is
 * refused as well is the way to a login. A loop is not one of them, GitHub answers those with a lock.
 */
const MOST_REFUSALS = 3;
const REFUSAL_WINDOW = MINUTE;
/** Between renewals that reach nobody, by the timer. In ms. */
const FIRST_RETRY = 2_000;
const LONGEST_RETRY = 5 * MINUTE;
/** The same for a request that cannot do without one: a person who waits tries sooner than a timer would. In ms. */
const REQUEST_RETRY = 1_000;

/** When a renewal begins, in ms before expiry: a tenth of the life, at least 5 min, at most half the life. */
function lead(token: TokenView, expiresAt: number): number {
  const lifetime = expiresAt - token.issuedAt;
  return Math.min(Math.max(lifetime * 0.1, 5 * MINUTE), lifetime * 0.5);
}

/** When the token is renewed whatever goes on; jitter keeps windows apart. Infinity where it is not renewed. */
export function renewAt(state: State): number {
  if (state.auth.kind !== 'usable') return Infinity;
  const { token } = state.auth;
  if (token.expiresAt === undefined || !token.renewable) return Infinity;
  const ahead = lead(token, token.expiresAt);
  return Math.max(token.expiresAt - ahead * (1 - 0.1 * state.config.jitter), state.setback?.retryAt ?? 0);
}

/** From here on the first idle moment is taken: half a lead earlier. */
export function renewWhenIdleFrom(state: State): number {
  const due = renewAt(state);
  if (due === Infinity || state.auth.kind !== 'usable') return Infinity;
  const { token } = state.auth;
  const earlier = token.expiresAt === undefined ? 0 : lead(token, token.expiresAt) * 0.5;
  return Math.max(due - earlier, token.issuedAt + earlier, state.setback?.retryAt ?? 0);
}

/** When the renewal goes on by itself; Infinity where time alone changes nothing. */
export function nextRenewal(state: State): number {
  const { auth, renewal } = state;
  if (renewal.kind === 'draining') return renewal.deadline;
  if (renewal.kind === 'refreshing' || !mayBegin(state)) return Infinity;
  if (auth.kind === 'stale') return state.setback?.retryAt ?? 0;
  return state.pending.size === 0 ? renewWhenIdleFrom(state) : renewAt(state);
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
  else if (step.now >= nextRenewal(state)) {
    if (state.auth.kind === 'stale') refresh(step);
    else beginDrain(step);
  }
}

/** Whether the token's time has run out by the wall clock. */
export function isExpired(state: State, now: number): boolean {
  return state.auth.kind === 'usable' && now >= (state.auth.token.expiresAt ?? Infinity);
}

/** The token's time has run out: it is renewed, or a person has to log in. */
export function expire(step: Step): void {
  const { state } = step;
  if (state.auth.kind !== 'usable') return;
  const { token } = state.auth;
  if (!token.renewable) {
    lock(step, 'The login has expired.');
    return;
  }
  state.auth = { kind: 'stale', token, why: 'expired' };
  // What failed while the token served is worth another try now that it does not.
  if (state.setback) state.setback = { ...state.setback, retryAt: step.now };
}

/** GitHub does not accept the token any more. Returns whether a new one may be had (it is asked for, or was). */
export function refuseToken(step: Step): boolean {
  const { state } = step;
  if (state.auth.kind === 'stale' || state.renewal.kind === 'refreshing') return true;
  if (state.auth.kind !== 'usable') return false;
  const { token } = state.auth;
  const refusals = recentRefusals(step);
  if (refusals.length >= MOST_REFUSALS || refusals.some(({ serial }) => serial === token.serial))
    return false;
  noteRefusal(step);
  state.auth = { kind: 'stale', token, why: 'refused' };
  log(step, 'warn', 'the token was not accepted; getting a new one');
  refresh(step);
  return true;
}

/** The token was refused as soon as it was there: another one would be, too, so that none is asked for just now. */
export function noteRefusal(step: Step): void {
  const { state } = step;
  if (state.auth.kind === 'locked') return;
  const { serial } = state.auth.token;
  state.refusals = [...recentRefusals(step), { serial, at: step.now }].slice(-MOST_REFUSALS);
}

function recentRefusals({ state, now }: Step): State['refusals'] {
  // Of a clock that was set back the future counts for nothing.
  return state.refusals.filter(({ at }) => Math.abs(now - at) < REFUSAL_WINDOW);
}

/** Whether the token is so new that getting another one cannot be the answer to its refusal. */
export function wasJustIssued({ state, now }: Step): boolean {
  return state.auth.kind === 'usable' && now - state.auth.token.issuedAt < REFUSAL_WINDOW;
}

/** The renewal kills the old token (exclusive), so what runs with it is finished first. */
function beginDrain(step: Step): void {
  const { state } = step;
  log(step, 'debug', 'the token is renewed; new requests wait');
  state.renewal = { kind: 'draining', deadline: step.now + state.config.drainTimeout };
  refreshWhenDrained(step);
}

/** Goes on with a renewal once nothing runs with the old token, or will not end in time, or has lost it. */
function refreshWhenDrained(step: Step): void {
  const { auth, renewal, upstream } = step.state;
  if (renewal.kind !== 'draining') return;
  // What was replaced before ran with an older token, which this renewal does not touch.
  const owing = upstream.kind === 'ready' && owes(step.state, upstream.generation);
  if (!owing || step.now >= renewal.deadline || auth.kind === 'stale') refresh(step);
}

/**
 * Renews a token that is not accepted any more. Returns whether that is under way; it is not begun again at once
 * after it has reached nobody.
 */
export function renewStale(step: Step): boolean {
  const { auth, renewal, setback } = step.state;
  if (renewal.kind === 'refreshing') return true;
  if (auth.kind !== 'stale') return false;
  const since = step.now - (setback?.at ?? -Infinity);
  if (since >= 0 && since < REQUEST_RETRY) return false;
  refresh(step);
  return true;
}

function refresh(step: Step): void {
  const { state } = step;
  if (state.auth.kind === 'locked') return;
  state.renewal = { kind: 'refreshing' };
  step.effects.push({ type: 'refresh', serial: state.auth.token.serial });
}

/** A new token is there: a new generation takes over, and what was held goes to it. */
export function onRefreshed(step: Step, token: TokenView): void {
  const { state } = step;
  // Locked or logged in meanwhile: the outcome of an older renewal decides nothing any more.
  if (state.renewal.kind !== 'refreshing') return;
  log(step, 'info', 'the token was renewed');
  state.auth = { kind: 'usable', token };
  state.renewal = { kind: 'idle' };
  state.setback = undefined;
  // Without an upstream the lists that were told were empty ones.
  if (state.client.told?.synthetic || state.upstream.kind === 'none') markChanged(state);
  startGeneration(step, token.serial);
}

/** It will never be renewed: a person has to log in. */
export function onRefused(step: Step, message: string): void {
  if (step.state.renewal.kind === 'refreshing') lock(step, message);
}

/** Nobody could be reached: the token that is there serves while it is valid; later, those who wait are told. */
export function onUnreachable(step: Step, message: string): void {
  const { state } = step;
  if (state.renewal.kind !== 'refreshing') return;
  state.renewal = { kind: 'idle' };
  const failures = (state.setback?.failures ?? 0) + 1;
  const backoff = Math.min(FIRST_RETRY * 2 ** (failures - 1), LONGEST_RETRY);
  const retryAt = step.now + backoff * (0.75 + 0.25 * state.config.jitter);
  state.setback = { failures, at: step.now, retryAt, message };
  const meanwhile = state.auth.kind === 'usable' ? ' and serves while it is valid' : '';
  log(step, 'warn', `the token could not be renewed${meanwhile}: ${message}`);
  release(step);
}

/** No usable token and no way to one without a person. */
function lock(step: Step, reason: string): void {
  const { state } = step;
  state.auth = { kind: 'locked', reason };
  state.renewal = { kind: 'idle' };
  state.setback = undefined;
  log(step, 'warn', reason);
  markChanged(state);
  announceChanges(step);
  release(step);
}
