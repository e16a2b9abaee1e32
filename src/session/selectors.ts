// What several rooms ask of a session's state. Not for: changing it.
import { PLACEHOLDER } from './state.ts';
import type { Pending, Starting, State } from './state.ts';

/** A generation that served this long was no part of a crash loop, in ms. */
const STABLE = 10_000;

/** Whether new requests wait for the renewal of the token, for a look at the vault, or for a logout. */
export function isHolding({ renewal }: State): boolean {
  if (renewal.kind === 'refreshing') return renewal.holding;
  return renewal.kind === 'draining' || renewal.kind === 'looking' || renewal.kind === 'ending';
}

/** Whether a call is one of `auth_login`: where no person can log in, that name is the upstream's alone. */
export function isLoginCall({ config, own }: State, { tool }: Pending): boolean {
  return !config.unattended && tool === own.login;
}

/** Whether the token's time has run out by the wall clock. */
export function isExpired({ auth }: State, wall: number): boolean {
  return auth.kind === 'usable' && wall >= (auth.token.expiresAt ?? Infinity);
}

/**
 * Whether the current generation may be given a call: it has the token, or the one before, which overlaps with it and
 * is still accepted.
 */
export function accepts({ auth, upstream }: State, wall: number): boolean {
  if (auth.kind !== 'usable' || upstream.kind !== 'ready' || upstream.ending) return false;
  return upstream.serial === auth.token.serial || wall < upstream.lastsUntil;
}

/** Until when the token `serial` is accepted as far as can be known; it is the newest one. */
export function lastsUntil({ auth }: State, serial: number): number {
  if (serial === PLACEHOLDER || auth.kind === 'locked') return -Infinity;
  return auth.token.expiresAt ?? Infinity;
}

/** Whether the current generation has served long enough for what failed before it to be forgotten. */
export function servedWell({ upstream }: State, steady: number): boolean {
  return upstream.kind === 'ready' && steady - upstream.since > STABLE;
}

/** The generation `number` where it is shaking hands: the current one, or the one that will take over. */
export function startingOf({ upstream, succession }: State, number: number): Starting | undefined {
  if (upstream.kind === 'starting' && upstream.generation === number) return upstream;
  return succession.kind === 'starting' && succession.generation === number ? succession : undefined;
}

/** Whether a generation is the current one, or takes over soon, or owes answers yet; else it is of the past. */
export function placeOf(state: State, generation: number): 'current' | 'successor' | 'retired' | 'gone' {
  const { upstream, succession, retired } = state;
  if (upstream.kind !== 'none' && upstream.generation === generation) return 'current';
  if (succession.kind === 'starting' && succession.generation === generation) return 'successor';
  return retired.has(generation) ? 'retired' : 'gone';
}
