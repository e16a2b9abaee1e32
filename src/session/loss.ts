// What the loss of a generation leads to, by a crash or because it will not do: another one is started, or the client
// is told why not (DESIGN 2.5). Not for: the requests that it leaves behind (abandon.ts), or generations that are
// replaced while they work (generations.ts).
import { abandon, endedText, sendOn } from './abandon.ts';
import { log } from './events.ts';
import type { Event, Step } from './events.ts';
import {
  dismiss,
  endSuccession,
  makeUpHandshake,
  release,
  retireCurrent,
  startGeneration,
  startSuccessor,
  wantedSerial,
} from './generations.ts';
import { answer, refuse, takeHeld, waitingAt } from './pending.ts';
import { withdrawAll } from './questions.ts';
import { noteEnd } from './releases.ts';
import { CODE, loggedInText, toolResult } from './replies.ts';
import { accepts, isHolding, placeOf, servedWell } from './selectors.ts';
import type { Starting, State } from './state.ts';

/** Starts in a row that fail before the proxy stops trying by itself. */
const CRASH_LOOP = 3;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;
/** A command that does not exist is told to an initialize that comes within this time, in ms. */
const LAST_INITIALIZE = 1000;
/** And to other requests until so long after it, in ms. */
const LAST_REQUESTS = 100;

/** The process of a generation has ended: what would be written to it now would be lost. */
export function onExited({ state }: Step, generation: number): void {
  const { upstream, succession } = state;
  if (upstream.kind !== 'none' && upstream.generation === generation)
    state.upstream = { ...upstream, ending: true };
  if (succession.kind === 'starting' && succession.generation === generation)
    state.succession = { ...succession, ending: true };
}

/** A generation's process is gone, and what it wrote was read. */
export function onEnded(step: Step, event: Extract<Event, { type: 'upstream-ended' }>): void {
  const { state } = step;
  const { generation, message } = event;
  state.answering.delete(generation);
  noteEnd(state, generation);
  switch (placeOf(state, generation)) {
    case 'gone':
      return;
    case 'retired':
      state.retired.delete(generation);
      withdrawAll(step, generation);
      abandon(step, generation, endedText(message));
      sendOn(step);
      return;
    case 'successor':
      withdrawAll(step, generation);
      loseSuccessor(step, message);
      return;
    case 'current':
      withdrawAll(step, generation);
      onCurrentEnded(step, event);
  }
}

function onCurrentEnded(step: Step, event: Extract<Event, { type: 'upstream-ended' }>): void {
  const { state } = step;
  const { generation, message } = event;
  const { succession } = state;
  const wasReady = state.upstream.kind === 'ready';
  if (succession.kind === 'starting') {
    // Another one is on its way as it is.
    log(step, 'warn', message);
    const { failures: _, ...starting } = succession;
    state.upstream = starting;
    state.succession = { kind: 'none' };
    abandon(step, generation, endedText(message));
    return;
  }
  if (servedWell(state, step.steady)) state.crashes = 0;
  lose(step, message, wasReady ? 'warn' : 'error');
  abandon(step, generation, endedText(message));
  if (state.closing.kind !== 'open') return;
  // Once a client has been served, a missing command is like a crash: a package that is being updated comes back.
  if (event.cannotStart && !state.client.told) cannotStart(step, message);
  // The very first one has a second try before the client is told: nothing is known against the command yet.
  else recover(step, wasReady || (state.auth.kind === 'usable' && state.crashes === 1));
}

/** The generation that starts will not do: as after a crash, without waiting for its end. */
export function rejectGeneration(step: Step, { generation }: Starting, message: string): void {
  const place = placeOf(step.state, generation);
  dismiss(step, generation);
  if (place === 'successor') loseSuccessor(step, message);
  else {
    lose(step, message, 'error');
    recover(step, false);
  }
}

/** Nobody takes over yet. The current generation goes on while its token is accepted, and others are tried. */
function loseSuccessor(step: Step, message: string): void {
  const { state } = step;
  if (state.succession.kind !== 'starting') return;
  const failures = state.succession.failures + 1;
  if (accepts(state, step.wall)) {
    log(
      step,
      'error',
      `the server did not start with its new token, and goes on with the one before: ${message}`,
    );
    state.succession = { kind: 'pausing', until: step.steady + pauseAfter(failures + 1), failures };
    return;
  }
  state.succession = { kind: 'none' };
  retireCurrent(step);
  lose(step, message, 'error');
  recover(step, true);
}

/** When another successor is started; Infinity where there is none to start. */
export function nextSuccessorAt({ succession, auth, renewal, closing }: State): number {
  if (succession.kind !== 'pausing' || auth.kind !== 'usable') return Infinity;
  return renewal.kind === 'idle' && closing.kind === 'open' ? succession.until : Infinity;
}

/** Starts another successor once the pause after the last is over. */
export function startSuccessorWhenDue(step: Step): void {
  const { auth } = step.state;
  if (auth.kind === 'usable' && step.steady >= nextSuccessorAt(step.state))
    startSuccessor(step, auth.token.serial);
}

function lose(step: Step, message: string, level: 'warn' | 'error'): void {
  const { state } = step;
  log(step, level, message);
  endSuccession(step);
  state.crashes += 1;
  const notBefore = step.steady + pauseAfter(state.crashes);
  state.upstream = { kind: 'none', failure: { message }, notBefore, restart: false };
}

/** How long after so many losses in a row the next start is, in ms. */
function pauseAfter(losses: number): number {
  return losses === 1 ? 0 : Math.min(FIRST_PAUSE * 2 ** (losses - 2), LONGEST_PAUSE);
}

/** There is no such command: no login and no retry can help, so the client is told and the proxy ends. */
function cannotStart(step: Step, message: string): void {
  const { state } = step;
  state.fatal = { message, deadline: step.steady + LAST_INITIALIZE };
  for (const pending of state.pending.values())
    refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', message);
  takeHeld(state);
  if (state.client.hello) endSoon(step);
}

/** The client was told by now; requests that it sent along with its initialize are answered yet. */
export function endSoon({ state, steady }: Step): void {
  if (state.fatal) state.fatal = { ...state.fatal, deadline: steady + LAST_REQUESTS };
}

/** After the loss of the current generation: start another, or tell those who wait. */
function recover(step: Step, again: boolean): void {
  const { state } = step;
  if (state.upstream.kind !== 'none') return;
  const opened = state.client.told !== undefined;
  const worthIt = again || (state.auth.kind === 'usable' && opened);
  if (worthIt && !inCrashLoop(state) && wantedSerial(state) !== undefined)
    state.upstream = { ...state.upstream, restart: true };
  else withoutUpstream(step);
}

/**
 * When the upstream is started again by itself; Infinity where it is not, or where a new token comes first. Where a
 * renewal holds nothing, the token that is there serves meanwhile.
 */
export function restartAt(state: State): number {
  const { upstream, renewal, auth } = state;
  if (upstream.kind !== 'none' || !upstream.restart) return Infinity;
  if (renewal.kind !== 'idle' && (isHolding(state) || auth.kind !== 'usable')) return Infinity;
  return upstream.notBefore;
}

/** Starts the upstream again once its pause is over. */
export function restartWhenDue(step: Step): void {
  const { state } = step;
  if (step.steady < restartAt(state) || state.upstream.kind !== 'none') return;
  const serial = wantedSerial(state);
  if (serial !== undefined) startGeneration(step, serial);
  else {
    state.upstream = { ...state.upstream, restart: false };
    withoutUpstream(step);
  }
}

/** A token ended before its server was ready, and another server starts: where that goes on, those who wait are told. */
export function noteLateStart(step: Step): void {
  const { state } = step;
  state.crashes += 1;
  if (!inCrashLoop(state)) return;
  const message =
    'The server takes longer to start than its token lives, so that it never gets ready. Have tokens that live longer, ' +
    'or find out what its start waits for.';
  for (const pending of waitingAt(state, 'held'))
    refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', message);
}

/** Whether the upstream keeps ending: requests are then refused during the pause instead of held. */
export function inCrashLoop(state: State): boolean {
  return state.crashes >= CRASH_LOOP;
}

/** Answers everybody who waits for an upstream that is not there and will not be soon. */
function withoutUpstream(step: Step): void {
  const { state } = step;
  const failure = state.upstream.kind === 'none' ? (state.upstream.failure?.message ?? '') : '';
  if (state.auth.kind === 'usable') {
    for (const pending of waitingAt(state, 'announce')) {
      const text = `${loggedInText(state.auth.token, state.config)}\nBut the server did not start: ${failure}`;
      answer(step, pending, toolResult(pending, text, true));
    }
    for (const pending of [...waitingAt(state, 'handshake'), ...waitingAt(state, 'held')])
      refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', failure);
    // Only notifications are left, about requests that are answered by now.
    takeHeld(state);
    return;
  }
  makeUpHandshake(step);
  release(step);
}
