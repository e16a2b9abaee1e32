// Where a request of the client goes: to the generation, into the queue, to the login, or straight back.
// Not for: answers on their way to the client (upstream-frames.ts).
import { resultFrame } from '../wire/message.ts';
import { toUpstream } from './events.ts';
import type { Step } from './events.ts';
import { startGeneration } from './generations.ts';
import { onlyOwnTools } from './lists.ts';
import { joinLogin } from './login.ts';
import { refuseLoggedOut } from './logout.ts';
import { inCrashLoop } from './loss.ts';
import { callOwnTool } from './own-tools.ts';
import { answer, hold, holdNotification, ID_TO_COME, refuse, slim } from './pending.ts';
import { isSuperseded, remember } from './replay.ts';
import { CODE, whyLocked } from './replies.ts';
import { renewStale } from './rotation.ts';
import { accepts, isExpired, isHolding } from './selectors.ts';
import type { Pending, State } from './state.ts';
import { awaitToken, refuseNoToken } from './unattended.ts';

/** What a server can say without a token that works: its own lists and settings. */
const NEEDS_NO_TOKEN = new Set([
  'ping',
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'logging/setLevel',
]);

/** Lists that are empty where there is nobody to ask, by method. */
const EMPTY_RESULT: Readonly<Record<string, string>> = {
  'prompts/list': '{"prompts":[]}',
  'resources/list': '{"resources":[]}',
  'resources/templates/list': '{"resourceTemplates":[]}',
  'logging/setLevel': '{}',
  ping: '{}',
};

/** The capability that a method belongs to, where it belongs to one. */
const CAPABILITY: Readonly<Record<string, string>> = {
  'prompts/list': 'prompts',
  'prompts/get': 'prompts',
  'resources/list': 'resources',
  'resources/read': 'resources',
  'resources/templates/list': 'resources',
  'resources/subscribe': 'resources',
  'resources/unsubscribe': 'resources',
  'completion/complete': 'completions',
  'logging/setLevel': 'logging',
};

/** Sends a request on its way as things are now; called again when they have changed. */
export function route(step: Step, pending: Pending): void {
  const { state } = step;
  if (state.orphans.has(pending) && !NEEDS_NO_TOKEN.has(pending.method)) {
    refuseLoggedOut(step, pending);
    return;
  }
  if (callOwnTool(step, pending)) return;
  // The proxy is alive whatever the server does, and no renewal keeps a client waiting that checks that.
  if (pending.method === 'ping' && (!isServing(state.upstream) || isHolding(state))) {
    answer(step, pending, resultFrame(pending.id, '{}'));
    return;
  }
  switch (state.auth.kind) {
    case 'locked':
      routeLocked(step, pending);
      return;
    case 'stale':
      routeStale(step, pending);
      return;
    case 'usable':
      routeUsable(step, pending, state.auth.token.serial);
  }
}

function routeLocked(step: Step, pending: Pending): void {
  if (NEEDS_NO_TOKEN.has(pending.method)) routeTokenless(step, pending);
  else if (step.state.config.unattended) awaitToken(step, pending);
  else if (pending.method !== 'tools/call') refuseLocked(step, pending);
  // A logout that is under way answers it, rather than a login.
  else if (isHolding(step.state)) hold(step, pending);
  else joinLogin(step, pending);
}

/** Tells a request that no login can wait for what to do first. */
export function refuseLocked(step: Step, pending: Pending): void {
  const { config, own } = step.state;
  if (config.unattended) {
    refuseNoToken(step, pending);
    return;
  }
  const why = whyLocked(step.state);
  const message = `Nobody is logged in to ${config.hostLabel}.${why} Call the tool ${own.login} first.`;
  refuse(step, pending, CODE.loginNeeded, 'login_needed', message);
}

/** What needs no token goes to the upstream that is there; all else, and what has none to go to, to a new one. */
function routeStale(step: Step, pending: Pending): void {
  const { upstream, client } = step.state;
  const tokenless = NEEDS_NO_TOKEN.has(pending.method);
  // Where nobody can be asked before the renewal is through, the lists are announced as changed then.
  const nobody = upstream.kind === 'none' && client.told?.synthetic === true && isList(pending);
  if (tokenless && (upstream.kind === 'ready' || nobody)) routeTokenless(step, pending);
  else if (renewStale(step)) hold(step, pending);
  else if (tokenless) routeTokenless(step, pending);
  else refuseUnreachable(step, pending);
}

/** Lets a request wait for the token that is being got, where one is. */
export function awaitRenewal(step: Step, pending: Pending): void {
  if (renewStale(step)) hold(step, pending);
  else refuseUnreachable(step, pending);
}

function refuseUnreachable(step: Step, pending: Pending): void {
  const { auth, config, setback } = step.state;
  const what =
    auth.kind === 'stale' && auth.why === 'refused'
      ? `${config.hostLabel} does not accept the token${config.unattended ? '' : ' of this login'} any more`
      : `The token ${config.unattended ? `for ${config.hostLabel}` : 'of this login'} has expired`;
  // One that is made again had a server before, which has ended.
  const fate = pending.crashRetries > 0 ? 'The call may or may not have run.' : 'The call has not run.';
  refuse(
    step,
    pending,
    CODE.serverUnreachable,
    'authorization_server_unreachable',
    `${what}, and a new one could not be had: ${setback?.message ?? ''} ${fate} Try it again in a moment.`,
  );
}

function routeTokenless(step: Step, pending: Pending): void {
  const { upstream, client } = step.state;
  if (isServing(upstream)) forward(step, pending);
  // Its end, which is read any moment, sets this free again.
  else if (upstream.kind === 'ready') hold(step, pending);
  else if (!client.told?.synthetic && isComing(upstream)) hold(step, pending);
  else answerWithout(step, pending);
}

/** Sends a notification of the client on its way: it does not overtake the requests that came before it. */
export function routeNotification(step: Step, bytes: Buffer): void {
  const { state } = step;
  const { upstream, held } = state;
  if (upstream.kind === 'ready' && isServing(upstream) && held.length === 0 && !isHolding(state))
    toUpstream(step, upstream.generation, bytes);
  // Where no upstream is and none is to come, it is nobody's.
  else if (upstream.kind !== 'none' || held.length > 0 || upstream.restart) holdNotification(state, bytes);
}

/** Whether what is sent to the upstream gets there. */
function isServing(upstream: State['upstream']): boolean {
  return upstream.kind === 'ready' && !upstream.ending;
}

/** Whether there will be an upstream without anything else having to happen. */
function isComing(upstream: State['upstream']): boolean {
  return upstream.kind === 'starting' || (upstream.kind === 'none' && upstream.restart);
}

function routeUsable(step: Step, pending: Pending, serial: number): void {
  const { state } = step;
  const { upstream } = state;
  if (isHolding(state) || upstream.kind === 'starting') hold(step, pending);
  else if (accepts(state, step.wall)) forward(step, pending);
  // Its end, or the start of the one after it, sets this free again.
  else if (upstream.kind === 'ready' && (upstream.ending || state.succession.kind === 'starting'))
    hold(step, pending);
  else if (upstream.kind === 'ready' || step.steady >= upstream.notBefore) {
    hold(step, pending);
    startGeneration(step, serial);
  } else if (inCrashLoop(state)) {
    const seconds = Math.ceil((upstream.notBefore - step.steady) / 1000);
    refuse(
      step,
      pending,
      CODE.upstreamUnavailable,
      'upstream_unavailable',
      `${upstream.failure?.message ?? 'The server is not running.'} It is started again in ${seconds} s at the earliest.`,
    );
  } else {
    hold(step, pending);
    state.upstream = { ...upstream, restart: true };
  }
}

function forward(step: Step, pending: Pending): void {
  const { state } = step;
  const { upstream } = state;
  if (upstream.kind !== 'ready' || !pending.bytes) return;
  const capability = upstream.missing.size > 0 ? CAPABILITY[pending.method] : undefined;
  if (capability !== undefined && upstream.missing.has(capability)) {
    answerWithout(step, pending);
    return;
  }
  if (isSuperseded(state.client, pending)) {
    answer(step, pending, resultFrame(pending.id, '{}'));
    return;
  }
  remember(state.client, pending);
  pending.place = { kind: 'upstream', generation: upstream.generation };
  toUpstream(step, upstream.generation, pending.bytes);
  slim(state, pending);
}

function isList({ method }: Pending): boolean {
  return method === 'tools/list' || method in EMPTY_RESULT;
}

/** Answers what an upstream would have said, where there is none to ask. */
function answerWithout(step: Step, pending: Pending): void {
  const empty = EMPTY_RESULT[pending.method];
  // A log level that nobody took is for the server that comes.
  if (!isSuperseded(step.state.client, pending)) remember(step.state.client, pending);
  if (pending.method === 'tools/list') answer(step, pending, onlyOwnTools(step.state, pending));
  else if (empty !== undefined) answer(step, pending, resultFrame(pending.id, empty));
  else
    refuse(
      step,
      pending,
      CODE.upstreamUnavailable,
      'upstream_unavailable',
      `The server does not offer ${pending.method}.`,
    );
}

/** Whether a request may stream straight to the current generation, whatever it turns out to be. */
export function canStream(state: State, wall: number): boolean {
  return (
    accepts(state, wall) && !isExpired(state, wall) && !isHolding(state) && !state.pending.has(ID_TO_COME)
  );
}

/** Sends the beginning of a request that streams. */
export function forwardStream(step: Step, pending: Pending, bytes: Buffer): void {
  const { upstream } = step.state;
  if (upstream.kind !== 'ready') return;
  pending.place = { kind: 'upstream', generation: upstream.generation };
  toUpstream(step, upstream.generation, bytes, true);
}
