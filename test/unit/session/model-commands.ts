// What can happen in a world, as data that fast-check generates and shrinks: commands whose numbers are resolved against
// the world when they run ("the second server that runs"), so that a shorter list of them still means something.
// Not for: carrying them out (model.ts).
import * as fc from 'fast-check';
import type { LoginStep, RefreshEnd } from './model-source.ts';
import type { Scenario } from './world.ts';

const MINUTE = 60_000;

/** Which one of those that there are: 0 is the first. */
type Which = number;

export type ClientCommand =
  | { readonly do: 'request'; readonly what: Which; readonly id: number; readonly token: number }
  | { readonly do: 'burst'; readonly what: Which; readonly count: number; readonly kilobytes: number }
  | { readonly do: 'duplicate'; readonly of: Which }
  | { readonly do: 'cancel'; readonly of: Which }
  | { readonly do: 'notify' }
  | { readonly do: 'garbage' }
  | { readonly do: 'initialize' }
  | { readonly do: 'initialized' }
  | { readonly do: 'bring-input'; readonly of: Which }
  | { readonly do: 'upload'; readonly what: Which; readonly idLast: boolean }
  | { readonly do: 'end-upload' }
  | { readonly do: 'too-large' }
  | { readonly do: 'reply'; readonly to: Which; readonly how: Which; readonly late: boolean }
  | { readonly do: 'tell-progress'; readonly of: Which; readonly late: boolean }
  | { readonly do: 'leave' };

export type ServerCommand =
  | { readonly do: 'answer'; readonly server: Which; readonly request: Which; readonly how: Which }
  | { readonly do: 'answer-all' }
  | { readonly do: 'shake'; readonly server: Which; readonly how: Which }
  | { readonly do: 'answer-again'; readonly server: Which; readonly of: Which }
  | { readonly do: 'end-stream'; readonly server: Which }
  | { readonly do: 'ask'; readonly server: Which; readonly what: Which; readonly token: number }
  | { readonly do: 'withdraw'; readonly server: Which; readonly of: Which }
  | { readonly do: 'say'; readonly server: Which; readonly what: Which }
  | { readonly do: 'progress'; readonly server: Which; readonly of: Which; readonly dead: boolean }
  | { readonly do: 'die'; readonly server: Which; readonly fate: number }
  | { readonly do: 'exit'; readonly server: Which; readonly fate: number }
  | { readonly do: 'end'; readonly server: Which; readonly fate: number }
  | { readonly do: 'reap' }
  | { readonly do: 'cannot-start' }
  | { readonly do: 'mute'; readonly server: Which };

export type OtherCommand =
  | { readonly do: 'reach' }
  | { readonly do: 'refresh'; readonly how: RefreshEnd }
  | { readonly do: 'login'; readonly how: LoginStep }
  | { readonly do: 'get-ready' }
  | { readonly do: 'rotate' }
  | { readonly do: 'revoke'; readonly older: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'until-due' }
  | { readonly do: 'sleep'; readonly ms: number }
  | { readonly do: 'set-clock'; readonly ms: number };

export type VaultCommand =
  | { readonly do: 'sibling'; readonly what: 'renews' | 'logs in' | 'logs out'; readonly told: boolean }
  | { readonly do: 'tell' }
  | { readonly do: 'prepared'; readonly newer: boolean }
  | { readonly do: 'looked'; readonly newer: boolean }
  | { readonly do: 'open'; readonly found: boolean }
  | { readonly do: 'logout'; readonly done: boolean }
  | { readonly do: 'describe' };

export type Command = ClientCommand | ServerCommand | VaultCommand | OtherCommand;

type Name = Command['do'];
type Weights = Readonly<Partial<Record<Name, number>>>;

const few = fc.nat({ max: 7 });
const many = fc.nat({ max: 13 });
const yes = fc.boolean();
const rarely = fc.nat({ max: 9 }).map((number) => number === 9);

/** The parameters of each command. */
const PARAMETERS: {
  readonly [N in Name]: {
    [K in Exclude<keyof Extract<Command, { do: N }>, 'do'>]: fc.Arbitrary<Extract<Command, { do: N }>[K]>;
  };
} = {
  request: { what: many, id: few, token: few },
  burst: { what: few, count: fc.constantFrom(20, 200, 1100), kilobytes: fc.constantFrom(0, 1200) },
  duplicate: { of: few },
  cancel: { of: few },
  notify: {},
  garbage: {},
  initialize: {},
  initialized: {},
  'bring-input': { of: few },
  upload: { what: few, idLast: yes },
  'end-upload': {},
  'too-large': {},
  reply: { to: few, how: few, late: rarely },
  'tell-progress': { of: few, late: rarely },
  leave: {},
  answer: { server: few, request: few, how: many },
  'answer-all': {},
  shake: { server: few, how: fc.nat({ max: 15 }) },
  'answer-again': { server: few, of: few },
  'end-stream': { server: few },
  ask: { server: few, what: few, token: few },
  withdraw: { server: few, of: few },
  say: { server: few, what: few },
  progress: { server: few, of: few, dead: yes },
  die: { server: few, fate: fc.nat({ max: 255 }) },
  exit: { server: few, fate: fc.nat({ max: 255 }) },
  end: { server: few, fate: fc.nat({ max: 255 }) },
  reap: {},
  'cannot-start': {},
  mute: { server: few },
  sibling: { what: fc.constantFrom('renews', 'renews', 'renews', 'logs in', 'logs out'), told: yes },
  tell: {},
  prepared: { newer: rarely },
  looked: { newer: yes },
  open: { found: yes },
  logout: { done: yes },
  describe: {},
  reach: {},
  refresh: {
    how: fc.constantFrom(
      'renewed',
      'renewed',
      'renewed',
      'unreachable',
      'unreachable',
      'refused',
      'same',
      'longer',
    ),
  },
  login: {
    how: fc.constantFrom(
      'goes on',
      'goes on',
      'goes on',
      'goes on',
      'fails',
      'reaches nobody',
      'another page',
    ),
  },
  'get-ready': {},
  rotate: {},
  revoke: { older: fc.nat({ max: 2 }) },
  wait: { ms: fc.constantFrom(1, 100, 500, 2_000, 5_000, 31_000, 40_000, 400_000) },
  'until-due': {},
  sleep: { ms: fc.constantFrom(10_000, 4_000_000, 30_000_000) },
  'set-clock': { ms: fc.constantFrom(-3_600_000, -10_000, 10_000, 3_600_000) },
};

/** Everything, good and bad, about as often as it makes others meet. */
export const ANYTHING: Weights = {
  request: 24,
  duplicate: 1,
  cancel: 3,
  notify: 2,
  garbage: 1,
  initialize: 1,
  initialized: 2,
  'bring-input': 2,
  upload: 2,
  'end-upload': 3,
  'too-large': 1,
  reply: 6,
  'tell-progress': 2,
  answer: 16,
  'answer-all': 4,
  'answer-again': 2,
  shake: 10,
  'end-stream': 3,
  ask: 5,
  withdraw: 2,
  say: 5,
  progress: 4,
  die: 2,
  exit: 3,
  end: 4,
  reap: 4,
  mute: 1,
  'cannot-start': 1,
  sibling: 4,
  tell: 3,
  prepared: 6,
  looked: 6,
  open: 2,
  logout: 3,
  describe: 2,
  reach: 2,
  refresh: 8,
  login: 5,
  'get-ready': 2,
  rotate: 5,
  revoke: 3,
  wait: 10,
  'until-due': 8,
  sleep: 3,
  'set-clock': 2,
};

/** A client that keeps asking, and servers and a token source that do their work, sooner or later. */
export const HEALTHY: Weights = {
  request: 24,
  cancel: 3,
  notify: 2,
  upload: 2,
  'end-upload': 3,
  answer: 16,
  'end-stream': 3,
  say: 3,
  progress: 3,
  shake: 6,
  sibling: 2,
  tell: 1,
  reach: 2,
  refresh: 6,
  rotate: 6,
  wait: 10,
  'until-due': 10,
};

/** More than can be held, beside what makes that be held, and what sets it free. */
export const BURSTS: Weights = { ...ANYTHING, burst: 40, 'answer-all': 16, end: 8 };

/** A service that accepts no token, and a client that keeps calling. */
export const REFUSING: Weights = {
  request: 20,
  cancel: 1,
  answer: 20,
  'answer-all': 20,
  'answer-again': 6,
  'get-ready': 20,
  shake: 16,
  reap: 4,
  refresh: 16,
  sibling: 1,
  prepared: 4,
  looked: 8,
  login: 6,
  reply: 2,
  wait: 3,
};

function command(name: Name): fc.Arbitrary<Command> {
  return fc.record({ do: fc.constant(name), ...PARAMETERS[name] }) as unknown as fc.Arbitrary<Command>;
}

const SHAKEN: readonly Command[] = [
  { do: 'initialize' },
  { do: 'shake', server: 0, how: 0 },
  { do: 'initialized' },
];
/** How a list begins: with nothing at all, a client, or, mostly, a session that is under way. */
const BEGINNINGS: readonly (readonly Command[])[] = [[], [{ do: 'initialize' }], SHAKEN, SHAKEN];

/** Up to `most` commands of these kinds. */
export function commands(weights: Weights, most: number): fc.Arbitrary<Command[]> {
  const kinds = Object.entries(weights).map(([name, weight]) => ({
    weight,
    arbitrary: command(name as Name),
  }));
  const list = fc.array(fc.oneof(...kinds), { maxLength: most, size: 'max' });
  return fc.tuple(fc.constantFrom(...BEGINNINGS), list).map(([beginning, rest]) => [...beginning, ...rest]);
}

export const scenario: fc.Arbitrary<Scenario> = fc.record({
  stored: fc.constantFrom('good', 'good', 'good', 'good', 'none', 'expired', 'slow'),
  rotation: fc.constantFrom('overlapping', 'exclusive'),
  configured: fc.constantFrom(undefined, undefined, undefined, 'overlapping', 'exclusive'),
  renewable: fc.constantFrom(true, true, true, false),
  lifetime: fc.constantFrom(60 * MINUTE, 480 * MINUTE, MINUTE, undefined),
  hopeless: fc.constantFrom(...Array.from({ length: 9 }, () => false), true),
  beforeLogin: fc.constantFrom('placeholder', 'auth-only'),
  elicitation: fc.constantFrom('none', 'form', 'url'),
  jitter: fc.constantFrom(0, 0.5, 0.99),
  authTools: fc.constantFrom(false, false, true),
  unattended: fc.constantFrom(false, false, true),
});
