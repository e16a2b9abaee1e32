// What becomes of the requests that a generation leaves behind, by a crash or at the end of its drain: made again where
// that is safe, else answered with the truth (DESIGN 2.5). Not for: what becomes of the generation (loss.ts).
import type { Step } from './events.ts';
import { dismiss, release } from './generations.ts';
import { hold, owedBy, owes, refuse } from './pending.ts';
import { CODE } from './replies.ts';
import type { Pending, State } from './state.ts';

/** Methods that may run twice without harm. */
const SAFE_METHODS = new Set([
  'ping',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'completion/complete',
  'logging/setLevel',
  'resources/subscribe',
  'resources/unsubscribe',
]);

/** Requests that a generation leaves behind: once more where that is safe, else the truth. */
export function abandon(step: Step, generation: number, text: string): void {
  for (const pending of owedBy(step.state, generation)) {
    if (isSafe(step.state, pending) && pending.bytes && pending.crashRetries === 0) {
      pending.crashRetries += 1;
      // It was on its way: what it waits for now is no person.
      pending.answerBy = undefined;
      hold(step, pending);
    } else refuse(step, pending, CODE.upstreamEnded, 'upstream_ended', text);
  }
}

function isSafe(state: State, pending: Pending): boolean {
  if (pending.method === 'tools/call')
    return pending.tool !== undefined && state.repeatable.has(pending.tool);
  return SAFE_METHODS.has(pending.method);
}

/** What is said of a call that was under way when its server ended. */
export function endedText(message: string): string {
  return `The server ended during this call. It may or may not have run: check before calling again. ${message}`;
}

/** What a replaced generation left behind goes to the current one, unless that will take it when it is ready. */
export function sendOn(step: Step): void {
  if (step.state.upstream.kind !== 'starting') release(step);
}

/** Ends replaced generations that owe nothing any more, or do not answer in time. */
export function dismissRetired(step: Step): void {
  for (const [generation, { deadline }] of step.state.retired) {
    if (owes(step.state, generation)) {
      if (step.steady < deadline) continue;
      if (step.state.answering.has(generation)) {
        endInAnswer(step, generation);
        continue;
      }
      abandon(
        step,
        generation,
        'The server did not answer before its token had to be replaced. The call may or may not have run: check ' +
          'before calling again.',
      );
      sendOn(step);
    }
    dismiss(step, generation);
  }
}

/**
 * The client has the beginning of an answer and must not get another one to the same request: that answer ends as it
 * may, with the process at the latest, and what is owed by then is told after it.
 */
function endInAnswer(step: Step, generation: number): void {
  const retired = step.state.retired.get(generation);
  if (!retired) return;
  step.state.retired.set(generation, { ...retired, deadline: Infinity });
  step.effects.push({ type: 'stop', generation });
}
