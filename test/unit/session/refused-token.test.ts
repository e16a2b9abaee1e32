// A token that the upstream says was not accepted (DESIGN 2.4): one renewal, the call made again once, then the truth.
// Not for: which texts say so (test/unit/github/auth-failure.test.ts).
import { describe, expect, test } from 'vitest';
import { readFrame } from '../../../src/wire/message.ts';
import { toolText } from '../../support/messages.ts';
import type { Json, Message } from '../../support/messages.ts';
import { lasting, MINUTE, REFUSED, sentIds } from './sent.ts';
import { call, deeds, prompt, said, startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const EIGHT_HOURS = 480 * MINUTE;

/** A session whose calls run, with a token that can be renewed. */
function calling(...ids: number[]): Stepped {
  const session = startReady({}, lasting(EIGHT_HOURS));
  for (const id of ids) session.client(call(id, 'get_me'));
  return session;
}

function renew(session: Stepped, serial = 2): ReturnType<Stepped['step']> {
  session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, serial, session.now) });
  return session.shakeHands();
}

/** A frame of a certain generation. */
function from(session: Stepped, generation: number, message: Json): ReturnType<Stepped['step']> {
  const bytes = Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  return session.step({ type: 'upstream-frame', generation, frame: readFrame(bytes), suspicious: true });
}

const only = (messages: Message[]): Message => {
  expect(messages).toHaveLength(1);
  return messages[0] ?? {};
};

describe('a call whose token is refused', () => {
  test('is made again with a new token, and nothing of the failure is seen', () => {
    const session = calling(1);
    const failed = session.upstream({ id: 1, result: REFUSED });
    expect(said(failed)).toEqual([]);
    expect(deeds(failed)).toEqual(['refresh']);
    expect(sentIds(renew(session))).toEqual([1]);
    expect(said(session.upstream({ id: 1, result: { content: [] } }))).toMatchObject([{ id: 1 }]);
  });

  test('is made again as often as other processes renew the token under it, and that is no loop', () => {
    const session = calling();
    for (let serial = 2; serial < 8; serial += 1) {
      session.client(call(serial, 'get_me'));
      expect(deeds(session.upstream({ id: serial, result: REFUSED }))).toEqual(['refresh']);
      session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, serial, session.now), found: true });
      expect(sentIds(session.shakeHands())).toEqual([serial]);
      session.upstream({ id: serial, result: { content: [] } });
    }
  });

  test('with several at once there is one renewal, and all are made again in order', () => {
    const session = calling(1, 2, 3);
    expect(deeds(session.upstream({ id: 1, result: REFUSED }))).toEqual(['refresh']);
    expect(deeds(session.upstream({ id: 2, error: { code: 0, message: '401 Bad credentials' } }))).toEqual(
      [],
    );
    expect(sentIds(renew(session))).toEqual([1, 2]);
    // The third one fails only now, at the old server: it goes to the new one at once.
    expect(sentIds(from(session, 1, { id: 3, result: REFUSED }))).toEqual([3]);
  });

  test('a second time goes to the client with an explanation, and renews nothing', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    renew(session);
    const again = session.upstream({ id: 1, result: REFUSED });
    expect(deeds(again)).toEqual([]);
    const text = toolText(only(said(again)));
    expect(text).toContain('401 Bad credentials');
    expect(text).toContain('got a new token and made this call again');
    // The next call runs into the guard, not into a loop.
    session.client(call(2, 'get_me'));
    const next = session.upstream({ id: 2, result: REFUSED });
    expect(deeds(next)).toEqual([]);
    expect(toolText(only(said(next)))).toContain('does not do so again at once');
  });

  test('a second time, of another method than tools/call: an error that explains it just so', () => {
    const session = calling();
    const error = { code: 0, message: 'failed: GET https://api.github.com/x: 401 Bad credentials []' };
    session.client({ id: 1, method: 'resources/read', params: { uri: 'repo://o/r' } });
    session.upstream({ id: 1, error });
    renew(session);
    const { code, message, data } = only(said(session.upstream({ id: 1, error }))).error ?? {};
    expect({ code, data }).toEqual({ code: 4011, data: { reason: 'credential_refused', retryable: false } });
    expect(message).toMatch(/401 Bad credentials[^]*got a new token and made this call again/);
  });

  test('is renewed a minute after a token that was refused as soon as it was there', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    renew(session);
    session.upstream({ id: 1, result: REFUSED });
    session.pass(MINUTE);
    session.client(call(2, 'get_me'));
    expect(deeds(session.upstream({ id: 2, result: REFUSED }))).toEqual(['refresh']);
  });

  test('is renewed at once up to three times a minute, as long as each token has served', () => {
    const session = calling(1);
    const refused = (id: number): ReturnType<Stepped['step']> => {
      session.client(call(id, 'get_me'));
      return session.upstream({ id, result: REFUSED });
    };
    for (const id of [2, 3, 4]) {
      session.pass(10_000);
      expect(deeds(refused(id))).toEqual(['refresh']);
      expect(sentIds(renew(session, id))).toContain(id);
      expect(said(session.upstream({ id, result: {} }))).toMatchObject([{ id, result: {} }]);
    }
    const fourth = refused(5);
    expect(deeds(fourth)).toEqual([]);
    expect(toolText(only(said(fourth)))).toContain('does not do so again at once');
    // The first of the three is a minute ago: there is room for another one.
    session.pass(40_000);
    expect(deeds(refused(6))).toEqual(['refresh']);
  });

  test('a second time, long after its token was there: that is another one that was refused', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    renew(session);
    session.pass(10_001);
    expect(toolText(only(said(session.upstream({ id: 1, result: REFUSED }))))).toContain('401');
    session.client(call(2, 'get_me'));
    expect(deeds(session.upstream({ id: 2, result: REFUSED }))).toEqual(['refresh']);
  });

  test('leads to a login where the token was renewed a moment ago and the next renewal is refused', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    renew(session);
    session.upstream({ id: 1, result: {} });
    session.client(call(2, 'get_me'));
    expect(deeds(session.upstream({ id: 2, result: REFUSED }))).toEqual(['refresh']);
    const locked = session.step({ type: 'refresh-refused', message: 'The refresh token was refused.' });
    expect(deeds(locked)).toEqual(['login']);
    session.step({ type: 'login-done', token: lasting(EIGHT_HOURS, 3, session.now) });
    expect(sentIds(session.shakeHands())).toEqual([2]);
  });

  test('straight after a login is explained: another login would end the same', () => {
    const session = startReady();
    session.client(call(1, 'get_me'));
    session.step({ type: 'login-prompt', prompt });
    // The client shows text only: the call is answered, and the next one waits.
    session.client(call(2, 'get_me'));
    session.step({ type: 'login-done', token: { ...lasting(EIGHT_HOURS), renewable: false } });
    session.shakeHands();
    const failed = session.upstream({ id: 2, result: REFUSED });
    expect(deeds(failed)).toEqual([]);
    expect(toolText(only(said(failed)))).toContain('The token is only a moment old');
    session.client(call(3, 'get_me'));
    expect(deeds(session.upstream({ id: 3, result: REFUSED }))).toEqual([]);
  });

  test('after a login, by a server that was replaced since, is made again like any other', () => {
    const session = startReady({ elicitation: {} });
    session.client(call(1, 'slow'));
    session.step({ type: 'login-prompt', prompt });
    session.step({ type: 'login-done', token: lasting(MINUTE) });
    expect(sentIds(session.shakeHands())).toEqual([1]);
    session.pass(MINUTE);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    session.shakeHands();
    expect(sentIds(from(session, 2, { id: 1, result: REFUSED }))).toEqual([1]);
  });

  test('that was too large to be kept is explained, and the token renewed for the next one', () => {
    const session = calling();
    session.step({
      type: 'client-frame',
      frame: { kind: 'request', id: '1', method: 'tools/call', bytes: Buffer.from('{'), streaming: true },
    });
    const failed = session.upstream({ id: 1, result: REFUSED });
    expect(deeds(failed)).toEqual(['refresh']);
    expect(toolText(only(said(failed)))).toContain('make it again yourself');
  });

  test('during a drain ends the drain: nothing that runs can be saved by waiting', () => {
    const session = calling(1, 2);
    session.pass(432 * MINUTE);
    expect(session.state.renewal.kind).toBe('draining');
    expect(deeds(session.upstream({ id: 1, result: REFUSED }))).toEqual(['refresh']);
    expect(sentIds(renew(session))).toEqual([1]);
  });

  test('during a refresh that outran it is made again with its token', () => {
    const session = calling(1);
    session.pass(432 * MINUTE);
    expect(deeds(session.pass(30_000))).toEqual(['refresh']);
    const failed = session.upstream({ id: 1, result: REFUSED });
    expect([...deeds(failed), ...said(failed)]).toEqual([]);
    expect(sentIds(renew(session))).toEqual([1]);
  });
});

describe('while no new token can be had', () => {
  test('the call is told so when the authorization server is not reached', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    const told = session.step({ type: 'refresh-unreachable', message: 'github.com cannot answer just now.' });
    expect(toolText(only(said(told)))).toContain('does not accept the token of this login any more');
  });

  test('the call goes through a login when the renewal is refused, and is made again after it', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    session.client(call(2, 'get_me'));
    session.client({ id: 3, method: 'resources/read', params: {} });
    const locked = session.step({ type: 'refresh-refused', message: 'The refresh token was refused.' });
    expect(deeds(locked)).toEqual(['login']);
    expect(said(locked)).toMatchObject([
      { method: 'notifications/tools/list_changed' },
      { id: 3, error: { code: 4010, data: { reason: 'login_needed' } } },
    ]);
    session.step({ type: 'login-done', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(sentIds(session.shakeHands())).toEqual([1, 2]);
  });

  test('the outcome of a renewal that nobody waits for any more changes nothing', () => {
    const session = calling(1);
    session.upstream({ id: 1, result: REFUSED });
    session.step({ type: 'refresh-refused', message: 'The refresh token was refused.' });
    const late = session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2) });
    expect(deeds(late)).toEqual([]);
    expect(session.state.auth.kind).toBe('locked');
  });
});

describe('what is no refusal', () => {
  test.each([
    ['a success that mentions one', { content: [{ type: 'text', text: '401 Bad credentials' }] }],
    ['another failure', { isError: true, content: [{ type: 'text', text: '403 Forbidden' }] }],
    [
      'a text in the structured content of a failure',
      { isError: true, structuredContent: { log: '401 Bad credentials' } },
    ],
  ])('%s passes as it is', (_, result) => {
    const session = calling(1);
    const passed = session.upstream({ id: 1, result });
    expect(deeds(passed)).toEqual([]);
    expect(said(passed)).toEqual([{ jsonrpc: '2.0', id: 1, result }]);
  });
});
