// The end of a login by a person's wish: the tool `auth_logout`, and what becomes of what is under way (DESIGN 2.3).
// Not for: how a token is revoked and forgotten (auth/), or logins that end by themselves (rotation.ts).
import { log } from './events.ts';
import type { Event, Step } from './events.ts';
import { makeUpHandshake, release, retireCurrent, startGeneration, wantedSerial } from './generations.ts';
import { withdrawLogin } from './login.ts';
import { answer, refuse, waitingAt } from './pending.ts';
import { CODE, toolResult } from './replies.ts';
import { endRenewal, lock } from './rotation.ts';
import { NOBODY_YET, PLACEHOLDER } from './state.ts';
import type { Pending } from './state.ts';

/** A call of `auth_logout`: whatever is stored is forgotten, also where this session could not use it. */
export function callLogout(step: Step, pending: Pending): void {
  const { state } = step;
  pending.place = { kind: 'logout' };
  pending.answerBy = step.steady + state.config.loginWait;
  if (state.renewal.kind === 'ending') return;
  refuseLogins(step);
  state.renewal = { kind: 'ending' };
  step.effects.push({ type: 'logout', inUse: state.auth.kind !== 'locked' });
}

/** Those who wait for a person to log in are told that a person has logged out. */
function refuseLogins(step: Step): void {
  withdrawLogin(step, false);
  for (const pending of waitingAt(step.state, 'login')) refuseLoggedOut(step, pending);
}

/** The token is revoked, where that can be done, and forgotten everywhere. */
export function onLogoutDone(step: Step, event: Extract<Event, { type: 'logout-done' }>): void {
  const { state } = step;
  const { hostLabel } = state.config;
  const { account, unrevoked } = event;
  const name = account?.login === undefined ? '' : ` account ${account.login}`;
  const done = account ? `Logged out of ${hostLabel}${name}.` : `Nobody was logged in to ${hostLabel}.`;
  const calls = waitingAt(state, 'logout');
  endRenewal(state, true);
  endLogin(step, account ? done : NOBODY_YET);
  const text = unrevoked === undefined ? done : `${done}\n${unrevoked}`;
  for (const pending of calls) answer(step, pending, toolResult(pending, text, false));
}

/** It could not be forgotten: everything is as before. */
export function onLogoutFailed(step: Step, message: string): void {
  const { state } = step;
  log(step, 'error', message);
  endRenewal(state, true);
  for (const pending of waitingAt(state, 'logout')) answer(step, pending, toolResult(pending, message, true));
  release(step);
}

/**
 * A person has logged out, here or elsewhere. What runs finishes as it may; nothing new goes to a server that has the
 * old token, and what came before begins no login by itself.
 */
export function endLogin(step: Step, reason: string): void {
  const { state } = step;
  const { upstream } = state;
  refuseLogins(step);
  for (const pending of state.pending.values()) state.orphans.add(pending);
  if (state.auth.kind === 'locked') {
    state.auth = { kind: 'locked', reason };
    release(step);
  } else lock(step, reason);
  if (upstream.kind === 'none' || upstream.serial === PLACEHOLDER) return;
  const serial = wantedSerial(state);
  if (serial !== undefined) startGeneration(step, serial);
  else {
    retireCurrent(step);
    state.upstream = { kind: 'none', failure: undefined, notBefore: 0, restart: false };
    makeUpHandshake(step);
  }
}

/** Tells a call that was made under the login which has ended that it is not made again. */
export function refuseLoggedOut(step: Step, pending: Pending): void {
  const { config, own } = step.state;
  // One that is made again had a server before, which has ended.
  const fate = pending.crashRetries > 0 ? 'This call may or may not have run.' : 'This call has not run.';
  const message = `A person has logged out of ${config.hostLabel}. ${fate} Ask them before you call ${own.login} for a new login.`;
  refuse(step, pending, CODE.loginNeeded, 'login_needed', message);
}
