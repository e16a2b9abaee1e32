// What is made ready before an exclusive token is renewed, so that calls wait no longer than they must (DESIGN 2.4, 2.8).
// Not for: the drain and the renewal after it (renewal.test.ts), or who prepares what (token-desk.test.ts).
import { expect, test } from 'vitest';
import { EIGHT_HOURS } from './running.ts';
import { lasting, MINUTE, REFUSED, sentIds } from './sent.ts';
import { call, deeds, said, startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const PREPARED = { type: 'refresh-prepared', serial: 1 } as const;

/** A session whose renewal is being made ready while call 1 runs. */
function preparing(): Stepped {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.unprepared = false;
  session.client(call(1, 'slow'));
  expect(deeds(session.pass(432 * MINUTE))).toEqual(['prepare']);
  return session;
}

test('nothing is held meanwhile, however long it takes; then calls are, and what runs is finished', () => {
  const session = preparing();
  expect(sentIds(session.client(call(2, 'echo')))).toEqual([2]);
  expect(deeds(session.pass(10 * MINUTE))).toEqual([]);
  expect(deeds(session.step(PREPARED))).toEqual([]);
  expect(session.state.renewal.kind).toBe('draining');
  expect(sentIds(session.client(call(3, 'echo')))).toEqual([]);
  session.upstream({ id: 1, result: {} });
  expect(deeds(session.upstream({ id: 2, result: {} }))).toEqual(['refresh']);
});

test('a token that overlaps needs nothing made ready: nobody waits for its renewal', () => {
  const session = startReady({}, { ...lasting(EIGHT_HOURS), rotation: 'overlapping' });
  session.unprepared = false;
  expect(deeds(session.pass(432 * MINUTE))).toEqual(['refresh']);
});

test('a token that expires first is renewed at once, and new calls are held', () => {
  const session = preparing();
  expect(deeds(session.pass(48 * MINUTE))).toEqual(['refresh']);
  expect(sentIds(session.client(call(2, 'echo')))).toEqual([]);
  expect(session.step(PREPARED)).toEqual([]);
});

test('a token that is refused first is renewed at once, and the call made again', () => {
  const session = preparing();
  expect(deeds(session.upstream({ id: 1, result: REFUSED }))).toEqual(['refresh']);
  session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
  expect(sentIds(session.shakeHands())).toEqual([1]);
});

test('what is ready for an older token says nothing of this one', () => {
  const session = preparing();
  session.step({ type: 'adopted', token: lasting(MINUTE, 2, session.now) });
  session.shakeHands();
  session.upstream({ id: 1, result: {} });
  session.client(call(2, 'slow'));
  expect(deeds(session.pass(30_000))).toContain('prepare');
  session.step(PREPARED);
  expect(session.state.renewal).toEqual({ kind: 'preparing', serial: 2 });
});

test('a client that has left meanwhile is worth no new token', () => {
  const session = preparing();
  expect(said(session.step({ type: 'client-closed' }))).toEqual([]);
  expect(deeds(session.step(PREPARED))).toEqual([]);
  expect(session.state.renewal).toEqual({ kind: 'idle' });
});

test('a server that crashes meanwhile is started again with the token that is there', () => {
  const session = preparing();
  session.step({ type: 'upstream-ended', generation: 1, cannotStart: false, message: 'It ended.' });
  expect(deeds(session.pass(0))).toEqual(['spawn']);
  expect(session.state.upstream).toMatchObject({ kind: 'starting', serial: 1 });
});
