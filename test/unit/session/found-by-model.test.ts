// Orders of events that the model (interleavings.test.ts) found to go wrong, at their shortest, as tests of their own.
// Not for: anything that was known before.
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/session/events.ts';
import { toolText } from '../../support/messages.ts';
import { crash, EIGHT_HOURS, from, running } from './running.ts';
import { lasting, MINUTE, REFUSED, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, prompt, RESULT, said, startReady, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const overlapping = (serial: number, issued: number) =>
  ({ ...lasting(EIGHT_HOURS, serial, issued), rotation: 'overlapping' }) as const;

/** Not to be renewed without a person. */
const passing = (serial: number, issued: number) =>
  ({ ...lasting(EIGHT_HOURS, serial, issued), renewable: false }) as const;

const exited = (generation: number): Event => ({ type: 'upstream-exited', generation });
const setLevel = (id: number, level: string) => ({ id, method: 'logging/setLevel', params: { level } });

/** The number of a session's latest server. */
function newest(session: Stepped): number {
  return session.state.nextGeneration - 1;
}

/** The log level that a server was told last. */
function levels(session: Stepped): unknown[] {
  const shaken = session.shakeHands({ ...RESULT, capabilities: { tools: {}, logging: {} } });
  return sent(shaken)
    .filter(({ method }) => method === 'logging/setLevel')
    .map(({ params }) => params?.['level']);
}

describe('a server that has exited, and whose last words are still being read', () => {
  test('is sent nothing when those answer its handshake: the next one gets what was held', () => {
    const session = startStepped({}, lasting(EIGHT_HOURS));
    session.client(initialize());
    session.client(call(1, 'write'));
    session.step(exited(1));
    const shaken = session.shakeHands();
    expect(said(shaken)).toMatchObject([{ id: 'init', result: {} }]);
    expect(sent(shaken)).toEqual([]);
    crash(session, 1);
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('does not take over', () => {
    const session = startReady({}, overlapping(1, 0));
    session.pass(480 * MINUTE * 0.96);
    session.step({ type: 'refreshed', token: overlapping(2, session.now) });
    session.step(exited(2));
    from(session, 2, { id: 'gh-mcp-proxy:initialize:2', result: RESULT });
    expect(sent(session.client(call(1, 'write')), 1)).toMatchObject([{ id: 1 }]);
  });

  test("is not asked the client's initialize: the next one is", () => {
    const session = startStepped({}, lasting(EIGHT_HOURS));
    session.step(exited(1));
    expect(sent(session.client(initialize()))).toEqual([]);
    expect(said(crash(session, 1))).toEqual([]);
    expect(sent(session.pass(0), 2)).toMatchObject([{ method: 'initialize' }]);
  });

  test('is asked for no list while locked either: the next one is', () => {
    const session = startReady();
    session.step(exited(1));
    expect(sent(session.client({ id: 1, method: 'tools/list' }))).toEqual([]);
    expect(said(session.client({ id: 2, method: 'ping' }))).toMatchObject([{ id: 2, result: {} }]);
    crash(session, 1);
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });
});

describe('progress', () => {
  test('of the client with what it has answered goes nowhere, whatever else it is asked', () => {
    const session = running();
    session.upstream({ id: 1, method: 'sampling/createMessage', params: { _meta: { progressToken: 1 } } });
    session.upstream({ id: 2, method: 'roots/list' });
    session.client({ id: 'g1:1', result: {} });
    const late = { method: 'notifications/progress', params: { progressToken: 'g1:1', progress: 1 } };
    expect(sent(session.client(late))).toEqual([]);
  });

  test('with a login is told once to a call that comes to it late', () => {
    const session = startReady({ elicitation: { url: {} } });
    session.client(call(1, 'write'));
    session.step({ type: 'login-prompt', prompt });
    session.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    session.pass(20_000);
    expect(said(session.client(call(2, 'write', {}, { progressToken: 2 })))).toHaveLength(1);
    expect(said(session.pass(9_999))).toEqual([]);
    expect(said(session.pass(1))).toHaveLength(1);
  });
});

describe('the log level that the client set last', () => {
  test('is not undone by an older one that the server left unanswered', () => {
    const session = running();
    session.client(setLevel(1, 'info'));
    session.client(setLevel(2, 'error'));
    session.upstream({ id: 2, result: {} });
    crash(session);
    session.pass(0);
    expect(levels(session)).toEqual(['error']);
    expect(session.state.pending.size).toBe(0);
  });

  test('is not undone by an older one that was held when the proxy answered it by itself', () => {
    const session = startStepped({ beforeLogin: 'auth-only' }, { ...lasting(MINUTE, 1, -10 * MINUTE) });
    session.client(initialize());
    session.client({ method: 'notifications/initialized' });
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2) });
    session.client(setLevel(1, 'info'));
    crash(session);
    session.jumped = EIGHT_HOURS;
    expect(said(session.client(setLevel(2, 'error')))).toMatchObject([{ id: 2, result: {} }]);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 3, EIGHT_HOURS) });
    expect(levels(session).at(-1)).toBe('error');
  });
});

test('a call that is made again and then cannot be is not said not to have run', () => {
  const session = running();
  session.client(call(1, 'put'));
  session.pass(432 * MINUTE);
  session.jumped = 48 * MINUTE;
  crash(session);
  session.pass(30_000);
  const told = said(session.step({ type: 'refresh-unreachable', message: 'github.com cannot be reached.' }));
  expect(told).toMatchObject([{ id: 1 }]);
  expect(toolText(told[0] ?? {})).toContain('may or may not have run');
});

test('a request that comes when the login has just expired does not overtake those that were held', () => {
  const session = startReady({}, passing(1, 0));
  crash(session);
  session.pass(0);
  for (const id of [1, 2]) session.client({ id, method: 'tools/list' });
  session.jumped = EIGHT_HOURS;
  session.client({ id: 3, method: 'tools/list' });
  expect(sentIds(session.shakeHands())).toEqual([1, 2, 3]);
});

test('a call of auth_login is answered though the login is lost again before there is anything to announce', () => {
  const session = startReady();
  session.client(call(1, 'write'));
  session.step({ type: 'login-prompt', prompt });
  session.client(call(2, 'auth_login'));
  session.step({ type: 'login-done', token: passing(1, 0) });
  session.jumped = EIGHT_HOURS;
  session.pass(0);
  session.shakeHands();
  expect(said(session.pass(MINUTE)).map(({ id }) => id)).toContain(2);
});

test('a renewal that waits for an idle moment takes the one in which the last request is answered', () => {
  const resources = { tools: {}, resources: {} };
  const session = startStepped({ jitter: 0.5 }, overlapping(1, 0));
  session.client(initialize());
  session.shakeHands({ ...RESULT, capabilities: resources });
  session.client({ id: 1, method: 'resources/read', params: { uri: 'memo://one' } });
  session.pass(440 * MINUTE);
  const short = { ...lasting(MINUTE, 2, session.now), rotation: 'overlapping' } as const;
  session.step({ type: 'refreshed', token: short });
  from(session, newest(session), { id: 'gh-mcp-proxy:initialize:2', result: RESULT });
  // The first server has not answered in time, and the second offers no resources.
  const drained = session.pass(30_000);
  expect(said(drained)).toMatchObject([{ id: 1, error: { code: 5030 } }]);
  expect(deeds(drained)).toEqual(['stop', 'refresh']);
});

describe('a logout', () => {
  const LOGOUT = { type: 'logout-done', account: undefined, unrevoked: undefined } as const;
  test('while the stored login is being opened: nobody waits on for that, and no login is begun instead', () => {
    const session = startStepped({ authTools: true });
    session.step({ type: 'started', token: undefined, lockedBecause: 'It is being opened.', opening: true });
    session.client(initialize());
    session.client(call(1, 'write'));
    const asked = session.client(call(2, 'auth_logout'));
    expect(said(asked)).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(deeds(session.pass(10_000))).toEqual([]);
    expect(said(session.step(LOGOUT)).map(({ id }) => id)).toContain(2);
  });

  test('that fails, after a renewal that it waited for: no server goes on with the token before', () => {
    const session = startStepped({ authTools: true }, overlapping(1, 0));
    session.client(initialize());
    session.pass(432 * MINUTE);
    session.client(call(1, 'write'));
    session.client(call(2, 'auth_logout'));
    expect(deeds(session.step({ type: 'refreshed', token: overlapping(2, session.now) }))).toEqual([
      'stop',
      'spawn',
    ]);
    session.step({ type: 'logout-failed', message: 'The disk is full.' });
    expect(session.state.upstream).toMatchObject({ serial: 2 });
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('in which the login expires: what is held is told once the logout is through, and not before', () => {
    const session = startStepped({ authTools: true }, passing(1, 0));
    session.client(initialize());
    session.shakeHands();
    session.client(call(2, 'auth_logout'));
    session.client({ id: 1, method: 'prompts/get', params: { name: 'p' } });
    session.jumped = EIGHT_HOURS;
    const ended = crash(session);
    expect(session.state.auth.kind).toBe('locked');
    expect([...sent(ended), ...said(ended).filter(({ id }) => id === 1)]).toEqual([]);
    session.step(LOGOUT);
    expect(session.state.held).toHaveLength(1);
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('elsewhere, of a login that had expired here: a call of that time begins no login', () => {
    const session = startReady({}, passing(1, 0));
    session.client(call(1, 'write'));
    session.pass(EIGHT_HOURS);
    session.step({ type: 'logged-out', message: 'A person has logged out elsewhere.' });
    const refused = from(session, 1, { id: 1, result: REFUSED });
    expect(deeds(refused)).toEqual(['stop']);
    expect(toolText(said(refused)[0] ?? {})).toContain('has logged out of github.com');
  });
});

test('a renewal that is through when the command turned out not to exist starts nothing', () => {
  const session = startStepped({}, overlapping(1, -EIGHT_HOURS));
  session.client(initialize());
  session.step({ type: 'upstream-ended', generation: 1, cannotStart: true, message: 'No such command.' });
  expect(deeds(session.step({ type: 'refreshed', token: overlapping(2, 0) }))).toEqual([]);
  session.client({ ...initialize(), id: 'again' });
  expect(deeds(session.pass(100))).toEqual(['shutdown']);
});

test('a token that comes when the command turned out not to exist starts nothing, but it is the one', () => {
  const session = startStepped({}, overlapping(1, 0));
  session.client(initialize());
  session.step({ type: 'upstream-ended', generation: 1, cannotStart: true, message: 'No such command.' });
  expect(deeds(session.step({ type: 'adopted', token: overlapping(2, 0) }))).toEqual([]);
  session.jumped = EIGHT_HOURS;
  expect(session.step({ type: 'tick' })).toContainEqual({ type: 'refresh', serial: 2 });
});
