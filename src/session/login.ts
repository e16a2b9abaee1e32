// The login ladder (DESIGN 2.3): URL elicitation, form elicitation, text; calls that wait for a person, and what
// they are told. Not for: the device flow itself (auth/), which reports here by events.
import type { LoginPrompt } from '../auth/token-source.ts';
import { dig, notificationFrame, parse, requestFrame } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';
import { toClient } from './events.ts';
import type { Step } from './events.ts';
import { markChanged, startGeneration } from './generations.ts';
import { answer, cancelAtClient, hold, refuse, waitingAt } from './pending.ts';
import { CODE, elicitationText, loggedInText, promptText, toolResult } from './replies.ts';
import type { Elicitation, Login, Pending, State, TokenView } from './state.ts';

/** Between two progress notifications of a call that waits, in ms. */
const PROGRESS_EVERY = 10_000;

type Waiting = Extract<Login, { kind: 'waiting' }>;

/** A call of `auth_login`. False where it has to wait like any other call. */
export function callAuthTool(step: Step, pending: Pending): boolean {
  const { state } = step;
  // A renewal may mend a stale token; if it does not, the call comes back here while locked.
  if (state.auth.kind === 'stale') return false;
  if (state.auth.kind === 'locked' || needsMore(state.auth.token, pending)) joinLogin(step, pending);
  else {
    const text = loggedInText(state.auth.token, state.config.hostLabel);
    answer(step, pending, toolResult(pending, text, false));
  }
  return true;
}

/** Whether scopes are asked for that the token lacks; a GitHub App's token has none to ask for. */
function needsMore(token: TokenView, pending: Pending): boolean {
  return token.rotation === 'overlapping' && pending.scopes.some((scope) => !token.scopes.includes(scope));
}

/** Lets a call wait for a person, and begins a login where none is under way. */
export function joinLogin(step: Step, pending: Pending): void {
  const { state } = step;
  pending.place = { kind: 'login' };
  // A call that comes here a second time, because the new token was refused, does not get its time anew.
  pending.answerBy ??= step.now + state.config.loginWait;
  if (state.login.kind === 'idle') {
    state.login = { kind: 'requesting' };
    // A login for more scopes replaces the token: what that one could do, the new one has to do, too.
    const held = state.auth.kind === 'usable' ? state.auth.token.scopes : [];
    step.effects.push({ type: 'login', scopes: [...new Set([...held, ...pending.scopes])] });
  } else if (state.login.kind === 'waiting') {
    tellProgress(step, pending, state.login);
    if (!state.login.shown) present(step, state.login);
  }
}

/** The code is there: it is shown on the highest rung that the client has. */
export function onPrompt(step: Step, prompt: LoginPrompt): void {
  const waiting: Waiting = {
    kind: 'waiting',
    prompt,
    elicitation: undefined,
    shown: false,
    nextProgress: step.now + PROGRESS_EVERY,
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
  const message = elicitationText(waiting.prompt, state.config.hostLabel, mode);
  const params =
    mode === 'url'
      ? { mode, elicitationId: elicitation.elicitationId, url: waiting.prompt.verificationUri, message }
      : {
          message,
          requestedSchema: {
            type: 'object',
            properties: {
              done: { type: 'boolean', title: 'I have entered the code and approved', default: true },
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
    `The login to ${state.config.hostLabel} was ${action === 'decline' ? 'declined' : 'cancelled'}. Call ` +
      `${state.authTool} to start a new one.`,
  );
  return true;
}

/** A person has approved: the token serves from here on, and calls that waited go on. */
export function onLoggedIn(step: Step, token: TokenView): void {
  const { state } = step;
  closeElicitation(step, true);
  state.login = { kind: 'idle' };
  state.auth = { kind: 'usable', token };
  state.renewal = { kind: 'idle' };
  state.refusedAt = -Infinity;
  state.crashes = 0;
  markChanged(state);
  startGeneration(step, token.serial);
  for (const pending of waitingAt(state, 'login')) {
    if (pending.tool === state.authTool) pending.place = { kind: 'announce' };
    else hold(step, pending);
  }
}

/** The flow has ended without a token. `message` says why and what to do. */
export function onLoginFailed(step: Step, message: string): void {
  closeElicitation(step, false);
  step.state.login = { kind: 'idle' };
  refuseAll(step, message);
}

/** Calls that have waited long enough are told what to do; the login, or the server's start, goes on without them. */
export function answerOverdue(step: Step): void {
  const { state, now } = step;
  for (const pending of state.pending.values()) {
    if (now >= waitsUntil(pending)) answerInTime(step, pending);
  }
  const { login } = state;
  if (login.kind === 'waiting' && now >= login.nextProgress) {
    state.login = { ...login, nextProgress: now + PROGRESS_EVERY };
    for (const pending of waitingAt(state, 'login')) tellProgress(step, pending, login);
  }
}

/** Until when a call waits here; Infinity where it waits for no person, or runs. Milliseconds since the epoch. */
function waitsUntil({ place, answerBy }: Pending): number {
  return place.kind === 'upstream' ? Infinity : (answerBy ?? Infinity);
}

function answerInTime(step: Step, pending: Pending): void {
  const { login, auth, config, authTool } = step.state;
  if (pending.place.kind === 'login' && login.kind === 'waiting') answerWithPrompt(step, pending, login);
  else if (pending.place.kind === 'login' || auth.kind !== 'usable')
    refuse(
      step,
      pending,
      CODE.serverUnreachable,
      'authorization_server_unreachable',
      `${config.hostLabel} has not answered yet. Call again in a moment.`,
    );
  else {
    const text = `${loggedInText(auth.token, config.hostLabel)}\nThe server is not ready yet: call again in a moment.`;
    answer(step, pending, toolResult(pending, text, pending.tool !== authTool));
  }
}

/** When {@link answerOverdue} has something to do next. */
export function loginTick(state: State): number {
  // Calls that wait here wait for a login, or for the generation after it.
  if (state.login.kind === 'idle' && state.upstream.kind === 'ready' && state.renewal.kind === 'idle')
    return Infinity;
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

function answerWithPrompt(step: Step, pending: Pending, login: Waiting): void {
  const { config, authTool } = step.state;
  const text = promptText(login.prompt, config.hostLabel, step.now, authTool);
  // Of another tool's call this is no result: it has not run.
  answer(step, pending, toolResult(pending, text, pending.tool !== authTool));
}

function refuseAll(step: Step, message: string): void {
  for (const pending of waitingAt(step.state, 'login'))
    refuse(step, pending, CODE.loginNeeded, 'login_needed', message);
}

function closeElicitation(step: Step, completed: boolean): void {
  const { login } = step.state;
  if (login.kind !== 'waiting' || !login.elicitation) return;
  const { id, mode, elicitationId, answered } = login.elicitation;
  if (!answered) cancelAtClient(step, id, completed ? 'Logged in.' : 'The login has ended.');
  if (completed && mode === 'url')
    toClient(
      step,
      notificationFrame('notifications/elicitation/complete', JSON.stringify({ elicitationId })),
    );
}

function tellProgress(step: Step, pending: Pending, login: Waiting): void {
  if (pending.progressToken === undefined || pending.answerBy === undefined) return;
  const waited = step.now - (pending.answerBy - step.state.config.loginWait);
  const message = `Waiting for the login at ${login.prompt.verificationUri} with the code ${login.prompt.userCode}`;
  // Progress has to increase: seconds waited do.
  toClient(
    step,
    notificationFrame(
      'notifications/progress',
      `{"progressToken":${pending.progressToken},"progress":${waited / 1000},"message":${JSON.stringify(message)}}`,
    ),
  );
}
