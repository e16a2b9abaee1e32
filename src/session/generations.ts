// The succession of generations: which token the next one gets, how it takes over, how the one before leaves
// (DESIGN 2.5). Not for: its handshake (readiness.ts), its loss (loss.ts), processes (upstream/), or which frames it
// gets (routing.ts).
import { notificationFrame, requestFrame } from '../wire/message.ts';
import type { Listing, Told } from './client-side.ts';
import { toClient, toUpstream } from './events.ts';
import type { Step } from './events.ts';
import { madeUp, toldFrame } from './handshake.ts';
import { answer, owes, takeHeld, waitingAt } from './pending.ts';
import { withdrawAll } from './questions.ts';
import { noteStart } from './releases.ts';
import { privateId } from './replay.ts';
import { servedWell } from './selectors.ts';
import { PLACEHOLDER } from './state.ts';
import type { Starting, State } from './state.ts';

/** Makes a new generation the current one; the one before owes its answers and then ends. */
export function startGeneration(step: Step, serial: number): void {
  // There is no such command: the session ends, whatever token comes.
  if (step.state.fatal) return;
  endSuccession(step);
  retireCurrent(step);
  step.state.upstream = { kind: 'starting', ...spawn(step, serial) };
}

/** Starts a generation that takes over once it is ready; the current one serves until then. */
export function startSuccessor(step: Step, serial: number): void {
  const { succession } = step.state;
  const failures = succession.kind === 'none' ? 0 : succession.failures;
  endSuccession(step);
  step.state.succession = { kind: 'starting', ...spawn(step, serial), failures };
}

/** The successor has shaken hands: new requests go to it, and the one before owes its answers yet. */
export function takeOver(step: Step): void {
  step.state.succession = { kind: 'none' };
  retireCurrent(step);
}

/** Nobody is to take over. */
export function endSuccession(step: Step): void {
  const { succession } = step.state;
  step.state.succession = { kind: 'none' };
  if (succession.kind === 'starting') dismiss(step, succession.generation);
}

function spawn(step: Step, serial: number): Starting {
  const { state } = step;
  const generation = state.nextGeneration;
  state.nextGeneration += 1;
  noteStart(state, generation, serial);
  step.effects.push({ type: 'spawn', generation, serial });
  return asked(step, { generation, serial, since: step.steady, asked: false, ending: false });
}

/** The token, or stand-in, that a generation is to be started with as things are; `undefined` for none at all. */
export function wantedSerial(state: State): number | undefined {
  if (state.auth.kind === 'usable') return state.auth.token.serial;
  return state.config.beforeLogin === 'placeholder' ? PLACEHOLDER : undefined;
}

/** Sends the client's own initialize to the generation that starts, once both are there. */
export function askHello(step: Step): void {
  const { upstream } = step.state;
  if (upstream.kind === 'starting') step.state.upstream = { kind: 'starting', ...asked(step, upstream) };
}

function asked(step: Step, starting: Starting): Starting {
  const { hello } = step.state.client;
  if (starting.asked || starting.ending || !hello) return starting;
  const { generation } = starting;
  toUpstream(step, generation, requestFrame(privateId('initialize', generation), 'initialize', hello.params));
  return { ...starting, asked: true, since: step.steady };
}

/** Answers the client's initialize, which is also what every later generation is compared with. */
export function tell(step: Step, told: Told): void {
  if (!step.state.client.told) step.effects.push({ type: 'watch' });
  step.state.client.told = told;
  for (const pending of waitingAt(step.state, 'handshake'))
    answer(step, pending, toldFrame(pending.id, told));
}

/** Answers the client's initialize without an upstream. */
export function makeUpHandshake(step: Step): void {
  const { client } = step.state;
  if (!client.hello || client.told) return;
  tell(step, madeUp(client.hello, step.state));
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

/** Lets the current generation finish what it owes, or ends it where that is nothing. */
export function retireCurrent(step: Step): void {
  const { state } = step;
  const { upstream } = state;
  if (upstream.kind === 'none') return;
  const { generation, serial } = upstream;
  if (servedWell(state, step.steady)) state.crashes = 0;
  if (upstream.kind === 'ready' && owes(state, generation))
    state.retired.set(generation, { serial, deadline: step.steady + state.config.drainTimeout });
  else dismiss(step, generation);
}

/** Ends a generation that owes nothing any more. */
export function dismiss(step: Step, generation: number): void {
  step.state.retired.delete(generation);
  withdrawAll(step, generation);
  step.effects.push({ type: 'stop', generation });
}
