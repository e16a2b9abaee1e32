// A renewal that brought the very token that there is: a command or a broker may do so for as long as it likes that token.
// It ends in an explanation and never in a loop. Not for: renewals that bring another one (rotation.ts).
import type { Step } from './events.ts';
import { release } from './generations.ts';
import { refuse, waitingAt } from './pending.ts';
import { checkText, CODE } from './replies.ts';
import { endRenewal, forgive, noteRefusal, onUnreachable } from './rotation.ts';
import type { State, TokenView } from './state.ts';

/** @param token under the serial that it has here, with what is known of it by now */
export function onSameToken(step: Step, token: TokenView): void {
  const { state } = step;
  const { auth, renewal } = state;
  if (renewal.kind !== 'refreshing' || auth.kind === 'locked' || auth.token.serial !== token.serial) return;
  const refused = auth.kind === 'stale' && auth.why === 'refused';
  const end = token.expiresAt ?? Infinity;
  const known = auth.token.expiresAt ?? Infinity;
  const lasts = step.wall < end;
  if (!lasts || (!refused && end <= known)) {
    // Its end may come sooner than was known, by a clock that has been set back since: the latest word counts.
    if (end < known) state.auth = { ...auth, token };
    onUnreachable(step, 'the same token was got once more, which does not last any longer.');
    return;
  }
  state.auth = { kind: 'usable', token };
  endRenewal(state);
  if (refused) {
    forgive(state, token.serial);
    // From now on, however long this took: for a while the answer would be the same. Where nobody is asked but a program of
    // this machine, what a person does there helps the next call.
    if (!state.config.unattended) noteRefusal(step);
    explainRefused(step);
  }
  release(step);
}

/** Those whose calls were refused: made again with the same token, they would be refused again. */
function explainRefused(step: Step): void {
  const { state } = step;
  for (const pending of waitingAt(state, 'held')) {
    if (pending.authRetries > 0)
      refuse(step, pending, CODE.credentialRefused, 'credential_refused', refusedText(state));
  }
}

function refusedText({ config }: State): string {
  const { hostLabel, mode, remedy, version } = config;
  // A command to be run stands last, where no full stop sticks to it.
  const next = remedy === undefined ? checkText(config) : `${checkText(config)} ${remedy}`;
  return (
    `The token for ${hostLabel} is not accepted, and --auth ${mode} has brought the same one again. ${next} ` +
    `(gh-mcp-proxy ${version}, host ${hostLabel})`
  );
}
