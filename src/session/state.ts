// Everything a session knows, as plain data. Deadlines are by the steady clock, except for what is told of tokens. Not for: behaviour; transition.ts and its rooms change it, and nothing
// else does.
import type { AuthFailureRule, Credential } from '../auth/token-source.ts';
import type { IdText } from '../wire/message.ts';
import type { ClientSide, Listing, Login } from './client-side.ts';
import { OWN_NAMES } from './own-names.ts';
import type { OwnNames } from './own-names.ts';
import type { Refusal, Setback, WhyFinal } from './refusal.ts';

/** The serial of a generation that was started with a placeholder instead of a token. Real serials begin at 1. */
export const PLACEHOLDER = 0;

/** Why a session without any stored login is locked: no reason worth telling. */
export const NOBODY_YET = 'Nobody has logged in yet.';

/** A credential as the session sees it: everything but the secret, which the driver keeps under `serial`. */
export interface TokenView {
  readonly serial: number;
  readonly login: string | undefined;
  /** Milliseconds since the epoch; `expiresAt` is absent where the token does not expire. */
  readonly issuedAt: number;
  readonly expiresAt: number | undefined;
  /** Whether it can be renewed without a person. */
  readonly renewable: boolean;
  readonly rotation: Credential['rotation'];
  readonly scopes: readonly string[];
}

/** Locked: a person has to log in. Stale: not accepted any more, but a renewal may mend it. */
type Auth =
  /** `reason`, for a person: why no stored login is used; unattended, what follows "No token for ...: ". */
  | { readonly kind: 'locked'; readonly reason: string }
  | { readonly kind: 'stale'; readonly token: TokenView; readonly why: 'expired' | 'refused' }
  | { readonly kind: 'usable'; readonly token: TokenView };

/** Where the renewal of the token is. */
type Renewal =
  | { readonly kind: 'idle' }
  /** Exclusive: what the renewal needs beside the token is made ready; everything goes on meanwhile. */
  | { readonly kind: 'preparing'; readonly serial: number }
  /** Exclusive: new requests are held, and what runs is finished. */
  | { readonly kind: 'draining'; readonly deadline: number }
  /** `holding`: new requests are held, for the token that is there dies, or is not accepted any more. */
  | { readonly kind: 'refreshing'; readonly holding: boolean }
  /**
   * The token `serial` was refused, and no renewal is to answer that: the vault is looked into, and new requests are held.
   * `calls` are told where there is no newer one; `later`: those that were refused too late for that look.
   */
  | {
      readonly kind: 'looking';
      readonly serial: number;
      readonly calls: readonly RefusedCall[];
      readonly later: readonly RefusedCall[];
    }
  /** A person logs out: new requests are held, and nothing is renewed any more. */
  | { readonly kind: 'ending' };

/** A call whose token was not accepted, with what its server said and what the client is told of it. */
export interface RefusedCall {
  readonly pending: Pending;
  readonly text: string;
  readonly why: WhyFinal;
}

/** A generation that was spawned and has not answered its handshake. */
export interface Starting {
  readonly generation: number;
  readonly serial: number;
  /** When it was started or, once it was asked, when that was. */
  readonly since: number;
  /** The client's initialize was sent to it. */
  readonly asked: boolean;
  /** Its process has ended, and what it wrote last is still being read. */
  readonly ending: boolean;
}

/** The current generation. Those that were replaced are in {@link State.retired}. */
type Upstream =
  | {
      readonly kind: 'none';
      /** Why: told in errors until the next start. */
      readonly failure: { readonly message: string } | undefined;
      /** Not started again before this; then at the next request, or by itself where `restart` says so. */
      readonly notBefore: number;
      readonly restart: boolean;
    }
  | (Starting & { readonly kind: 'starting' })
  | {
      readonly kind: 'ready';
      readonly generation: number;
      readonly serial: number;
      readonly since: number;
      /** When the token that it has ends, by the wall clock; -Infinity once that was refused, or for a placeholder. */
      readonly lastsUntil: number;
      /** Its process has ended, and what it wrote last is still being read. */
      readonly ending: boolean;
      /** Capabilities that the client was promised and this generation lacks. */
      readonly missing: ReadonlySet<string>;
    };

/** The generation that takes over when it is ready, while the current one serves (overlapping rotation, DESIGN 2.4). */
type Succession =
  | { readonly kind: 'none' }
  /** `failures`: others before it that would not start. */
  | (Starting & { readonly kind: 'starting'; readonly failures: number })
  | { readonly kind: 'pausing'; readonly until: number; readonly failures: number };

/** A generation that was replaced but owes answers, until `deadline`. */
interface Retired {
  readonly serial: number;
  readonly deadline: number;
}

/** Where a request of the client is while it waits for its answer. */
export type Place =
  | { readonly kind: 'held' }
  | { readonly kind: 'upstream'; readonly generation: number }
  | { readonly kind: 'handshake' }
  /** Waits for a person. */
  | { readonly kind: 'login' }
  /** Logged in; answered as soon as the new generation is ready, or has failed. */
  | { readonly kind: 'announce' }
  /** A call of a tool of our own, which the token source is asked about, or has to act on. */
  | { readonly kind: 'status' }
  | { readonly kind: 'logout' };

/** A request of the client that has no answer yet. */
export interface Pending {
  /** Changes once, for a request whose id came at the end of a frame that streamed. */
  id: IdText;
  readonly method: string;
  /** Counts the requests as they come in. */
  readonly order: number;
  /** It was passed on while it arrived: nothing is known of its parameters. */
  readonly streamed: boolean;
  /** The whole frame; `undefined` where it was streamed, or let go once it was sent: it cannot be sent again. */
  bytes: Buffer | undefined;
  /** Of a tools/call. */
  readonly tool: string | undefined;
  /** Raw JSON text, where the client asked for progress. */
  readonly progressToken: string | undefined;
  /** Of tools/list and its like: not the first page. */
  readonly paged: boolean;
  readonly scopes: readonly string[];
  place: Place;
  /** Of a call that came to need a person: it does not wait beyond this, wherever it is by then (DESIGN 2.3). */
  answerBy: number | undefined;
  authRetries: number;
  crashRetries: number;
}

/** A frame that waits for a generation, in the order of arrival. */
export type Held =
  | { readonly kind: 'request'; readonly pending: Pending }
  | { readonly kind: 'notification'; readonly bytes: Buffer };

/** A request of an upstream. */
interface Asked {
  readonly generation: number;
  /** Its progress token as the client knows it, raw, where it has one. */
  readonly token: string | undefined;
}

/** A result that asks for input (MCP 2026-07-28): the client calls again with it, and only that process knows of it. */
interface Input {
  readonly generation: number;
  /** What the call that brings it is known by (questions.ts). */
  readonly key: string;
}

/** Fixed for the life of the session. Durations in milliseconds. */
export interface SessionConfig {
  readonly hostLabel: string;
  readonly profile: string;
  /** The `--auth` mode. */
  readonly mode: string;
  /** Why that one, as what follows "because"; undefined where nothing is known of that. */
  readonly modeReason: string | undefined;
  /** No person can do anything for a token: no login is offered, and each request tries again to get one. */
  readonly unattended: boolean;
  /** What a person does where the same token is brought again that was refused, as a sentence (auth/token-source.ts). */
  readonly remedy?: string | undefined;
  /** `auth_login` is listed after the login as well, with `auth_status` and `auth_logout`. */
  readonly authTools: boolean;
  /** `placeholder`: the upstream runs while locked, so that its own tools are listed. */
  readonly beforeLogin: 'placeholder' | 'auth-only';
  readonly authFailure: AuthFailureRule;
  /** Which kind every credential is, where a person says so; else its source does. */
  readonly rotation: Credential['rotation'] | undefined;
  readonly version: string;
  readonly loginWait: number;
  readonly drainTimeout: number;
  /** How long a locked client waits for a slow upstream before the handshake is made up. */
  readonly patience: number;
  readonly jitter: number;
}

/** Open until stdin ends; then what is owed is finished, up to a deadline. */
type Closing =
  | { readonly kind: 'open' }
  | { readonly kind: 'finishing'; readonly deadline: number }
  | { readonly kind: 'closed' };

export interface State {
  readonly config: SessionConfig;
  readonly client: ClientSide;
  auth: Auth;
  renewal: Renewal;
  /** The last renewals reached nobody; or, unattended and locked, no token could be had. Forgotten once there is one. */
  setback: Setback | undefined;
  /** The last refusals: what keeps the renewals that they lead to from becoming a loop (rotation.ts). */
  refusals: readonly Refusal[];
  upstream: Upstream;
  succession: Succession;
  nextGeneration: number;
  /** The token of each generation whose end has not been told, the placeholder left out, by generation (releases.ts). */
  readonly running: Map<number, number>;
  /** Tokens that the session was given and has not let go of, by serial. */
  readonly unreleased: Set<number>;
  /** Starts in a row that failed or ended soon. */
  crashes: number;
  readonly retired: Map<number, Retired>;
  /** Changed in pending.ts only. */
  readonly pending: Map<IdText, Pending>;
  /** The requests in `pending` that asked for progress, by their token (pending.ts). */
  readonly progress: Map<string, Pending>;
  /** Those that came before a person logged out: they begin no other login, nor are they made with its token. */
  readonly orphans: WeakSet<Pending>;
  /** How many requests have come in. */
  arrivals: number;
  /** Of all frames in `pending`. */
  pendingBytes: number;
  /** Generations of which the beginning of a large answer has gone to the client, and its end has not. */
  readonly answering: Set<number>;
  held: Held[];
  heldBytes: number;
  login: Login;
  elicitations: number;
  /** Requests of upstreams that the client has not answered, by mapped id. */
  readonly asked: Map<IdText, Asked>;
  /** Results that asked for input and have not got it, oldest first. */
  inputs: readonly Input[];
  /** Listings to announce as changed when the next generation is ready. */
  readonly changed: Set<Listing>;
  /** Tools that may be called again after a crash, by their own annotations. */
  repeatable: ReadonlySet<string>;
  /** What the tools of our own are called here. */
  own: OwnNames;
  /** The newest token that a generation has served with since the login. */
  served: number | undefined;
  /** A command that cannot be started: told to the client's initialize, then the end. */
  fatal: { readonly message: string; readonly deadline: number } | undefined;
  closing: Closing;
}

export function initialState(config: SessionConfig): State {
  return {
    config,
    client: {
      hello: undefined,
      told: undefined,
      initialized: false,
      logLevel: undefined,
      subscriptions: new Map(),
      changedBy: new Map(),
    },
    auth: { kind: 'locked', reason: NOBODY_YET },
    renewal: { kind: 'idle' },
    setback: undefined,
    refusals: [],
    upstream: { kind: 'none', failure: undefined, notBefore: 0, restart: false },
    succession: { kind: 'none' },
    nextGeneration: 1,
    running: new Map(),
    unreleased: new Set(),
    crashes: 0,
    retired: new Map(),
    pending: new Map(),
    progress: new Map(),
    orphans: new WeakSet(),
    arrivals: 0,
    pendingBytes: 0,
    answering: new Set(),
    held: [],
    heldBytes: 0,
    login: { kind: 'idle' },
    elicitations: 0,
    asked: new Map(),
    inputs: [],
    changed: new Set(),
    repeatable: new Set(),
    own: OWN_NAMES,
    served: undefined,
    fatal: undefined,
    closing: { kind: 'open' },
  };
}
