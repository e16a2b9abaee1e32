// A session for whose token no person can do anything (--auth github-app, gh, command, env): its "login" is one more try,
// made for a request, or by itself where the last one reached nobody. It fails closed: without a token nothing is sent
// that needs one. Not for: how a token is got (auth/), or its renewal (rotation.ts).
import type { Step } from './events.ts';
import { begin, joinLogin } from './login.ts';
import { refuse, waitingAt } from './pending.ts';
import { CODE, noTokenText } from './replies.ts';
import { isTooSoon, noteSetback, triableAt } from './setback.ts';
import type { Pending, State } from './state.ts';

/** Lets a request wait for a token: one that is being got, or one more try, of which there is one a second at most. */
export function awaitToken(step: Step, pending: Pending): void {
  const { state, steady } = step;
  if (state.login.kind === 'idle' && isTooSoon(step)) {
    // It has waited for that one.
    if (state.setback?.at === steady) {
      refuseNoToken(step, pending);
      return;
    }
    state.login = { kind: 'pausing', until: triableAt(state) };
  }
  joinLogin(step, pending);
}

/** Tells a request why there is no token. */
export function refuseNoToken(step: Step, pending: Pending): void {
  const { state } = step;
  const text = noTokenText(state);
  if (triesByItself(state))
    refuse(step, pending, CODE.serverUnreachable, 'authorization_server_unreachable', text);
  else refuse(step, pending, CODE.loginNeeded, 'no_token', text);
}

/** A try has brought nothing: those who waited for it are told why, and nobody else is until another one goes well. */
export function onNothingObtained(step: Step, reason: string, unreachable: boolean): void {
  const { state } = step;
  if (state.auth.kind !== 'locked') return;
  state.auth = { kind: 'locked', reason };
  state.login = { kind: 'idle' };
  noteSetback(step, reason, unreachable);
  for (const pending of waitingAt(state, 'login')) refuseNoToken(step, pending);
}

/** Whether the next try does not need a request: a fleet may start before its network does. */
export function triesByItself({ setback }: State): boolean {
  return setback !== undefined && setback.retryAt < Infinity;
}

/** When the next try is made, by itself or for those who wait; Infinity where it is not. By the steady clock. */
export function obtainAt({ config, auth, login, setback, closing }: State): number {
  if (login.kind === 'pausing') return login.until;
  if (!config.unattended || auth.kind !== 'locked') return Infinity;
  return login.kind === 'idle' && closing.kind === 'open' ? (setback?.retryAt ?? Infinity) : Infinity;
}

/** Makes the next try once it is due; for a request only while there is one. */
export function obtainWhenDue(step: Step): void {
  const { state } = step;
  if (step.steady < obtainAt(state)) return;
  state.login = { kind: 'idle' };
  if (waitingAt(state, 'login').length > 0 || step.steady >= obtainAt(state)) begin(step, []);
}
