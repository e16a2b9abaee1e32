// A token that goes on to be accepted while there is a new one (DESIGN 2.4, overlapping): nobody waits for the new
// server, and the one before finishes what it has. Not for: tokens that die when they are renewed (renewal.test.ts).
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { toolText } from '../../support/messages.ts';
import { crash, EIGHT_HOURS, from } from './running.ts';
import { lasting, MINUTE, REFUSED, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, RESULT, said, startReady, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const overlapping = (serial: number, issued: number) =>
  ({ ...lasting(EIGHT_HOURS, serial, issued), rotation: 'overlapping' }) as const;

/** A session whose token is being renewed. */
function refreshing(): Stepped {
  const session = startReady({}, overlapping(1, 0));
  session.client(call(1, 'slow', {}, { progressToken: 'p' }));
  expect(deeds(session.pass(432 * MINUTE))).toEqual(['refresh']);
  return session;
}

function renew(session: Stepped, serial = 2): Effect[] {
  return session.step({ type: 'refreshed', token: overlapping(serial, session.now) });
}

/** And whose second server is starting, call 1 being under way at the first. */
function succeeding(): Stepped {
  const session = refreshing();
  expect(deeds(renew(session))).toEqual(['spawn']);
  return session;
}

function shakeHands(session: Stepped, generation: number, result = RESULT): Effect[] {
  return from(session, generation, { id: `gh-mcp-proxy:initialize:${generation}`, result });
}

describe('a renewal', () => {
  test('holds nothing: not while it is under way, and not while the next server starts', () => {
    const session = refreshing();
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([2]);
    renew(session);
    expect(sent(session.client(call(3, 'echo')), 1)).toMatchObject([{ id: 3 }]);
    expect(said(session.client({ id: 4, method: 'ping' }))).toEqual([]);
  });

  test('new calls go to the next server once it has the whole handshake, and the first finishes its own', () => {
    const session = succeeding();
    const ready = shakeHands(session, 2);
    expect(sent(ready, 2)).toMatchObject([{ method: 'notifications/initialized' }]);
    expect(deeds(ready)).toEqual([]);
    expect(sent(session.client(call(2, 'echo')), 2)).toMatchObject([{ id: 2 }]);
    const progress = { method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } };
    expect(said(from(session, 1, progress))).toMatchObject([progress]);
    const last = from(session, 1, { id: 1, result: {} });
    expect(said(last)).toMatchObject([{ id: 1 }]);
    expect(deeds(last)).toEqual(['stop']);
  });

  test('one that nobody is reached for leaves everything as it is', () => {
    const session = refreshing();
    session.step({ type: 'refresh-unreachable', message: 'github.com cannot be reached.' });
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([2]);
    expect(deeds(session.pass(5_000))).toEqual(['refresh']);
  });

  test('--rotation decides where the source says otherwise', () => {
    const exclusive = startReady({}, lasting(EIGHT_HOURS));
    const session = startStepped({ rotation: 'overlapping' }, lasting(EIGHT_HOURS));
    for (const one of [exclusive, session]) {
      if (one === session) one.client(initialize());
      if (one === session) one.shakeHands();
      one.client(call(1, 'slow'));
      one.pass(432 * MINUTE);
      one.client(call(2, 'echo'));
    }
    expect(exclusive.state.held).toHaveLength(1);
    expect(session.state.held).toHaveLength(0);
  });

  test('an expiry before it is through makes new calls wait for it', () => {
    const session = refreshing();
    session.pass(48 * MINUTE);
    expect(sent(session.client(call(2, 'echo')))).toEqual([]);
    // The token is of the past: nothing serves while the next server starts, so it becomes the one.
    const renewed = renew(session);
    expect(deeds(renewed)).toEqual(['spawn']);
    expect(sentIds(shakeHands(session, 2))).toEqual([2]);
  });
});

describe('the token that the first server has', () => {
  test('is refused after all: its calls are made again at the next one, and nothing more goes to it', () => {
    const session = succeeding();
    const refused = from(session, 1, { id: 1, result: REFUSED });
    expect(said(refused)).toEqual([]);
    expect(deeds(refused)).toEqual([]);
    expect(sent(session.client(call(2, 'echo')))).toEqual([]);
    expect(sentIds(shakeHands(session, 2))).toEqual([1, 2]);
  });

  test('is refused while the renewal is under way: the same renewal mends that', () => {
    const session = refreshing();
    const refused = from(session, 1, { id: 1, result: REFUSED });
    expect(deeds(refused)).toEqual([]);
    expect(sent(session.client(call(2, 'echo')))).toEqual([]);
    expect(deeds(renew(session))).toEqual(['stop', 'spawn']);
    expect(sentIds(shakeHands(session, 2))).toEqual([1, 2]);
  });

  test('dies at each renewal, since it is exclusive in truth: every call is made again, however often', () => {
    const session = startReady({}, { ...lasting(10_000), rotation: 'overlapping' });
    for (let serial = 2; serial < 12; serial += 1) {
      session.client(call(serial, 'write'));
      session.pass(5_000);
      expect(session.state.renewal.kind).toBe('refreshing');
      expect(said(from(session, serial - 1, { id: serial, result: REFUSED }))).toEqual([]);
      const token = { ...lasting(10_000, serial, session.now), rotation: 'overlapping' } as const;
      session.step({ type: 'refreshed', token });
      expect(sentIds(shakeHands(session, serial))).toEqual([serial]);
      expect(said(from(session, serial, { id: serial, result: {} }))).toMatchObject([
        { id: serial, result: {} },
      ]);
    }
  });

  test('has ended before the next server is ready: new calls wait for that', () => {
    const session = succeeding();
    session.jumped = 49 * MINUTE;
    expect(sent(session.client(call(2, 'echo')))).toEqual([]);
    expect(sentIds(shakeHands(session, 2))).toEqual([2]);
  });
});

describe('the next server', () => {
  test('does not start: the first goes on, and others are tried at growing intervals', () => {
    const session = succeeding();
    expect(deeds(crash(session, 2))).toEqual([]);
    expect(sent(session.client(call(2, 'echo')), 1)).toMatchObject([{ id: 2 }]);
    expect(deeds(session.pass(249))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['spawn']);
    expect(deeds(crash(session, 3))).toEqual([]);
    expect(deeds(session.pass(499))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['spawn']);
    shakeHands(session, 4);
    expect(sent(session.client(call(3, 'echo')), 4)).toMatchObject([{ id: 3 }]);
  });

  test('does not answer for a minute: it is ended, and the first goes on', () => {
    const session = succeeding();
    expect(deeds(session.pass(60_000))).toEqual(['stop']);
    expect(sent(session.client(call(2, 'echo')), 1)).toMatchObject([{ id: 2 }]);
  });

  test('speaks another version: it is ended, and the first goes on', () => {
    const session = succeeding();
    const other = shakeHands(session, 2, { ...RESULT, protocolVersion: '2024-11-05' });
    expect(deeds(other)).toEqual(['stop']);
    expect(sent(session.client(call(2, 'echo')), 1)).toMatchObject([{ id: 2 }]);
  });

  test('does not start, and the first has no token that works: that is a crash, and those who wait are told', () => {
    const session = succeeding();
    from(session, 1, { id: 1, result: REFUSED });
    session.client(call(2, 'echo'));
    const texts = [2, 3, 4].flatMap((generation) => {
      const ended = said(crash(session, generation));
      session.pass(10_000);
      return ended;
    });
    expect(texts.map(({ id }) => id)).toEqual([1, 2]);
    expect(toolText(texts[1] ?? {})).toContain('boom');
  });

  test('is there when the first crashes: it becomes the one, and what is safe is made again', () => {
    const session = succeeding();
    session.client({ id: 2, method: 'tools/list' });
    const crashed = crash(session, 1);
    expect(said(crashed)).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(deeds(crashed)).toEqual([]);
    expect(sent(session.client(call(3, 'echo')))).toEqual([]);
    expect(sentIds(shakeHands(session, 2))).toEqual([2, 3]);
  });

  test('is not there yet, nor is its token, when the first crashes: that is started again meanwhile', () => {
    const session = refreshing();
    session.client({ id: 2, method: 'tools/list' });
    crash(session, 1);
    expect(deeds(session.pass(0))).toEqual(['spawn']);
    expect(sentIds(shakeHands(session, 2))).toEqual([2]);
  });

  test('is not needed any more when a person logs in meanwhile', () => {
    const session = succeeding();
    const done = session.step({ type: 'login-done', token: overlapping(3, session.now) });
    expect(deeds(done)).toEqual(['stop', 'spawn']);
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([]);
    expect(sentIds(shakeHands(session, 3))).toEqual([2]);
  });

  test('keeps its token until it serves: no other renewal begins before that', () => {
    const session = startReady({}, { ...lasting(MINUTE), rotation: 'overlapping' });
    session.client(call(1, 'slow'));
    expect(deeds(session.pass(30_000))).toEqual(['refresh']);
    const token = { ...lasting(MINUTE, 2, session.now), rotation: 'overlapping' } as const;
    session.step({ type: 'refreshed', token });
    expect(deeds(session.pass(40_000))).toEqual([]);
    shakeHands(session, 2);
    expect(session.state.renewal.kind).toBe('refreshing');
  });
});
