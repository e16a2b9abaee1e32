// A session moved by hand: events in, effects out, at times that the test makes up. No process, no clock.
// Not for: what the driver does with effects.
import type { LoginPrompt } from '../../../src/auth/token-source.ts';
import type { Effect, Event, Moment } from '../../../src/session/events.ts';
import { initialState } from '../../../src/session/state.ts';
import type { SessionConfig, State, TokenView } from '../../../src/session/state.ts';
import { transition, untilTick } from '../../../src/session/transition.ts';
import { readValidFrame } from '../../../src/wire/message.ts';
import type { Json, Message } from '../../support/messages.ts';

/** When every session here begins, in milliseconds since the epoch. */
export const START = 1_750_000_000_000;

export const config: SessionConfig = {
  hostLabel: 'github.com',
  profile: 'default',
  mode: 'device',
  modeReason: '--oauth-client-id is given',
  unattended: false,
  authTools: false,
  beforeLogin: 'placeholder',
  rotation: undefined,
  authFailure: { hints: ['401'], patterns: [/\b401 Bad credentials\b/] },
  version: '1.2.3',
  loginWait: 45_000,
  drainTimeout: 30_000,
  patience: 2_000,
  jitter: 0,
};

export const prompt: LoginPrompt = {
  verificationUri: 'https://github.com/login/device',
  userCode: 'WDJB-MJHT',
  expiresAt: START + 900_000,
};

/** A token of a GitHub App that lasts eight hours. */
export const token: TokenView = {
  serial: 1,
  login: 'octocat',
  issuedAt: START,
  expiresAt: START + 28_800_000,
  renewable: true,
  rotation: 'exclusive',
  scopes: [],
};

/** What an upstream answers to initialize. */
export const RESULT = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {}, logging: {} },
  serverInfo: { name: 'upstream', version: '1' },
};

export interface Stepped {
  readonly state: State;
  /** A renewal has nothing to prepare beside the token, as with `--store memory`; else the test says when it is ready. */
  unprepared: boolean;
  /** No other process stores a newer token, as with `--store memory`; else the test says what a look at the vault finds. */
  unshared: boolean;
  /** Milliseconds since the start; moves only when the test says so. */
  now: number;
  /** By how much the time of day has jumped since the start, in ms. */
  jumped: number;
  /** Applies an event now. */
  step(event: Event): Effect[];
  /** A frame of the client. */
  client(message: Json): Effect[];
  /** A frame of the current generation. */
  upstream(message: Json): Effect[];
  /** The current generation answers its initialize. */
  shakeHands(result?: Json): Effect[];
  /** Moves time on, with a tick at each moment that one is due, as the driver does. */
  pass(ms: number): Effect[];
}

/** @param stored what the vault held, @param how else it begins */
export function startStepped(
  changes: Partial<SessionConfig> = {},
  stored?: TokenView,
  how: Partial<Extract<Event, { type: 'started' }>> = {},
): Stepped {
  const state = initialState({ ...config, ...changes });
  const moment = (): Moment => ({ wall: START + stepped.now + stepped.jumped, steady: stepped.now });
  const dueAt = (): number => stepped.now + untilTick(state, moment());
  const stepped: Stepped = {
    state,
    unprepared: true,
    unshared: true,
    now: 0,
    jumped: 0,
    step(event) {
      const effects = transition(state, event, moment());
      const question = effects.find(
        ({ type }) => (type === 'prepare' && stepped.unprepared) || (type === 'look' && stepped.unshared),
      );
      if (!question || !('serial' in question)) return effects;
      const { type, serial } = question;
      const others = effects.filter((effect) => effect !== question);
      const outcome = type === 'look' ? 'nothing-newer' : 'refresh-prepared';
      return [...others, ...stepped.step({ type: outcome, serial })];
    },
    client: (message) => stepped.step({ type: 'client-frame', frame: frameOf(message) }),
    upstream: (message) =>
      stepped.step({
        type: 'upstream-frame',
        generation: generationOf(state),
        frame: frameOf(message),
        suspicious: true,
      }),
    shakeHands: (result = RESULT) =>
      stepped.upstream({ id: `gh-mcp-proxy:initialize:${generationOf(state)}`, result }),
    pass(ms) {
      const end = stepped.now + ms;
      const effects: Effect[] = [];
      for (let due = dueAt(); due <= end; due = dueAt()) {
        stepped.now = Math.max(stepped.now, due);
        effects.push(...stepped.step({ type: 'tick' }));
        if (untilTick(state, moment()) <= 0) throw new Error('a tick is due again at once: a busy loop');
      }
      stepped.now = end;
      return effects;
    },
  };
  stepped.step({ type: 'started', token: stored, lockedBecause: 'Nobody has logged in yet.', ...how });
  return stepped;
}

/** A session whose client and upstream have shaken hands. */
export function startReady(capabilities: Json = {}, stored?: TokenView): Stepped {
  const stepped = startStepped({}, stored);
  stepped.client(initialize(capabilities));
  stepped.shakeHands();
  stepped.client({ method: 'notifications/initialized' });
  return stepped;
}

export function initialize(capabilities: Json = {}, protocolVersion = '2025-11-25'): Json {
  return { id: 'init', method: 'initialize', params: { protocolVersion, capabilities } };
}

export function call(id: number, name: string, args: Json = {}, meta?: Json): Json {
  return { id, method: 'tools/call', params: { name, arguments: args, ...(meta && { _meta: meta }) } };
}

/** What goes to the client, parsed, in order. */
export function said(effects: readonly Effect[]): Message[] {
  return effects
    .filter((effect) => effect.type === 'to-client')
    .map((effect) => JSON.parse(effect.bytes.toString()) as Message);
}

/** The kinds of effects other than frames, notes, that it begins to watch the vault, and that it lets go of tokens. */
export function deeds(effects: readonly Effect[]): string[] {
  const frames = new Set(['to-client', 'to-upstream', 'log', 'audit', 'watch', 'release']);
  return effects.map(({ type }) => type).filter((type) => !frames.has(type));
}

function frameOf(message: Json): ReturnType<typeof readValidFrame> {
  return readValidFrame(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`));
}

function generationOf({ upstream }: State): number {
  if (upstream.kind === 'none') throw new Error('there is no generation');
  return upstream.generation;
}
