// The life of generations: start, handshake replay, ready, retirement, crash (DESIGN 2.5).
// Not for: processes (upstream/), or which frames a generation gets (routing.ts).
import { dig, notificationFrame, parse, requestFrame } from '../wire/message.ts';
import type { ResponseFrame } from '../wire/message.ts';
import { locate } from '../wire/splice.ts';
import { log, toClient, toUpstream } from './events.ts';
import type { Event, Step } from './events.ts';
import { adoptAnswer, described, madeUp, toldFrame } from './handshake.ts';
import { answer, cancelAtClient, hold, ID_TO_COME, owedBy, refuse, takeHeld, waitingAt } from './pending.ts';
import { CODE, loggedInText, toolResult } from './replies.ts';
import { PLACEHOLDER } from './state.ts';
import type { Listing, Pending, State, Told, Upstream } from './state.ts';

/** Starts in a row that fail before the proxy stops trying by itself. */
const CRASH_LOOP = 3;
/** A generation that lived this long was no part of a crash loop, in ms. */
const STABLE = 10_000;
const LONGEST_PAUSE = 10_000;

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

/** Ids of requests that the proxy makes of an upstream by itself; their answers stay here. */
export const PRIVATE_ID = '"gh-mcp-proxy:';

function privateId(what: string, generation: number): string {
  return `${PRIVATE_ID}${what}:${generation}"`;
}

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

/** An answer to a request of the proxy's own; only that to `initialize` matters. */
export function onPrivateAnswer(step: Step, generation: number, frame: ResponseFrame): void {
  const { upstream } = step.state;
  if (upstream.kind !== 'starting' || upstream.generation !== generation) return;
  if (frame.id !== privateId('initialize', generation)) return;
  const range = locate(frame.bytes, [frame.outcome]);
  if (!range) return;
  const value = frame.bytes.subarray(range.start, range.end);
  if (frame.outcome === 'error') refusedHandshake(step, generation, value);
  else if (!step.state.client.told) {
    tell(step, adoptAnswer(value));
    becomeReady(step, upstream, new Set());
  } else compare(step, upstream, step.state.client.told, value);
}

/** Answers the client's initialize, which is also what every later generation is compared with. */
function tell(step: Step, told: Told): void {
  step.state.client.told = told;
  for (const pending of waitingAt(step.state, 'handshake'))
    answer(step, pending, toldFrame(pending.id, told));
}

/** The upstream will not shake hands: its own words go to the client, where the client still waits for them. */
function refusedHandshake(step: Step, generation: number, error: Buffer): void {
  const text = error.toString('utf8');
  for (const pending of waitingAt(step.state, 'handshake'))
    answer(step, pending, Buffer.from(`{"jsonrpc":"2.0","id":${pending.id},"error":${text}}\n`));
  step.effects.push({ type: 'stop', generation });
  fail(step, `The server refused the handshake: ${String(dig(parse(error), 'message'))}`);
}

/** A later generation's answer against what the client was told: it is hidden if it keeps the promise. */
function compare(
  step: Step,
  upstream: Extract<Upstream, { kind: 'starting' }>,
  told: Told,
  result: Buffer,
): void {
  const now = described(parse(result));
  if (now.protocolVersion !== told.protocolVersion) {
    step.effects.push({ type: 'stop', generation: upstream.generation });
    fail(
      step,
      `The server now speaks MCP ${now.protocolVersion}, but this session was opened with ${told.protocolVersion}. ` +
        'Reconnect the server in the client.',
    );
    return;
  }
  const missing = new Set(Object.keys(told.capabilities).filter((name) => !(name in now.capabilities)));
  if (missing.size > 0 && !told.synthetic)
    log(step, 'error', `the server no longer offers ${[...missing].join(', ')}; reconnect it in the client`);
  becomeReady(step, upstream, missing);
}

function becomeReady(
  step: Step,
  upstream: Extract<Upstream, { kind: 'starting' }>,
  missing: ReadonlySet<string>,
): void {
  const { state } = step;
  const { generation, serial } = upstream;
  replay(step, generation, missing);
  state.upstream = { kind: 'ready', generation, serial, since: step.now, missing };
  announceChanges(step);
  for (const pending of waitingAt(state, 'announce')) {
    if (state.auth.kind !== 'usable') continue;
    answer(step, pending, toolResult(pending, loggedInText(state.auth.token, state.config.hostLabel), false));
  }
  release(step);
}

/** What the client did after its initialize, as far as a server remembers it. */
function replay(step: Step, generation: number, missing: ReadonlySet<string>): void {
  const { client } = step.state;
  if (!client.initialized) return;
  toUpstream(step, generation, notificationFrame('notifications/initialized'));
  if (client.logLevel !== undefined && !missing.has('logging'))
    toUpstream(
      step,
      generation,
      requestFrame(privateId('level', generation), 'logging/setLevel', client.logLevel),
    );
  let count = 0;
  for (const params of client.subscriptions.values()) {
    count += 1;
    const id = privateId(`subscribe-${count}`, generation);
    toUpstream(step, generation, requestFrame(id, 'resources/subscribe', params));
  }
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
  if (upstream.kind === 'ready' && owedBy(state, generation).length > 0)
    state.retired.set(generation, { serial, deadline: step.now + state.config.drainTimeout });
  else dismiss(step, generation);
}

/** Ends a generation that owes nothing any more. */
export function dismiss(step: Step, generation: number): void {
  step.state.retired.delete(generation);
  withdrawQuestions(step, generation);
  step.effects.push({ type: 'stop', generation });
}

/** What a generation asked of the client has no one to answer to any more. */
function withdrawQuestions(step: Step, generation: number): void {
  for (const [id, asker] of step.state.asked) {
    if (asker !== generation) continue;
    step.state.asked.delete(id);
    cancelAtClient(step, id, 'The server that asked was replaced.');
  }
}

/** A generation's process is gone. */
export function onEnded(step: Step, event: Extract<Event, { type: 'upstream-ended' }>): void {
  const { state } = step;
  const { upstream } = state;
  const current = upstream.kind !== 'none' && upstream.generation === event.generation;
  if (!current && !state.retired.has(event.generation)) return;
  withdrawQuestions(step, event.generation);
  state.retired.delete(event.generation);
  const wasReady = current && upstream.kind === 'ready';
  if (current) {
    const stable = wasReady && step.now - upstream.since > STABLE;
    state.crashes = stable ? 1 : state.crashes + 1;
    state.upstream = {
      kind: 'none',
      failure: { message: event.message },
      notBefore: step.now + pause(state.crashes),
      restart: false,
    };
    log(step, wasReady ? 'warn' : 'error', event.message);
  }
  abandon(step, event.generation, event.message);
  if (!current || state.closing.kind !== 'open') return;
  if (event.cannotStart) cannotStart(step, event.message);
  else recover(step, wasReady);
}

function pause(crashes: number): number {
  return crashes <= 1 ? 0 : Math.min(250 * 2 ** (crashes - 2), LONGEST_PAUSE);
}

/** Requests that an ended generation had: again if that is safe, else the truth. */
export function abandon(step: Step, generation: number, message: string): void {
  for (const pending of owedBy(step.state, generation)) {
    if (pending.id === ID_TO_COME) continue;
    if (isSafe(step.state, pending) && pending.bytes && pending.crashRetries === 0) {
      pending.crashRetries += 1;
      hold(step, pending);
    } else {
      refuse(
        step,
        pending,
        CODE.upstreamEnded,
        'upstream_ended',
        `The server ended during this call. It may or may not have run: check before calling again. ${message}`,
      );
    }
  }
}

function isSafe(state: State, pending: Pending): boolean {
  if (pending.method === 'tools/call')
    return pending.tool !== undefined && state.repeatable.has(pending.tool);
  return SAFE_METHODS.has(pending.method);
}

/** There is no such command: no login and no retry can help, so the client is told and the proxy ends. */
function cannotStart(step: Step, message: string): void {
  const { state } = step;
  state.fatal = { message, deadline: step.now + 1000 };
  for (const pending of state.pending.values())
    refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', message);
  takeHeld(state);
  if (state.client.hello) step.effects.push({ type: 'shutdown', exitCode: 1 });
}

/** The current generation will not do: as after a crash, without waiting for its end. */
function fail(step: Step, message: string): void {
  const { state } = step;
  log(step, 'error', message);
  state.crashes += 1;
  state.upstream = {
    kind: 'none',
    failure: { message },
    notBefore: step.now + pause(state.crashes),
    restart: false,
  };
  recover(step, false);
}

/** After the loss of the current generation: start another, or tell those who wait. */
function recover(step: Step, wasReady: boolean): void {
  const { state } = step;
  if (state.upstream.kind !== 'none') return;
  const opened = state.client.told !== undefined;
  const worthIt = wasReady || (state.auth.kind === 'usable' && opened);
  if (worthIt && state.crashes < CRASH_LOOP && wantedSerial(state) !== undefined) {
    state.upstream = { ...state.upstream, restart: true };
    return;
  }
  withoutUpstream(step);
}

/** Starts the upstream again once its pause is over. */
export function restartWhenDue(step: Step): void {
  const { state } = step;
  const serial = wantedSerial(state);
  if (state.upstream.kind !== 'none' || !state.upstream.restart) return;
  if (serial === undefined) state.upstream = { ...state.upstream, restart: false };
  else if (step.now >= state.upstream.notBefore) startGeneration(step, serial);
}

/** Whether the upstream keeps ending: requests are then refused during the pause instead of held. */
export function inCrashLoop(state: State): boolean {
  return state.crashes >= CRASH_LOOP;
}

/** Answers everybody who waits for an upstream that is not there and will not be soon. */
export function withoutUpstream(step: Step): void {
  const { state } = step;
  const failure = state.upstream.kind === 'none' ? (state.upstream.failure?.message ?? '') : '';
  if (state.auth.kind === 'usable') {
    for (const pending of waitingAt(state, 'announce')) {
      const text = `${loggedInText(state.auth.token, state.config.hostLabel)}\nBut the server did not start: ${failure}`;
      answer(step, pending, toolResult(pending, text, true));
    }
    for (const pending of [...waitingAt(state, 'handshake'), ...waitingAt(state, 'held')])
      refuse(step, pending, CODE.upstreamUnavailable, 'upstream_unavailable', failure);
    return;
  }
  makeUpHandshake(step);
  release(step);
}

/** Answers the client's initialize without an upstream. */
export function makeUpHandshake(step: Step): void {
  const { client, config, authTool } = step.state;
  if (!client.hello || client.told) return;
  tell(step, madeUp(client.hello, config, authTool));
  // Whatever answers one day has other lists than the empty ones that are told until then.
  markChanged(step.state);
}
