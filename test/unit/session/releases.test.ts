// Which tokens are let go of, and when (releases.ts): once, and none that anything runs with. Not for: what that leads to
// (token-desk.test.ts), or the end of the session (driver.test.ts).
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { crash, EIGHT_HOURS, from } from './running.ts';
import { lasting, MINUTE } from './sent.ts';
import { call, RESULT, startReady, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const released = (effects: readonly Effect[]): number[] =>
  effects.filter((effect) => effect.type === 'release').map(({ serial }) => serial);

/** A session that has got a second token, and has started a server with it. */
function renewed(): Stepped {
  const session = startReady({}, { ...lasting(EIGHT_HOURS), rotation: 'overlapping' });
  session.client(call(1, 'slow'));
  session.step({ type: 'adopted', token: { ...lasting(EIGHT_HOURS, 2), rotation: 'overlapping' } });
  from(session, 2, { id: 'gh-mcp-proxy:initialize:2', result: RESULT });
  return session;
}

describe('a token that was replaced', () => {
  test('is let go of when its process has ended, and not when that owes nothing any more', () => {
    const session = renewed();
    expect(released(session.pass(10_000))).toEqual([]);
    const answered = from(session, 1, { id: 1, result: {} });
    expect(answered).toContainEqual({ type: 'stop', generation: 1 });
    expect(released(answered)).toEqual([]);
    expect(released(crash(session, 1))).toEqual([1]);
    expect(released(crash(session, 2))).toEqual([]);
  });

  test('of two processes is let go of with the second', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.client(call(1, 'slow'));
    crash(session, 1);
    session.client(call(2, 'slow'));
    session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, 2) });
    expect(released(crash(session, 2))).toEqual([1]);
  });

  test('and that nothing ran with is let go of at once', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, 2) });
    expect(released(session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, 3) }))).toEqual([]);
    expect(released(crash(session, 2))).toEqual([2]);
    expect(released(crash(session, 1))).toEqual([1]);
  });
});

describe('the token of a session that is locked', () => {
  test('is let go of with its process, where its time is over', () => {
    const session = startReady({}, { ...lasting(MINUTE), renewable: false });
    expect(released(session.pass(MINUTE))).toEqual([]);
    expect(released(crash(session))).toEqual([1]);
  });

  test('is let go of with its process, where a person has logged out', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    const effects = session.step({ type: 'logged-out', message: 'A person has logged out.' });
    expect(effects).toContainEqual({ type: 'stop', generation: 1 });
    expect(released(effects)).toEqual([]);
    expect(released(crash(session, 1))).toEqual([1]);
  });

  test('is let go of at once, where nothing was started with it', () => {
    const session = startStepped({ beforeLogin: 'auth-only' });
    const stale = { ...lasting(-1), renewable: false };
    expect(released(session.step({ type: 'adopted', token: stale }))).toEqual([1]);
  });
});
