// When a token is renewed, and what the session does until it is (DESIGN 2.4).
// Not for: tokens that are refused (refused-token.test.ts), or the handshake of the generation that follows.
import { describe, expect, test } from 'vitest';
import { renewAt } from '../../../src/session/rotation.ts';
import { toolText } from '../../support/messages.ts';
import { lasting, MINUTE, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, said, START, startReady, startStepped } from './stepped.ts';

const EIGHT_HOURS = 480 * MINUTE;

describe('the schedule', () => {
  test.each([
    ['8 h', 480, 48],
    ['1 h', 60, 6],
    ['30 min', 30, 5],
    ['6 min', 6, 3],
    ['60 s', 1, 0.5],
  ])('a token of %s is renewed %s - %s minutes after its issue', (_, minutes, ahead) => {
    const session = startReady({}, lasting(minutes * MINUTE));
    expect(renewAt(session.state) - START).toBe((minutes - ahead * 1.5) * MINUTE);
    session.client(call(1, 'slow'));
    expect(renewAt(session.state) - START).toBe((minutes - ahead) * MINUTE);
  });

  test('jitter moves it later by a tenth of the lead at most', () => {
    for (const jitter of [0.25, 0.5, 0.999]) {
      const session = startStepped({ jitter }, lasting(EIGHT_HOURS));
      session.client(initialize());
      const ahead = (START + EIGHT_HOURS - renewAt(session.state)) / MINUTE;
      expect(ahead).toBeCloseTo(48 - 4.8 * jitter);
    }
  });

  test('a token that does not expire, or cannot be renewed, has none', () => {
    const { expiresAt: _, ...forever } = lasting(EIGHT_HOURS);
    for (const token of [
      { ...forever, expiresAt: undefined },
      { ...lasting(EIGHT_HOURS), renewable: false },
    ])
      expect(renewAt(startReady({}, token).state)).toBe(Infinity);
  });

  test('the first idle moment of the window before it is taken', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.pass(407 * MINUTE);
    session.client(call(1, 'echo'));
    expect(deeds(session.pass(10 * MINUTE))).toEqual([]);
    expect(deeds(session.upstream({ id: 1, result: {} }))).toEqual(['refresh']);
  });

  test('nothing is renewed for a client that has not said hello: it may be killed at once', () => {
    const due = startStepped({}, lasting(EIGHT_HOURS));
    expect(deeds(due.pass(479 * MINUTE))).toEqual([]);
    expect(deeds(due.client(initialize()))).toEqual(['refresh']);
    const expired = startStepped({}, lasting(-1));
    expect(deeds(expired.pass(MINUTE))).toEqual([]);
    expect(deeds(expired.client(initialize()))).toEqual(['refresh']);
  });
});

/** A session whose renewal waits for call 1. */
function draining() {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.pass(400 * MINUTE);
  session.client(call(1, 'slow'));
  expect(deeds(session.pass(32 * MINUTE))).toEqual([]);
  expect(session.state.renewal.kind).toBe('draining');
  return session;
}

describe('while a renewal is under way', () => {
  test('a server that never starts within the life of its token: those who wait are told', () => {
    const session = startReady({}, lasting(MINUTE));
    session.pass(MINUTE);
    session.client(call(1, 'echo'));
    const told = [2, 3, 4, 5].flatMap((serial) => {
      const renewed = session.step({ type: 'refreshed', token: lasting(2_000, serial, session.now) });
      session.pass(2_000);
      return said(renewed);
    });
    expect(told).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(toolText(told[0] ?? {})).toContain('takes longer to start than its token lives');
    session.client(call(2, 'echo'));
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 6, session.now) });
    session.client(call(3, 'echo'));
    expect(sentIds(session.shakeHands())).toEqual([3]);
  });

  test('a notification stays behind the call before it, whatever sets the two free for a moment', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.client(call(1, 'slow'));
    session.pass(432 * MINUTE + 30_000);
    session.step({ type: 'refreshed', token: lasting(40_000, 2, session.now) });
    session.shakeHands();
    session.client(call(2, 'slow'));
    session.pass(19_999);
    session.client(call(3, 'slow'));
    session.pass(1);
    expect(session.state.renewal.kind).toBe('draining');
    session.client(call(4, 'echo'));
    session.client({ method: 'notifications/roots/list_changed' });
    const ended = session.step({ type: 'upstream-ended', generation: 1, cannotStart: false, message: '' });
    expect(sent(ended)).toEqual([]);
    session.upstream({ id: 2, result: {} });
    session.upstream({ id: 3, result: {} });
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 3, session.now) });
    const last = sent(session.shakeHands());
    expect(last.slice(-2)).toMatchObject([{ id: 4 }, { method: 'notifications/roots/list_changed' }]);
  });

  test('what runs is answered by the old server, what is new waits, and goes to the new one in order', () => {
    const session = draining();
    for (const id of [2, 3, 4]) expect(sent(session.client(call(id, 'echo')))).toEqual([]);
    const drained = session.upstream({ id: 1, result: { content: [] } });
    expect(said(drained)).toMatchObject([{ id: 1 }]);
    expect(deeds(drained)).toEqual(['refresh']);
    expect(sent(session.client(call(5, 'echo')))).toEqual([]);
    const renewed = session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(deeds(renewed)).toEqual(['stop', 'spawn']);
    expect(sentIds(session.shakeHands())).toEqual([2, 3, 4, 5]);
  });

  test('a ping is answered at once, and a notification does not overtake what came before it', () => {
    const session = draining();
    expect(said(session.client({ id: 2, method: 'ping' }))).toMatchObject([{ id: 2, result: {} }]);
    session.client(call(3, 'echo'));
    expect(sent(session.client({ method: 'notifications/roots/list_changed' }))).toEqual([]);
    session.upstream({ id: 1, result: {} });
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    const order = sent(session.shakeHands()).map(({ id, method }) => id ?? method);
    expect(order).toEqual(['notifications/initialized', 3, 'notifications/roots/list_changed']);
  });

  test('a call that the client gives up while it runs is not waited for', () => {
    const session = draining();
    const given = session.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(sent(given)).toMatchObject([{ method: 'notifications/cancelled', params: { requestId: 1 } }]);
    expect(deeds(given)).toEqual(['refresh']);
    expect(said(session.upstream({ id: 1, result: {} }))).toEqual([]);
  });

  test('a call that the client gives up while it waits never reaches a server', () => {
    const session = draining();
    session.client(call(2, 'echo'));
    expect(sent(session.client({ method: 'notifications/cancelled', params: { requestId: 2 } }))).toEqual([]);
    session.upstream({ id: 1, result: {} });
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(sentIds(session.shakeHands())).toEqual([]);
  });

  test('after the drain deadline it goes on without the call, whose answer is still delivered', () => {
    const session = draining();
    expect(deeds(session.pass(29_999))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['refresh']);
    const renewed = session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(deeds(renewed)).toEqual(['spawn']);
    session.shakeHands();
    const late = session.step({
      type: 'upstream-frame',
      generation: 1,
      frame: {
        kind: 'response',
        id: '1',
        outcome: 'result',
        bytes: Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}\n'),
        streaming: false,
      },
      suspicious: false,
    });
    expect(said(late)).toMatchObject([{ id: 1, result: {} }]);
    expect(deeds(late)).toEqual(['stop']);
  });

  test('a server that needs half the life of a token to start comes to serve', () => {
    const session = draining();
    session.client(call(2, 'echo'));
    session.upstream({ id: 1, result: {} });
    session.step({ type: 'refreshed', token: lasting(MINUTE, 2, session.now) });
    expect(deeds(session.pass(40_000))).toEqual([]);
    expect(sentIds(session.shakeHands())).toEqual([2]);
    expect(session.state.renewal.kind).toBe('draining');
  });

  test('once the token expires there is nothing left to wait for', () => {
    const session = startStepped({ drainTimeout: 600_000 }, lasting(MINUTE));
    session.client(initialize());
    session.shakeHands();
    session.client(call(1, 'slow'));
    expect(deeds(session.pass(59_999))).toEqual([]);
    expect(session.state.renewal.kind).toBe('draining');
    expect(deeds(session.pass(1))).toEqual(['refresh']);
  });

  test('silence until the second deadline is answered with the truth', () => {
    const session = draining();
    session.pass(30_000);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    session.shakeHands();
    const given = session.pass(30_000);
    expect(said(given)).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(toolText(said(given)[0] ?? {})).toContain('may or may not have run');
    expect(deeds(given)).toEqual(['stop']);
  });

  test('beyond 1000 requests that wait, more are refused', () => {
    const session = draining();
    for (let id = 2; id <= 1001; id += 1) expect(said(session.client(call(id, 'echo')))).toEqual([]);
    const [refused] = said(session.client(call(1002, 'echo')));
    expect(toolText(refused ?? {})).toContain('Too many requests are waiting');
    const [error] = said(session.client({ id: 1003, method: 'resources/read', params: {} }));
    expect(error).toMatchObject({ error: { code: 5032, data: { retryable: true } } });
    // One that is given up makes room.
    session.client({ method: 'notifications/cancelled', params: { requestId: 500 } });
    expect(said(session.client(call(1004, 'echo')))).toEqual([]);
  });
});

describe('a machine that slept', () => {
  test('past the expiry: the next request is held for a renewal', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.now += 1000 * MINUTE;
    const woken = session.client(call(1, 'echo'));
    expect(sent(woken)).toEqual([]);
    expect(deeds(woken)).toEqual(['refresh']);
  });

  test('past the expiry: the next tick begins the renewal', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.now += 1000 * MINUTE;
    expect(deeds(session.step({ type: 'tick' }))).toEqual(['refresh']);
  });

  test('past the begin of the renewal: the next request still runs, and the renewal follows it', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.now += 440 * MINUTE;
    expect(sentIds(session.client(call(1, 'echo')))).toEqual([1]);
    expect(session.state.renewal.kind).toBe('draining');
  });

  test('past the expiry of a token that cannot be renewed: locked, and the call logs in', () => {
    const session = startReady({}, { ...lasting(EIGHT_HOURS), renewable: false });
    session.now += 1000 * MINUTE;
    const woken = session.client(call(1, 'echo'));
    expect(said(woken)).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
    expect(deeds(woken)).toEqual(['login']);
  });
});
