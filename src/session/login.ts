// The login ladder (DESIGN 2.3): URL elicitation, form elicitation, text, and how a login ends. Not for: the device
// flow itself (auth/), which reports here by events, or how long calls wait for it (login-wait.ts).
import type { LoginPrompt } from '../auth/token-source.ts';
import { dig, notificationFrame, parse, requestFrame } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';
import { toClient } from './events.ts';
import type { Step } from './events.ts';
import { markChanged, startGeneration } from './generations.ts';
import { answerWithPrompt, PROGRESS_EVERY, tellProgress } from './login-wait.ts';
import type { Waiting } from './login-wait.ts';
import { answer, awaitPerson, hold, refuse, waitingAt } from './pending.ts';
import { cancelAtClient } from './questions.ts';
import { endRenewal } from './rotation.ts';
import { CODE, doneText, elicitationText, loggedInText, toolResult, whyLocked } from './replies.ts';
import { isLoginCall } from './selectors.ts';
import type { Elicitation } from './client-side.ts';
import type { Pending, State, TokenView } from './state.ts';

/** A call of `auth_login`. False where it has to wait like any other call. */
export function callLogin(step: Step, pending: Pending): boolean {
  const { state } = step;
  // A renewal may mend a stale token; if it does not, the call comes back here while locked. A logout is waited for, too.
  if (state.auth.kind === 'stale' || state.renewal.kind === 'ending') return false;
  if (state.auth.kind === 'locked' || needsMore(state.auth.token, pending)) joinLogin(step, pending);
  else {
    const text = loggedInText(state.auth.token, state.config);
    answer(step, pending, toolResult(pending, text, false));
  }
  return true;
}

/** Whether scopes are asked for that the token lacks; a GitHub App's token has none, and none to ask for. */
function needsMore(token: TokenView, pending: Pending): boolean {
  const hasScopes = token.rotation === 'overlapping' || token.scopes.length > 0;
  return hasScopes && pending.scopes.some((scope) => !token.scopes.includes(scope));
}

/** Lets a call wait for a person, and begins a login where none is under way. */
export function joinLogin(step: Step, pending: Pending): void {
  const { state } = step;
  if (!awaitPerson(step, pending)) return;
  // A call that comes here a second time, because the login was lost again, does not get its time anew.
  pending.answerBy ??= step.steady + state.config.loginWait;
  if (state.login.kind === 'idle') begin(step, pending.scopes);
  else if (state.login.kind === 'waiting') {
    tellProgress(step, pending, state.login);
    // While nobody waited nobody was told: the next time is not the one that has passed meanwhile.
    if (step.steady >= state.login.nextProgress)
      state.login = { ...state.login, nextProgress: step.steady + PROGRESS_EVERY };
    if (!state.login.shown) present(step, state.login);
  }
}

/** Begins a login, for at least these scopes; or one more try, where no person can log in. */
export function begin(step: Step, scopes: readonly string[]): void {
  const { auth } = step.state;
  step.state.login = { kind: 'requesting' };
  // A login for more scopes replaces the token: what that one could do, the new one has to do, too.
  const held = auth.kind === 'usable' ? auth.token.scopes : [];
  step.effects.push({ type: 'login', scopes: [...new Set([...held, ...scopes])] });
}

/** When calls wait for the stored login no longer; Infinity where they do not. By the steady clock. */
export function openingUntil({ login }: State): number {
  return login.kind === 'opening' ? login.until : Infinity;
}

/** The stored login is not to be had, or takes too long to be opened: those who wait for it go through another one. */
export function endOpening(step: Step): void {
  const { state } = step;
  if (state.login.kind !== 'opening') return;
  state.login = { kind: 'idle' };
  const waiting = waitingAt(state, 'login');
  if (waiting.length > 0)
    begin(
      step,
      waiting.flatMap(({ scopes }) => scopes),
    );
}

/** There is a page for the person: it is shown on the highest rung that the client has, in place of the one before. */
export function onPrompt(step: Step, prompt: LoginPrompt): void {
  closeElicitation(step, 'Another page takes its place.', true);
  const waiting: Waiting = {
    kind: 'waiting',
    prompt,
    elicitation: undefined,
    shown: false,
    nextProgress: step.steady + PROGRESS_EVERY,
  };
  step.state.login = waiting;
  for (const pending of waitingAt(step.state, 'login')) tellProgress(step, pending, waiting);
  present(step, waiting);
}

function present(step: Step, waiting: Waiting): void {
  const { state } = step;
  const calls = waitingAt(state, 'login');
  if (calls.length === 0) return;
  const mode = state.client.hello?.elicitation;
  // A client that opens pages itself does so when the person agrees; the others get the page beside the text.
  if (mode !== 'url') step.effects.push({ type: 'open-page', url: waiting.prompt.verificationUri });
  if (mode === undefined) {
    state.login = { ...waiting, shown: true };
    for (const pending of calls) answerWithPrompt(step, pending, waiting);
    return;
  }
  state.elicitations += 1;
  const elicitation: Elicitation = {
    id: JSON.stringify(`gh-mcp-proxy:login:${state.elicitations}`),
    mode,
    elicitationId: `gh-mcp-proxy-login-${state.elicitations}`,
    answered: false,
  };
  state.login = { ...waiting, shown: true, elicitation };
  const message = elicitationText(waiting.prompt, state.config.hostLabel, mode, whyLocked(state));
  const params =
    mode === 'url'
      ? { mode, elicitationId: elicitation.elicitationId, url: waiting.prompt.verificationUri, message }
      : {
          message,
          requestedSchema: {
            type: 'object',
            properties: {
              done: { type: 'boolean', title: doneText(waiting.prompt), default: true },
            },
          },
        };
  toClient(step, requestFrame(elicitation.id, 'elicitation/create', JSON.stringify(params)));
}

/** What the client answered to our elicitation. Accepting is consent, not completion: the poll goes on. */
export function onElicitationAnswer(step: Step, frame: ResponseFrame): boolean {
  const { state } = step;
  const { login } = state;
  if (login.kind !== 'waiting' || !login.elicitation || login.elicitation.id !== frame.id) return false;
  state.login = { ...login, elicitation: { ...login.elicitation, answered: true } };
  const action = dig(parse(frame.bytes), 'result', 'action');
  if (action === 'accept') return true;
  if (action !== 'decline' && action !== 'cancel') {
    // The client cannot show it after all: text is always enough by itself.
    for (const pending of waitingAt(state, 'login')) answerWithPrompt(step, pending, login);
    return true;
  }
  step.effects.push({ type: 'abort-login' });
  state.login = { kind: 'idle' };
  refuseAll(
    step,
    `The login to ${state.config.hostLabel} was ${action === 'decline' ? 'declined' : 'cancelled'}. Ask the ` +
      `person before you call ${state.own.login} for a new one.`,
  );
  return true;
}

/** A person has approved: the token serves from here on, and calls that waited go on. */
export function onLoggedIn(step: Step, token: TokenView): void {
  const { state } = step;
  closeElicitation(step, 'Logged in.', true);
  state.login = { kind: 'idle' };
  state.auth = { kind: 'usable', token };
  endRenewal(state);
  state.crashes = 0;
  markChanged(state);
  startGeneration(step, token.serial);
  for (const pending of waitingAt(state, 'login')) {
    if (isLoginCall(state, pending)) pending.place = { kind: 'announce' };
    else hold(step, pending);
  }
}

/** The flow has ended without a token. `message` says why and what to do. */
export function onLoginFailed(step: Step, message: string): void {
  closeElicitation(step, 'The login has ended.', false);
  step.state.login = { kind: 'idle' };
  refuseAll(step, message);
}

/** Nobody is to log in here any more. `completed`: there is a login, which came another way. */
export function withdrawLogin(step: Step, completed: boolean): void {
  const { login } = step.state;
  if (login.kind === 'requesting' || login.kind === 'waiting') step.effects.push({ type: 'abort-login' });
  closeElicitation(step, completed ? 'Logged in.' : 'The login has ended.', completed);
  step.state.login = { kind: 'idle' };
}

function refuseAll(step: Step, message: string): void {
  for (const pending of waitingAt(step.state, 'login'))
    refuse(step, pending, CODE.loginNeeded, 'login_needed', message);
}

/** @param completed nothing is to be done any more on the page that it is about */
function closeElicitation(step: Step, reason: string, completed: boolean): void {
  const { login } = step.state;
  if (login.kind !== 'waiting' || !login.elicitation) return;
  const { id, mode, elicitationId, answered } = login.elicitation;
  if (!answered) cancelAtClient(step, id, reason);
  if (completed && mode === 'url')
    toClient(
      step,
      notificationFrame('notifications/elicitation/complete', JSON.stringify({ elicitationId })),
    );
}
