// The succession of generations: which token the next one gets, how it takes over, how the one before leaves
// (DESIGN 2.5). Not for: its handshake (readiness.ts), its loss (loss.ts), processes (upstream/), or which frames it
// gets (routing.ts).
import { notificationFrame, requestFrame } from '../wire/message.ts';
import { toClient, toUpstream } from './events.ts';
import type { Step } from './events.ts';
import { madeUp, toldFrame } from './handshake.ts';
import { answer, cancelAtClient, owes, takeHeld, waitingAt } from './pending.ts';
import { privateId } from './replay.ts';
import { PLACEHOLDER } from './state.ts';
import type { Listing, State, Told } from './state.ts';

/** A generation that served this long was no part of a crash loop, in ms. */
const STABLE = 10_000;

/** Makes a new generation the current one; the one before owes its answers and then ends. */
export function startGeneration(step: Step, serial: number): void {
  const { state } = step;
  retireCurrent(step);
  const generation = state.nextGeneration;
  state.nextGeneration += 1;
  state.upstream = { kind: 'starting', generation, serial, since: step.now, asked: false };
  step.effects.push({ type: 'spawn', generation, serial });
  askHello(step);
}

/** The token, or stand-in, that a generation is to be started with as things are; `undefined` for none at all. */
export function wantedSerial(state: State): number | undefined {
  if (state.auth.kind === 'usable') return state.auth.token.serial;
  return state.config.beforeLogin === 'placeholder' ? PLACEHOLDER : undefined;
}

/** Sends the client's own initialize to the generation that starts, once both are there. */
export function askHello(step: Step): void {
  const { upstream, client } = step.state;
  if (upstream.kind !== 'starting' || upstream.asked || !client.hello) return;
  const id = privateId('initialize', upstream.generation);
  toUpstream(step, upstream.generation, requestFrame(id, 'initialize', client.hello.params));
  step.state.upstream = { ...upstream, asked: true, since: step.now };
}

/** Answers the client's initialize, which is also what every later generation is compared with. */
export function tell(step: Step, told: Told): void {
  step.state.client.told = told;
  for (const pending of waitingAt(step.state, 'handshake'))
    answer(step, pending, toldFrame(pending.id, told));
}

/** Answers the client's initialize without an upstream. */
export function makeUpHandshake(step: Step): void {
  const { client, config, authTool } = step.state;
  if (!client.hello || client.told) return;
  tell(step, madeUp(client.hello, config, authTool));
  // Whatever answers one day has other lists than the empty ones that are told until then.
  markChanged(step.state);
}

/** Emits `list_changed` for what is known to have changed. */
export function announceChanges(step: Step): void {
  const { client, changed } = step.state;
  if (client.initialized) {
    for (const listing of changed) toClient(step, notificationFrame(`notifications/${listing}/list_changed`));
  }
  changed.clear();
}

/** Notes which listings will look different: all of them where the client was told a made-up handshake. */
export function markChanged(state: State): void {
  const listings: Listing[] = state.client.told?.synthetic ? ['tools', 'prompts', 'resources'] : ['tools'];
  for (const listing of listings) state.changed.add(listing);
}

/** Sends what was held on its way again, in order. */
export function release(step: Step): void {
  step.released.push(...takeHeld(step.state));
}

function retireCurrent(step: Step): void {
  const { state } = step;
  const { upstream } = state;
  if (upstream.kind === 'none') return;
  const { generation, serial } = upstream;
  if (servedWell(state, step.now)) state.crashes = 0;
  if (upstream.kind === 'ready' && owes(state, generation))
    state.retired.set(generation, { serial, deadline: step.now + state.config.drainTimeout });
  else dismiss(step, generation);
}

/** Whether the current generation has served long enough for what failed before it to be forgotten. */
export function servedWell({ upstream }: State, now: number): boolean {
  return upstream.kind === 'ready' && now - upstream.since > STABLE;
}

/** Ends a generation that owes nothing any more. */
export function dismiss(step: Step, generation: number): void {
  step.state.retired.delete(generation);
  withdrawQuestions(step, generation);
  step.effects.push({ type: 'stop', generation });
}

/** What a generation asked of the client has no one to answer to any more. */
export function withdrawQuestions(step: Step, generation: number): void {
  for (const [id, asker] of step.state.asked) {
    if (asker !== generation) continue;
    step.state.asked.delete(id);
    cancelAtClient(step, id, 'The server that asked was replaced.');
  }
}
