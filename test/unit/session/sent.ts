// What a session sends to its upstreams, and tokens to give it. Not for: moving it (stepped.ts).
import type { Effect } from '../../../src/session/events.ts';
import type { TokenView } from '../../../src/session/state.ts';
import type { Message } from '../../support/messages.ts';
import { START, token } from './stepped.ts';

export const MINUTE = 60_000;

/** What goes to a generation (default: any), parsed, in order. */
export function sent(effects: readonly Effect[], generation?: number): Message[] {
  return effects
    .filter((effect) => effect.type === 'to-upstream')
    .filter((effect) => generation === undefined || effect.generation === generation)
    .map((effect) => JSON.parse(effect.bytes.toString()) as Message);
}

/** The ids of the client's requests that go to an upstream, in order. */
export function sentIds(effects: readonly Effect[]): unknown[] {
  return sent(effects)
    .filter(({ id, method }) => method !== undefined && typeof id === 'number')
    .map(({ id }) => id);
}

/** A token that lasts `lifetime` ms from `issued` ms after the start. */
export function lasting(lifetime: number, serial = 1, issued = 0): TokenView {
  return { ...token, serial, issuedAt: START + issued, expiresAt: START + issued + lifetime };
}

/** A result of a tool call that failed for its token. */
export const REFUSED = {
  isError: true,
  content: [{ type: 'text', text: 'failed: GET https://api.github.com/user: 401 Bad credentials []' }],
};
