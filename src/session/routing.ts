// Where a request of the client goes: to the generation, into the queue, to the login, or straight back.
// Not for: answers on their way to the client (upstream-frames.ts).
import { resultFrame } from '../wire/message.ts';
import { toUpstream } from './events.ts';
import type { Step } from './events.ts';
import { inCrashLoop, startGeneration } from './generations.ts';
import { onlyAuthTool } from './lists.ts';
import { callAuthTool, joinLogin } from './login.ts';
import { answer, hold, ID_TO_COME, refuse } from './pending.ts';
import { CODE } from './replies.ts';
import { expire, isExpired, renewStale } from './rotation.ts';
import type { Pending, State } from './state.ts';

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
  if (pending.method === 'tools/call' && pending.tool === state.authTool && callAuthTool(step, pending))
    return;
  if (pending.method === 'ping' && state.upstream.kind !== 'ready') {
    answer(step, pending, resultFrame(pending.id, '{}'));
    return;
  }
  if (isExpired(state, step.now)) expire(step);
  switch (state.auth.kind) {
    case 'locked':
      routeLocked(step, pending);
      return;
    case 'stale':
      if (NEEDS_NO_TOKEN.has(pending.method) && state.upstream.kind === 'ready') forward(step, pending);
      // Nobody is there to ask before the renewal is through, and its lists are announced as changed then.
      else if (isList(pending) && state.upstream.kind === 'none' && state.client.told?.synthetic)
        answerWithout(step, pending);
      else {
        hold(step, pending);
        renewStale(step);
      }
      return;
    case 'usable':
      routeUsable(step, pending, state.auth.token.serial);
  }
}

function routeLocked(step: Step, pending: Pending): void {
  const { upstream, client } = step.state;
  if (pending.method === 'tools/call') joinLogin(step, pending);
  else if (!NEEDS_NO_TOKEN.has(pending.method))
    refuse(
      step,
      pending,
      CODE.loginNeeded,
      'login_needed',
      `Nobody is logged in to ${step.state.config.hostLabel}. Call the tool ${step.state.authTool} first.`,
    );
  else if (upstream.kind === 'ready') forward(step, pending);
  else if (!client.told?.synthetic && isComing(upstream)) hold(step, pending);
  else answerWithout(step, pending);
}

/** Whether there will be an upstream without anything else having to happen. */
function isComing(upstream: State['upstream']): boolean {
  return upstream.kind === 'starting' || (upstream.kind === 'none' && upstream.restart);
}

function routeUsable(step: Step, pending: Pending, serial: number): void {
  const { state } = step;
  const { upstream } = state;
  if (state.renewal.kind !== 'idle' || upstream.kind === 'starting') hold(step, pending);
  else if (upstream.kind === 'ready' && upstream.serial === serial) forward(step, pending);
  else if (upstream.kind === 'ready' || step.now >= upstream.notBefore) {
    hold(step, pending);
    startGeneration(step, serial);
  } else if (inCrashLoop(state)) {
    const seconds = Math.ceil((upstream.notBefore - step.now) / 1000);
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
  const { upstream } = step.state;
  if (upstream.kind !== 'ready' || !pending.bytes) return;
  const capability = upstream.missing.size > 0 ? CAPABILITY[pending.method] : undefined;
  if (capability !== undefined && upstream.missing.has(capability)) {
    answerWithout(step, pending);
    return;
  }
  pending.place = { kind: 'upstream', generation: upstream.generation };
  toUpstream(step, upstream.generation, pending.bytes);
}

function isList({ method }: Pending): boolean {
  return method === 'tools/list' || method in EMPTY_RESULT;
}

/** Answers what an upstream would have said, where there is none to ask. */
function answerWithout(step: Step, pending: Pending): void {
  const empty = EMPTY_RESULT[pending.method];
  if (pending.method === 'tools/list') answer(step, pending, onlyAuthTool(step.state, pending));
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
export function canStream(state: State, now: number): boolean {
  const { auth, upstream } = state;
  return (
    auth.kind === 'usable' &&
    !isExpired(state, now) &&
    state.renewal.kind === 'idle' &&
    upstream.kind === 'ready' &&
    upstream.serial === auth.token.serial &&
    !state.pending.has(ID_TO_COME)
  );
}

/** Sends the beginning of a request that streams. */
export function forwardStream(step: Step, pending: Pending, bytes: Buffer): void {
  const { upstream } = step.state;
  if (upstream.kind !== 'ready') return;
  pending.place = { kind: 'upstream', generation: upstream.generation };
  toUpstream(step, upstream.generation, bytes, true);
}
