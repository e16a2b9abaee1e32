// A renewal that reaches nobody (DESIGN 2.4): the token serves while it is valid, tries go on with growing pauses, and
// after the expiry errors say so. Not for: refusals (refused-token.test.ts).
import { describe, expect, test } from 'vitest';
import { PLACEHOLDER } from '../../../src/session/state.ts';
import { toolText } from '../../support/messages.ts';
import { crash } from './running.ts';
import { lasting, MINUTE, sentIds } from './sent.ts';
import { call, deeds, said, startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const UNREACHABLE = { type: 'refresh-unreachable', message: 'github.com cannot answer just now.' } as const;

/** A session whose first try to renew its token of an hour has begun. */
function renewing(): Stepped {
  const session = startReady({}, lasting(60 * MINUTE));
  expect(deeds(session.pass(51 * MINUTE))).toEqual(['refresh']);
  return session;
}

/** The token has expired meanwhile. */
function expired(): Stepped {
  const session = renewing();
  session.now = 60 * MINUTE;
  session.step(UNREACHABLE);
  return session;
}

/** Moves on until the next try. @returns the pause, in ms */
function pauseOf(session: Stepped): number {
  const start = session.now;
  while (!deeds(session.pass(250)).includes('refresh'))
    if (session.now - start > 60 * MINUTE) return Infinity;
  return session.now - start;
}

describe('while the token is valid', () => {
  test('it serves: what was held runs with it', () => {
    const session = renewing();
    session.client(call(1, 'echo'));
    expect(sentIds(session.step(UNREACHABLE))).toEqual([1]);
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([2]);
  });

  test('the pauses between tries double', () => {
    const session = renewing();
    const pauses = [1, 2, 3, 4].map(() => {
      session.step(UNREACHABLE);
      return pauseOf(session);
    });
    expect(pauses).toEqual([1_500, 3_000, 6_000, 12_000]);
  });

  test('a success ends it', () => {
    const session = renewing();
    session.step(UNREACHABLE);
    pauseOf(session);
    session.step({ type: 'refreshed', token: lasting(60 * MINUTE, 2, session.now) });
    expect(session.state.setback).toBeUndefined();
    expect(session.state.upstream).toMatchObject({ kind: 'starting', serial: 2 });
  });
});

describe('after the expiry', () => {
  test('the moment of the expiry itself is worth a try', () => {
    const session = renewing();
    for (let tries = 0; tries < 8; tries += 1) {
      session.step(UNREACHABLE);
      pauseOf(session);
    }
    // The next pause would end after the expiry.
    session.step(UNREACHABLE);
    expect(deeds(session.pass(60 * MINUTE - session.now - 1))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['refresh']);
  });

  test('calls are told why, with a text; other methods with error 5040', () => {
    const session = expired();
    const [answer] = said(session.client(call(1, 'echo')));
    expect(answer).toMatchObject({ id: 1, result: { isError: true } });
    expect(toolText(answer ?? {})).toContain('has expired');
    expect(toolText(answer ?? {})).toContain(UNREACHABLE.message);
    expect(said(session.client({ id: 2, method: 'resources/read', params: {} }))).toMatchObject([
      { id: 2, error: { code: 5040, data: { reason: 'authorization_server_unreachable', retryable: true } } },
    ]);
  });

  test('those who were held until then are told, too', () => {
    const session = renewing();
    session.now = 60 * MINUTE;
    session.client(call(1, 'echo'));
    expect(said(session.step(UNREACHABLE))).toMatchObject([{ id: 1, result: { isError: true } }]);
  });

  test('lists still come from the server that runs', () => {
    const session = expired();
    expect(sentIds(session.client({ id: 1, method: 'tools/list' }))).toEqual([1]);
  });

  test('lists wait for the server that is started again after a crash, not for the renewal', () => {
    const session = expired();
    crash(session);
    expect(said(session.client({ id: 1, method: 'tools/list' }))).toEqual([]);
    expect(deeds(session.pass(0))).toEqual(['spawn']);
    expect(session.state.upstream).toMatchObject({ kind: 'starting', serial: PLACEHOLDER });
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('a call tries again by itself once a second has passed, and recovers', () => {
    const session = expired();
    expect(deeds(session.client(call(1, 'echo')))).toEqual([]);
    session.now += 1_000;
    expect(deeds(session.client(call(2, 'echo')))).toEqual(['refresh']);
    session.step({ type: 'refreshed', token: lasting(60 * MINUTE, 2, session.now) });
    expect(sentIds(session.shakeHands())).toEqual([2]);
  });

  test('the timer tries, too, with pauses of five minutes at most', () => {
    const session = expired();
    let pause = 0;
    for (let tries = 0; tries < 12; tries += 1) {
      pause = pauseOf(session);
      session.step(UNREACHABLE);
    }
    expect(pause).toBe(225_000);
    expect(deeds(session.pass(225_000))).toEqual(['refresh']);
  });
});
