// Calls that wait for a person: until when, what they hear meanwhile, and what they are told when they have waited
// long enough (DESIGN 2.3). Not for: the login that they wait for (login.ts).
import { notificationFrame } from '../wire/message.ts';
import { toClient } from './events.ts';
import type { Step } from './events.ts';
import { answer, refuse, waitingAt } from './pending.ts';
import { CODE, loggedInText, promptText, toolResult, waitingText, whyLocked } from './replies.ts';
import { isHolding, isLoginCall } from './selectors.ts';
import type { Login } from './client-side.ts';
import type { Pending, State } from './state.ts';

/** Between two progress notifications of a call that waits, in ms. */
export const PROGRESS_EVERY = 10_000;

/** A login that has something to show. */
export type Waiting = Extract<Login, { kind: 'waiting' }>;

/** Calls that have waited long enough are told what to do; the login, or the server's start, goes on without them. */
export function answerOverdue(step: Step): void {
  const { state, steady } = step;
  for (const pending of state.pending.values()) {
    if (steady >= waitsUntil(pending)) answerInTime(step, pending);
  }
  const { login } = state;
  if (login.kind === 'waiting' && steady >= login.nextProgress) {
    state.login = { ...login, nextProgress: steady + PROGRESS_EVERY };
    for (const pending of waitingAt(state, 'login')) tellProgress(step, pending, login);
  }
}

/** Until when a call waits here; Infinity where it waits for no person, or runs. By the steady clock. */
function waitsUntil({ place, answerBy }: Pending): number {
  return place.kind === 'upstream' ? Infinity : (answerBy ?? Infinity);
}

function answerInTime(step: Step, pending: Pending): void {
  const { login, auth, config } = step.state;
  if (pending.place.kind === 'login' && login.kind === 'waiting') answerWithPrompt(step, pending, login);
  else if (pending.place.kind === 'login' || pending.place.kind === 'logout' || auth.kind !== 'usable')
    refuse(step, pending, CODE.serverUnreachable, 'authorization_server_unreachable', notYetText(config));
  else {
    const text = `${loggedInText(auth.token, config)}\nThe server is not ready yet: call again in a moment.`;
    if (isLoginCall(step.state, pending)) answer(step, pending, toolResult(pending, text, false));
    else refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', text);
  }
}

function notYetText({ hostLabel, mode, unattended }: State['config']): string {
  if (!unattended) return `${hostLabel} has not answered yet. Call again in a moment.`;
  return `No token for ${hostLabel} yet: --auth ${mode} has not brought one until now. Try again in a moment.`;
}

/** When {@link answerOverdue} has something to do next. */
export function loginTick(state: State): number {
  // Calls that wait here wait for a login, or for the generation after it.
  if (state.login.kind === 'idle' && state.upstream.kind === 'ready' && !isHolding(state)) return Infinity;
  let next = Infinity;
  for (const pending of state.pending.values()) {
    next = Math.min(next, waitsUntil(pending));
    if (
      state.login.kind === 'waiting' &&
      pending.place.kind === 'login' &&
      pending.progressToken !== undefined
    )
      next = Math.min(next, state.login.nextProgress);
  }
  return next;
}

/** Tells a call where to log in, in words that are enough by themselves. */
export function answerWithPrompt(step: Step, pending: Pending, login: Waiting): void {
  const { config, own } = step.state;
  const text = promptText(login.prompt, config.hostLabel, step.wall, own.login, whyLocked(step.state));
  // Of another tool's call this is no result: it has not run.
  answer(step, pending, toolResult(pending, text, !isLoginCall(step.state, pending)));
}

/** Tells a call that asked for progress what it waits for. */
export function tellProgress(step: Step, pending: Pending, login: Waiting): void {
  if (pending.progressToken === undefined || pending.answerBy === undefined) return;
  const waited = step.steady - (pending.answerBy - step.state.config.loginWait);
  const message = waitingText(login.prompt);
  // Progress has to increase: seconds waited do.
  toClient(
    step,
    notificationFrame(
      'notifications/progress',
      `{"progressToken":${pending.progressToken},"progress":${waited / 1000},"message":${JSON.stringify(message)}}`,
    ),
  );
}
