// What the vault tells beside a login or a renewal of this session's own: the stored login at the start and after it, a
// sibling's newer token, a logout elsewhere (DESIGN 2.8, Sharing). Not for: how the vault is watched (token-news.ts).
import { log } from './events.ts';
import type { Event, Step } from './events.ts';
import { markChanged, release, startGeneration, wantedSerial } from './generations.ts';
import { endOpening, onLoggedIn, withdrawLogin } from './login.ts';
import { endLogin } from './logout.ts';
import { hold, waitingAt } from './pending.ts';
import { expiredText } from './replies.ts';
import { endRenewal, lock, overlaps, replaceToken } from './rotation.ts';
import { noteSetback } from './setback.ts';
import type { State, TokenView } from './state.ts';
import { onNothingObtained } from './unattended.ts';

/** Calls wait so long for a stored login that is being opened: no keychain is given more time (DESIGN 2.8). In ms. */
const LONGEST_OPENING = 3_000;

/** What a stored token is good for at this moment. */
function authWith(token: TokenView, { state, wall }: Step): State['auth'] {
  if (wall < (token.expiresAt ?? Infinity)) return { kind: 'usable', token };
  if (token.renewable) return { kind: 'stale', token, why: 'expired' };
  return { kind: 'locked', reason: expiredText(state.config) };
}

/** The session begins. A renewal runs beside the start: nothing is asked over the network before the client is answered. */
export function onStarted(
  step: Step,
  { token, lockedBecause, opening, unreachable }: Extract<Event, { type: 'started' }>,
): void {
  const { state } = step;
  const { unattended } = state.config;
  state.auth = token ? authWith(token, step) : { kind: 'locked', reason: lockedBecause };
  // Where nobody could do anything else, what is under way is waited for as long as it takes.
  if (opening)
    state.login = { kind: 'opening', until: unattended ? Infinity : step.steady + LONGEST_OPENING };
  else if (!token && unattended) noteSetback(step, lockedBecause, unreachable === true);
  const serial = wantedSerial(state);
  if (serial !== undefined) startGeneration(step, serial);
}

/** There is no stored login, or it cannot be opened: calls that waited for it go through a login, or are told why. */
export function onNotOpened(step: Step, reason: string, unreachable = false): void {
  const { state } = step;
  if (state.config.unattended) {
    onNothingObtained(step, reason, unreachable);
    return;
  }
  if (state.auth.kind === 'locked') state.auth = { kind: 'locked', reason };
  endOpening(step);
}

/** The vault holds a token that is newer than the session's. */
export function onAdopted(step: Step, token: TokenView): void {
  const { state } = step;
  const auth = authWith(token, step);
  log(step, 'info', 'a newer stored login is used');
  if (auth.kind === 'locked') {
    if (state.auth.kind === 'locked') onNotOpened(step, auth.reason);
    else lock(step, auth.reason);
  } else if (auth.kind === 'stale') renewFirst(step, auth);
  else if (state.auth.kind === 'locked') {
    // What has waited for it to be opened has waited for no person: a refusal of it is mended like any other.
    if (state.login.kind === 'opening')
      for (const pending of waitingAt(state, 'login')) pending.answerBy = undefined;
    withdrawLogin(step, true);
    onLoggedIn(step, token);
  } else replaceToken(step, token, overlaps(state));
}

/** Its time is over: it is renewed, and nothing is started with it. */
function renewFirst(step: Step, auth: State['auth']): void {
  const { state } = step;
  if (state.auth.kind === 'locked') {
    withdrawLogin(step, true);
    markChanged(state);
  }
  state.auth = auth;
  endRenewal(state);
  for (const pending of waitingAt(state, 'login')) hold(step, pending);
  release(step);
}

/** Somebody has logged out in another process: this session's login ends with that one. */
export function onLoggedOut(step: Step, message: string): void {
  const { state } = step;
  // It had ended before, and the login that has begun since is another one.
  if (state.auth.kind === 'locked' && state.login.kind !== 'idle') return;
  endLogin(step, message);
}
