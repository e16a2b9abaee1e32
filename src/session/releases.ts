// Which tokens nothing runs with any more, and nothing will: each is let go of once, so that its source can take it out of
// service (DESIGN 2.7, github-app). Not for: what that takes (auth/), or those of the end (token-desk.ts).
import type { Event, Step } from './events.ts';
import { PLACEHOLDER } from './state.ts';
import type { State } from './state.ts';

/** Notes the token that an event brings, whatever becomes of it. */
export function noteToken({ unreleased }: State, event: Event): void {
  // What is brought once more is known, or was let go of.
  if ('token' in event && event.token && event.type !== 'same-token') unreleased.add(event.token.serial);
}

/** A process is being started with a token. */
export function noteStart({ running }: State, generation: number, serial: number): void {
  if (serial !== PLACEHOLDER) running.set(generation, serial);
}

/** A process is gone, wherever its generation had its place. */
export function noteEnd({ running }: State, generation: number): void {
  running.delete(generation);
}

/**
 * Lets go of all tokens but the session's own, which the next generation is started with, and those that a process has
 * yet: it may finish what it does.
 */
export function releaseUnused({ state, effects }: Step): void {
  const { auth, running, unreleased } = state;
  const own = auth.kind === 'locked' ? undefined : auth.token.serial;
  if (unreleased.size === (own === undefined ? 0 : 1)) return;
  const used = new Set(running.values());
  for (const serial of unreleased) {
    if (serial === own || used.has(serial)) continue;
    unreleased.delete(serial);
    effects.push({ type: 'release', serial });
  }
}
