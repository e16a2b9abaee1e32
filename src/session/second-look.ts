// A refusal that no renewal is to answer: before it goes to the client the vault is looked into, for the renewal of
// another process kills the token of a moment ago as well (DESIGN 2.4). Not for: refusals that lead to a renewal
// (rotation.ts), or the look itself (auth/).
import { log } from './events.ts';
import type { Step } from './events.ts';
import { release } from './generations.ts';
import { hold, refuse } from './pending.ts';
import type { WhyFinal } from './refusal.ts';
import { checkText, CODE } from './replies.ts';
import { noteRefusal, refuseToken } from './rotation.ts';
import { servedWell } from './selectors.ts';
import type { Pending, RefusedCall, State } from './state.ts';

const WHY = {
  renewed: 'gh-mcp-proxy got a new token and made this call again, but that token was not accepted either.',
  'logged-in': 'The token is only a moment old, and was not accepted.',
  guarded: 'gh-mcp-proxy has asked for a new token a moment ago, and does not do so again at once.',
  'not-kept':
    'This call was too large, or too many others were under way, to be kept and repeated with another token: make ' +
    'it again yourself.',
} as const;

/**
 * A call was refused, and goes to the client with that unless another process has stored a newer token: each such one is a
 * reason to make it again, since there are no more of them than others have asked for.
 */
export function lookFirst(step: Step, pending: Pending, text: string, why: WhyFinal): void {
  const { state } = step;
  const { renewal } = state;
  const call: RefusedCall = { pending, text, why };
  hold(step, pending);
  if (renewal.kind === 'looking') state.renewal = { ...renewal, later: [...renewal.later, call] };
  else beginLook(step, [call]);
}

function beginLook(step: Step, calls: readonly RefusedCall[]): void {
  const { state, effects } = step;
  if (state.auth.kind !== 'usable') return;
  const { serial } = state.auth.token;
  log(step, 'debug', 'the token was not accepted; looking for one that another process has stored');
  state.renewal = { kind: 'looking', serial, calls, later: [] };
  effects.push({ type: 'look', serial });
}

/** No other process has a newer token than `serial`: the refusals go to the client. */
export function onNothingNewer(step: Step, serial: number): void {
  const { state } = step;
  const { auth, renewal } = state;
  if (renewal.kind !== 'looking' || renewal.serial !== serial) return;
  state.renewal = { kind: 'idle' };
  // Its time has run out meanwhile: they wait for its renewal, like all others.
  if (auth.kind === 'usable') {
    for (const { pending, text, why } of waiting(state, renewal.calls)) {
      // Not where the token has served meanwhile: then it is another one that was refused.
      if (why === 'logged-in' || (why === 'renewed' && !servedWell(state, step.steady))) noteRefusal(step);
      explain(step, pending, text, why);
    }
    const later = waiting(state, renewal.later);
    if (later.length > 0) {
      lookLater(step, later);
      return;
    }
  }
  release(step);
}

/** These were refused during a look, whatever that was for: a renewal answers them, where one may be begun by now. */
function lookLater(step: Step, calls: readonly RefusedCall[]): void {
  const guarded = calls.filter(({ why }) => why === 'guarded');
  if (guarded.length === 0 || !refuseToken(step)) beginLook(step, calls);
  else for (const { pending } of guarded) pending.authRetries += 1;
}

/** The session ends before the look does: what is known goes to the client, which may read on until then. */
export function endLook(step: Step): void {
  const { state } = step;
  const { renewal } = state;
  if (renewal.kind !== 'looking') return;
  for (const { pending, text, why } of waiting(state, [...renewal.calls, ...renewal.later]))
    explain(step, pending, text, why);
}

/** Those that were not given up meanwhile. */
function waiting({ pending }: State, calls: readonly RefusedCall[]): RefusedCall[] {
  return calls.filter((call) => pending.get(call.pending.id) === call.pending);
}

/** The failure goes to the client, with what the proxy knows about it. */
export function explain(step: Step, pending: Pending, text: string, why: keyof typeof WHY): void {
  const { config } = step.state;
  const { hostLabel, version } = config;
  const check = why === 'not-kept' ? '' : ` ${checkText(config)}`;
  const explained = `${text}\n\n${WHY[why]}${check} (gh-mcp-proxy ${version}, host ${hostLabel})`;
  refuse(step, pending, CODE.credentialRefused, 'credential_refused', explained);
}
