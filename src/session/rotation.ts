// When a token is renewed, and what the session does meanwhile (DESIGN 2.4): the schedule, the drain, the outcome.
// Not for: how a token is renewed (auth/), or the generation that follows (generations.ts).
import { log } from './events.ts';
import type { Step } from './events.ts';
import { announceChanges, dismiss, markChanged, release, startGeneration } from './generations.ts';
import { owedBy, refuse, waitingAt } from './pending.ts';
import { CODE } from './replies.ts';
import type { State, TokenView } from './state.ts';

const MINUTE = 60_000;
/** Between two renewals because of a refusal: never a loop with a dead token, GitHub answers those with a lock. */
const REFUSAL_GUARD = MINUTE;
const FIRST_RETRY = 5_000;
const LONGEST_RETRY = 5 * MINUTE;

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
  return Math.max(token.expiresAt - ahead - ahead * 0.1 * state.config.jitter, state.renewalRetryAt);
}

/** From here on the first idle moment is taken: half a lead earlier. */
export function renewWhenIdleFrom(state: State): number {
  const due = renewAt(state);
  if (due === Infinity || state.auth.kind !== 'usable') return Infinity;
  const { token } = state.auth;
  const earlier = token.expiresAt === undefined ? 0 : lead(token, token.expiresAt) * 0.5;
  return Math.max(due - earlier, token.issuedAt + earlier, state.renewalRetryAt);
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
  renewStale(step);
}

/** GitHub does not accept the token any more. Returns whether a renewal was begun (or runs already). */
export function refuseToken(step: Step): boolean {
  const { state } = step;
  if (state.auth.kind === 'stale' || state.renewal.kind === 'refreshing') return true;
  if (state.auth.kind !== 'usable' || step.now - state.refusedAt < REFUSAL_GUARD) return false;
  state.refusedAt = step.now;
  state.auth = { kind: 'stale', token: state.auth.token, why: 'refused' };
  log(step, 'warn', 'the token was not accepted; getting a new one');
  refresh(step);
  return true;
}

/** Begins the renewal that is due: drains first, since the renewal kills the old token (exclusive). */
export function beginRenewal(step: Step): void {
  const { state } = step;
  if (state.auth.kind !== 'usable' || state.renewal.kind !== 'idle') return;
  state.renewal = { kind: 'draining', deadline: step.now + state.config.drainTimeout };
  refreshWhenDrained(step);
}

/** Goes on with a renewal once the generation owes nothing, or will not in time. */
export function refreshWhenDrained(step: Step): void {
  const { renewal, upstream, retired } = step.state;
  if (renewal.kind !== 'draining') return;
  const owing =
    (upstream.kind === 'ready' && owedBy(step.state, upstream.generation).length > 0) || retired.size > 0;
  if (!owing || step.now >= renewal.deadline) refresh(step);
}

/** Renews a token that is not accepted any more, unless that failed a moment ago: then those who wait are told. */
export function renewStale(step: Step): void {
  const { state } = step;
  if (state.auth.kind !== 'stale' || state.renewal.kind === 'refreshing') return;
  if (step.now >= state.renewalRetryAt) refresh(step);
  else tellUnreachable(step, 'The authorization server could not be reached a moment ago.');
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
  if (state.auth.kind === 'locked') return;
  state.auth = { kind: 'usable', token };
  state.renewal = { kind: 'idle' };
  state.renewalFailures = 0;
  state.renewalRetryAt = 0;
  if (state.client.told?.synthetic) markChanged(state);
  startGeneration(step, token.serial);
}

/** It will never be renewed: a person has to log in. */
export function onRefused(step: Step, message: string): void {
  if (step.state.auth.kind === 'locked') return;
  lock(step, message);
}

/** Nobody could be reached: the token that is there serves while it is valid. */
export function onUnreachable(step: Step, message: string): void {
  const { state } = step;
  if (state.auth.kind === 'locked') return;
  state.renewal = { kind: 'idle' };
  state.renewalFailures += 1;
  const backoff = Math.min(FIRST_RETRY * 2 ** (state.renewalFailures - 1), LONGEST_RETRY);
  state.renewalRetryAt = step.now + backoff * (0.75 + 0.25 * state.config.jitter);
  if (state.auth.kind === 'stale') {
    // A person who waits tries again sooner than a timer would.
    state.renewalRetryAt = step.now + Math.min(backoff, 1000 * state.renewalFailures);
    tellUnreachable(step, message);
    return;
  }
  log(step, 'warn', `the token could not be renewed and serves while it is valid: ${message}`);
  release(step);
}

function tellUnreachable(step: Step, message: string): void {
  for (const pending of waitingAt(step.state, 'held'))
    refuse(
      step,
      pending,
      CODE.serverUnreachable,
      'authorization_server_unreachable',
      `The login has expired or was revoked, and it could not be renewed: ${message} Try again in a moment.`,
    );
}

/** No usable token and no way to one without a person. */
export function lock(step: Step, reason: string): void {
  const { state } = step;
  state.auth = { kind: 'locked', reason };
  state.renewal = { kind: 'idle' };
  state.renewalFailures = 0;
  state.renewalRetryAt = 0;
  log(step, 'warn', reason);
  markChanged(state);
  announceChanges(step);
  release(step);
}

/** Ends replaced generations that owe nothing any more, or do not answer in time. */
export function dismissRetired(step: Step, tooLate: (generation: number) => void): void {
  for (const [generation, { deadline }] of step.state.retired) {
    if (owedBy(step.state, generation).length > 0) {
      if (step.now < deadline) continue;
      tooLate(generation);
    }
    dismiss(step, generation);
  }
}
