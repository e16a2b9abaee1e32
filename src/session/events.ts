// What can happen to a session, and what a session can ask for. Not for: how either is done (driver.ts).
import type { LoginPrompt } from '../auth/token-source.ts';
import type { Frame, IdText, Malformed } from '../wire/message.ts';
import type { Held, State, TokenView } from './state.ts';

export type Event =
  /** The first event: what the vault held; `opening` where it takes its time over that. */
  | {
      readonly type: 'started';
      readonly token: TokenView | undefined;
      readonly lockedBecause: string;
      readonly opening?: boolean;
      /** Nobody could be reached for it. */
      readonly unreachable?: boolean;
    }
  /** What the vault was being asked for at the start is no login to be had: why, for a person. */
  | { readonly type: 'not-opened'; readonly reason: string; readonly unreachable?: boolean }
  /** A newer token than the session's is in the vault: of another process, or opened late. */
  | { readonly type: 'adopted'; readonly token: TokenView }
  /** Somebody has logged out in another process. */
  | { readonly type: 'logged-out'; readonly message: string }
  | { readonly type: 'client-frame'; readonly frame: Frame | Malformed }
  /** A frame of the client that streamed is complete; its id may be known only now. */
  | { readonly type: 'client-frame-end'; readonly id: IdText | undefined; readonly generation: number }
  /** A frame that could neither be streamed nor held. */
  | { readonly type: 'client-frame-too-large'; readonly id: IdText | undefined }
  | { readonly type: 'client-closed' }
  | {
      readonly type: 'upstream-frame';
      readonly generation: number;
      readonly frame: Frame | Malformed;
      /** The chunk it came in holds a hint of an authentication failure: worth a look inside. */
      readonly suspicious: boolean;
    }
  /** A frame of the upstream that streamed has reached the client. */
  | { readonly type: 'upstream-frame-end'; readonly generation: number; readonly id: IdText | undefined }
  /** The process is gone; what it wrote last is still being read. */
  | { readonly type: 'upstream-exited'; readonly generation: number }
  /** The process is gone and all its output was read. `cannotStart` when there is no such command. */
  | {
      readonly type: 'upstream-ended';
      readonly generation: number;
      readonly cannotStart: boolean;
      readonly message: string;
    }
  /** Takes the place of the one before. */
  | { readonly type: 'login-prompt'; readonly prompt: LoginPrompt }
  | { readonly type: 'login-done'; readonly token: TokenView }
  | { readonly type: 'login-failed'; readonly message: string; readonly unreachable?: boolean }
  /** All that a renewal of the token `serial` needs beside is there. */
  | { readonly type: 'refresh-prepared'; readonly serial: number }
  /** No other process has stored a token instead of `serial`; where one has, it is `adopted`. */
  | { readonly type: 'nothing-newer'; readonly serial: number }
  /** `found`: another process had got it, and nobody was asked for it here. */
  | { readonly type: 'refreshed'; readonly token: TokenView; readonly found?: boolean }
  /** A renewal brought the very token that there is, under its serial; it may end later than was known. */
  | { readonly type: 'same-token'; readonly token: TokenView }
  | { readonly type: 'refresh-refused'; readonly message: string }
  | { readonly type: 'refresh-unreachable'; readonly message: string }
  /** `account`: whose login it was, where there was one. `unrevoked`: what a person has to revoke by hand, and where. */
  | {
      readonly type: 'logout-done';
      readonly account: { readonly login: string | undefined } | undefined;
      readonly unrevoked: string | undefined;
    }
  | { readonly type: 'logout-failed'; readonly message: string }
  /** Where the credential is kept, as told to a person. */
  | { readonly type: 'store-described'; readonly store: string }
  /** A deadline of {@link State} may have come; the moment tells. */
  | { readonly type: 'tick' };

export type Effect =
  | { readonly type: 'to-client'; readonly bytes: Buffer; readonly streaming: boolean }
  | {
      readonly type: 'to-upstream';
      readonly generation: number;
      readonly bytes: Buffer;
      readonly streaming: boolean;
    }
  /** Output of the upstream that is no message. */
  | { readonly type: 'noise'; readonly bytes: Buffer }
  | { readonly type: 'spawn'; readonly generation: number; readonly serial: number }
  | { readonly type: 'stop'; readonly generation: number }
  /** Makes a renewal ready; `refresh-prepared`, or `adopted`, tells that it is. */
  | { readonly type: 'prepare'; readonly serial: number }
  | { readonly type: 'refresh'; readonly serial: number }
  /** Looks for a token that another process has stored instead of `serial`; `adopted` or `nothing-newer` tells. */
  | { readonly type: 'look'; readonly serial: number }
  /** Asks a person; or, where none can do anything, tries once more to get a token. */
  | { readonly type: 'login'; readonly scopes: readonly string[] }
  | { readonly type: 'abort-login' }
  /** Revokes and forgets the token that is in use, or whatever is stored where there is none. */
  | { readonly type: 'logout'; readonly inUse: boolean }
  /** Nothing runs with this token any more, and nothing will. */
  | { readonly type: 'release'; readonly serial: number }
  | { readonly type: 'describe-store' }
  /** The client has been answered: from now on it is of interest what other processes store. */
  | { readonly type: 'watch' }
  /** The page where the code is entered, for the person's own desktop. */
  | { readonly type: 'open-page'; readonly url: string }
  /** For the audit trail; `generation` is the one whose token it is about. */
  | {
      readonly type: 'audit';
      readonly event: 'rotation' | 'refused';
      readonly generation: number;
      readonly detail: string | undefined;
    }
  | { readonly type: 'log'; readonly level: 'error' | 'warn' | 'info' | 'debug'; readonly text: string }
  | { readonly type: 'shutdown'; readonly exitCode: number };

/** One moment by both clocks, in ms. Tokens end by the wall clock; all else lasts so long by the steady one. */
export interface Moment {
  /** Since the epoch. It jumps when a machine has slept, or when somebody sets it. */
  readonly wall: number;
  readonly steady: number;
}

/** One transition in the making: the state it changes, the moment it happens at, what it asks for. */
export interface Step extends Moment {
  readonly state: State;
  readonly effects: Effect[];
  /** Was held, and finds its way as things are now before the step ends (transition.ts). */
  readonly released: Held[];
}

export function toClient(step: Step, bytes: Buffer, streaming = false): void {
  step.effects.push({ type: 'to-client', bytes, streaming });
}

export function toUpstream(step: Step, generation: number, bytes: Buffer, streaming = false): void {
  step.effects.push({ type: 'to-upstream', generation, bytes, streaming });
}

export function log(step: Step, level: 'error' | 'warn' | 'info' | 'debug', text: string): void {
  step.effects.push({ type: 'log', level, text });
}

/** Ends the session: what happens after this has no effect. */
export function shutDown(step: Step, exitCode: number): void {
  step.state.closing = { kind: 'closed' };
  step.effects.push({ type: 'shutdown', exitCode });
}
