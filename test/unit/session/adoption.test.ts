// What other processes that share the login do to a session: a newer token, a login, a logout (DESIGN 2.8, Sharing).
// Not for: how it hears of them (token-news.test.ts).
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { PLACEHOLDER } from '../../../src/session/state.ts';
import { toolText } from '../../support/messages.ts';
import { EIGHT_HOURS, from, running } from './running.ts';
import { lasting, MINUTE, REFUSED, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, prompt, RESULT, said, startReady, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

function adopt(session: Stepped, changes: object = {}, serial = 2): Effect[] {
  const token = { ...lasting(EIGHT_HOURS, serial, session.now), ...changes };
  return session.step({ type: 'adopted', token });
}

const overlapping = { ...lasting(EIGHT_HOURS), rotation: 'overlapping' } as const;
const LOGGED_OUT = { type: 'logged-out', message: 'A person has logged out elsewhere.' } as const;

describe('a newer token of another process', () => {
  test('exclusive: the next server starts at once, new calls wait for it, and what runs may finish', () => {
    const session = running();
    session.client(call(1, 'slow'));
    expect(deeds(adopt(session))).toEqual(['spawn']);
    expect(sent(session.client(call(2, 'echo')))).toEqual([]);
    expect(said(from(session, 1, { id: 1, result: { content: [] } }))).toMatchObject([{ id: 1 }]);
    expect(sentIds(session.shakeHands())).toEqual([2]);
  });

  test('exclusive: a call that its death fails is made again at the next server, without a renewal', () => {
    const session = running();
    session.client(call(1, 'write'));
    adopt(session);
    const failed = from(session, 1, { id: 1, result: REFUSED });
    expect(said(failed)).toEqual([]);
    expect(deeds(failed)).toEqual(['stop']);
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('overlapping: the server that runs serves until the next one is ready', () => {
    const session = startReady({}, overlapping);
    expect(deeds(adopt(session, { rotation: 'overlapping' }))).toEqual(['spawn']);
    expect(sent(session.client(call(1, 'echo')), 1)).toMatchObject([{ id: 1 }]);
    from(session, 2, { id: 'gh-mcp-proxy:initialize:2', result: RESULT });
    expect(sent(session.client(call(2, 'echo')), 2)).toMatchObject([{ id: 2 }]);
  });

  test.each(['preparing', 'draining', 'refreshing'])('ends a renewal that is %s', (kind) => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.unprepared = kind !== 'preparing';
    session.client(call(1, 'slow'));
    session.pass(432 * MINUTE + (kind === 'refreshing' ? 30_000 : 0));
    expect(session.state.renewal.kind).toBe(kind);
    session.client(call(2, 'echo'));
    expect(deeds(adopt(session))).toEqual(['spawn']);
    expect(session.state.renewal).toEqual({ kind: 'idle' });
    const ready = sentIds(session.shakeHands());
    expect(ready).toEqual(kind === 'preparing' ? [] : [2]);
    expect(deeds(session.pass(5 * MINUTE))).toEqual(['stop']);
  });

  test('mends one that has expired, and what was held for its renewal goes on', () => {
    const session = startReady({}, lasting(MINUTE));
    session.pass(MINUTE);
    session.step({ type: 'refresh-unreachable', message: 'github.com cannot be reached.' });
    session.pass(1_000);
    session.client(call(1, 'echo'));
    expect(deeds(adopt(session))).toEqual(['stop', 'spawn']);
    expect(session.state.setback).toBeUndefined();
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('that has expired by now is renewed first, and nothing is started with it', () => {
    const session = running();
    session.pass(10 * MINUTE);
    expect(deeds(adopt(session, { expiresAt: 0 }))).toEqual(['refresh']);
    expect(sent(session.client(call(1, 'echo')))).toEqual([]);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 3, session.now) });
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('that has expired and cannot be renewed is the end of the login', () => {
    const session = running();
    adopt(session, { expiresAt: 0, renewable: false });
    expect(session.state.auth).toMatchObject({ kind: 'locked', reason: 'The login has expired.' });
  });

  test('is no renewal of a command that does not exist', () => {
    const session = startStepped({}, lasting(EIGHT_HOURS));
    session.client(initialize());
    session.step({ type: 'upstream-ended', generation: 1, cannotStart: true, message: 'No such command.' });
    expect(deeds(adopt(session))).toEqual([]);
  });
});

describe('a login in another window', () => {
  test('opens this one by itself: the calls that wait go on, the dialog closes, the lists have changed', () => {
    const session = startReady({ elicitation: { url: {} } });
    session.client(call(1, 'get_me'));
    session.client(call(2, 'auth_login'));
    session.step({ type: 'login-prompt', prompt });
    const opened = adopt(session);
    expect(deeds(opened)).toEqual(['abort-login', 'stop', 'spawn']);
    expect(said(opened).map(({ method }) => method)).toEqual([
      'notifications/cancelled',
      'notifications/elicitation/complete',
    ]);
    const ready = session.shakeHands();
    expect(said(ready)).toMatchObject([{ method: 'notifications/tools/list_changed' }, { id: 2 }]);
    expect(sentIds(ready)).toEqual([1]);
  });

  test('whose token has expired meanwhile: the calls that wait go on once it is renewed', () => {
    const session = startReady();
    session.client(call(1, 'get_me'));
    expect(deeds(adopt(session, { expiresAt: 0 }))).toEqual(['abort-login', 'refresh']);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 3, session.now) });
    const ready = session.shakeHands();
    expect(said(ready)).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
    expect(sentIds(ready)).toEqual([1]);
  });
});

describe('a logout in another window', () => {
  test('locks this one: its server gives way to one without the token, and the lists have changed', () => {
    const session = running();
    const locked = session.step(LOGGED_OUT);
    expect(deeds(locked)).toEqual(['stop', 'spawn']);
    expect(said(locked)).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
    expect(session.state.auth).toMatchObject({ kind: 'locked', reason: LOGGED_OUT.message });
    expect(session.state.upstream).toMatchObject({ kind: 'starting', serial: PLACEHOLDER });
  });

  test('leaves no server where none is to run while locked', () => {
    const session = startStepped({ beforeLogin: 'auth-only' }, lasting(EIGHT_HOURS));
    session.client(initialize());
    const locked = session.step(LOGGED_OUT);
    expect(deeds(locked)).toEqual(['stop']);
    expect(said(locked)).toMatchObject([{ id: 'init', result: { serverInfo: { name: 'gh-mcp-proxy' } } }]);
    expect(session.state.upstream.kind).toBe('none');
  });

  test('what runs finishes, or is told the truth: it begins no login by itself', () => {
    const session = running();
    for (const id of [1, 2, 3]) session.client(call(id, 'read'));
    session.step(LOGGED_OUT);
    expect(said(from(session, 1, { id: 1, result: {} }))).toMatchObject([{ id: 1, result: {} }]);
    const refused = from(session, 1, { id: 2, result: REFUSED });
    expect(deeds(refused)).toEqual([]);
    expect(toolText(said(refused)[0] ?? {})).toMatch(/has logged out of github\.com\. This call has not run/);
    const ended = session.step({
      type: 'upstream-ended',
      generation: 1,
      cannotStart: false,
      message: 'It ended.',
    });
    const last = [...said(ended), ...said(session.shakeHands())].find(({ id }) => id === 3);
    expect(toolText(last ?? {})).toContain('may or may not have run');
    expect(session.state.login.kind).toBe('idle');
  });

  test('what was held is told the truth; a call that comes after it logs in', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.client(call(1, 'slow'));
    session.pass(432 * MINUTE);
    session.client(call(2, 'echo'));
    const locked = session.step(LOGGED_OUT);
    expect(said(locked).map(({ id, method }) => id ?? method)).toEqual([
      'notifications/tools/list_changed',
      2,
    ]);
    expect(deeds(session.client(call(3, 'echo')))).toEqual(['login']);
  });

  test('and a login as somebody else: what was asked before it is not made again with that', () => {
    const session = running();
    for (const id of [1, 2]) session.client(call(id, 'read'));
    session.step(LOGGED_OUT);
    adopt(session, { login: 'hubot' });
    expect(toolText(said(from(session, 1, { id: 1, result: REFUSED }))[0] ?? {})).toContain('has not run');
    session.step({ type: 'upstream-ended', generation: 1, cannotStart: false, message: 'It ended.' });
    const ready = session.shakeHands();
    expect(sentIds(ready)).toEqual([]);
    expect(toolText(said(ready).find(({ id }) => id === 2) ?? {})).toContain('may or may not have run');
  });

  test('changes nothing for a person who is logging in here by now', () => {
    const session = startReady();
    session.client(call(1, 'get_me'));
    expect(session.step(LOGGED_OUT)).toEqual([]);
    expect(session.state.login.kind).toBe('requesting');
  });
});
