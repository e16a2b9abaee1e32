// The client's side of a session's state, as plain data: what the client said of itself and was told, and the login
// that it is shown. Not for: its requests (state.ts).
import type { LoginPrompt } from '../auth/token-source.ts';
import type { IdText } from '../wire/message.ts';

/** The proxy's own elicitation, shown at the client. */
export interface Elicitation {
  readonly id: IdText;
  readonly mode: 'url' | 'form';
  readonly elicitationId: string;
  /** The client has answered it: it is closed there. */
  readonly answered: boolean;
}

export type Login =
  | { readonly kind: 'idle' }
  /** The stored login is being opened: calls wait for it until then, and no other login is begun (by the steady clock). */
  | { readonly kind: 'opening'; readonly until: number }
  /** Unattended: a try has failed a moment ago, and the next one, for those who wait, is made then (by the steady clock). */
  | { readonly kind: 'pausing'; readonly until: number }
  /** A code or a page was asked for, or a token; nothing is to be shown yet. */
  | { readonly kind: 'requesting' }
  | {
      readonly kind: 'waiting';
      readonly prompt: LoginPrompt;
      readonly elicitation: Elicitation | undefined;
      /** The person has it in front of them: later calls may wait for them. */
      readonly shown: boolean;
      /** When the calls that wait are told that it still waits. */
      readonly nextProgress: number;
    };

/** What the client said of itself in `initialize`. */
export interface Hello {
  readonly id: IdText;
  /** Raw JSON text of its params, for every generation. */
  readonly params: string;
  readonly protocolVersion: string;
  readonly elicitation: 'url' | 'form' | undefined;
}

/** What the client was told in answer. */
export interface Told {
  /** Raw JSON text of the result. */
  readonly result: string;
  readonly protocolVersion: string;
  readonly capabilities: Readonly<Record<string, unknown>>;
  /** Made up here, because no upstream answered. */
  readonly synthetic: boolean;
}

export interface ClientSide {
  hello: Hello | undefined;
  told: Told | undefined;
  initialized: boolean;
  /** The last logging/setLevel's params, raw. */
  logLevel: string | undefined;
  /** uri → raw params of the resources/subscribe that is in force. */
  readonly subscriptions: Map<string, string>;
  /** What each of these was changed by last, by the order in which the client asked (replay.ts). */
  readonly changedBy: Map<string, number>;
}

export type Listing = 'tools' | 'prompts' | 'resources';
