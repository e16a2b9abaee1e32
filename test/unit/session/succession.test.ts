// One server takes over from another (DESIGN 2.5): at any moment of either's life, and what the client hears of both.
// Not for: when that is due (renewal.test.ts), or servers that are lost (loss.test.ts).
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { EIGHT_HOURS, from, running } from './running.ts';
import { lasting, MINUTE, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, prompt, RESULT, said, startReady, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

function renew(session: Stepped, serial = 2): Effect[] {
  return session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, serial, session.now) });
}

/** A session in which generation 2 serves and generation 1 still owes the answer to call 1. */
function overlapping(): Stepped {
  const session = running();
  session.client(call(1, 'write', {}, { progressToken: 1 }));
  session.pass(432 * MINUTE + 30_000);
  renew(session);
  session.shakeHands();
  return session;
}

describe('while the first server starts', () => {
  test('a login is done: the next one answers the handshake, and what the first still says is not heard', () => {
    const session = startStepped();
    session.client(initialize());
    session.client(call(1, 'get_me'));
    session.step({ type: 'login-prompt', prompt });
    session.client(call(2, 'get_me'));
    const done = session.step({ type: 'login-done', token: lasting(EIGHT_HOURS) });
    expect(deeds(done)).toEqual(['stop', 'spawn']);
    expect(said(from(session, 1, { id: 'gh-mcp-proxy:initialize:1', result: RESULT }))).toEqual([]);
    const ready = session.shakeHands();
    expect(said(ready).map(({ id }) => id)).toEqual(['init']);
    expect(sentIds(ready)).toEqual([2]);
  });

  test('a renewal is through: the next one answers the handshake', () => {
    const session = startStepped({}, lasting(-1));
    session.client(initialize());
    expect(deeds(renew(session))).toEqual(['stop', 'spawn']);
    expect(said(session.shakeHands()).map(({ id }) => id)).toEqual(['init']);
  });

  test('a renewal takes its time: the first one answers the handshake, and is then replaced', () => {
    const session = startStepped({}, lasting(-1));
    session.client(initialize());
    expect(said(session.shakeHands()).map(({ id }) => id)).toEqual(['init']);
    session.client({ method: 'notifications/initialized' });
    expect(sentIds(session.client({ id: 1, method: 'tools/list' }))).toEqual([1]);
    session.upstream({ id: 1, result: { tools: [] } });
    session.client(call(2, 'get_me'));
    expect(deeds(renew(session))).toEqual(['stop', 'spawn']);
    const ready = session.shakeHands();
    expect(said(ready)).toEqual([]);
    expect(sentIds(ready)).toEqual([2]);
  });
});

describe('the handshake of the next server', () => {
  test('is the same whatever the client says in the middle of it', () => {
    const session = running();
    session.client({ id: 1, method: 'resources/subscribe', params: { uri: 'memo://one' } });
    session.client({ id: 2, method: 'logging/setLevel', params: { level: 'debug' } });
    session.upstream({ id: 1, result: {} });
    session.upstream({ id: 2, result: {} });
    session.pass(430 * MINUTE);
    session.client({ id: 3, method: 'resources/unsubscribe', params: { uri: 'memo://one' } });
    session.client({ id: 4, method: 'logging/setLevel', params: { level: 'error' } });
    renew(session);
    session.client({ id: 5, method: 'resources/subscribe', params: { uri: 'memo://two' } });
    // It is told what the old one knew; what has waited changes that then, in its own order.
    const told = sent(session.shakeHands()).map(({ id, method, params }) => [id, method, params]);
    expect(told).toEqual([
      [undefined, 'notifications/initialized', undefined],
      ['gh-mcp-proxy:level:2', 'logging/setLevel', { level: 'debug' }],
      ['gh-mcp-proxy:subscribe-1:2', 'resources/subscribe', { uri: 'memo://one' }],
      [3, 'resources/unsubscribe', { uri: 'memo://one' }],
      [4, 'logging/setLevel', { level: 'error' }],
      [5, 'resources/subscribe', { uri: 'memo://two' }],
    ]);
    const client = session.state.client;
    expect([...client.subscriptions.keys()]).toEqual(['memo://two']);
    expect(client.logLevel).toBe('{"level":"error"}');
  });

  test('leaves out what was refused while nobody was logged in', () => {
    const session = startReady();
    session.client({ id: 1, method: 'resources/subscribe', params: { uri: 'memo://one' } });
    session.client(call(2, 'auth_login'));
    session.step({ type: 'login-done', token: lasting(EIGHT_HOURS) });
    expect(sent(session.shakeHands()).map(({ method }) => method)).toEqual(['notifications/initialized']);
  });

  test('may bring an older protocol version where the client was promised one before anybody could be asked', () => {
    const session = startStepped({ beforeLogin: 'auth-only' });
    const promised = said(session.client(initialize()));
    expect(promised).toMatchObject([{ id: 'init', result: { protocolVersion: '2025-11-25' } }]);
    session.client({ method: 'notifications/initialized' });
    session.client(call(1, 'get_me'));
    session.client(call(2, 'auth_login'));
    session.step({ type: 'login-done', token: lasting(EIGHT_HOURS) });
    const ready = session.shakeHands({ ...RESULT, protocolVersion: '2024-11-05' });
    expect(sentIds(ready)).toEqual([1]);
    expect(ready.find(({ type }) => type === 'log')).toMatchObject({ level: 'warn' });
  });

  test('that a server without a token refuses is made up: a login may mend that', () => {
    const session = startStepped();
    session.client(initialize());
    const error = { code: -32000, message: 'GITHUB_PERSONAL_ACCESS_TOKEN is not valid' };
    const refused = session.upstream({ id: 'gh-mcp-proxy:initialize:1', error });
    expect(said(refused)).toMatchObject([{ id: 'init', result: { serverInfo: { name: 'gh-mcp-proxy' } } }]);
    expect(deeds(refused)).toEqual(['stop']);
  });

  test('that the first server refuses with a token goes to the client in its own words', () => {
    const session = startStepped({}, lasting(EIGHT_HOURS));
    session.client(initialize());
    const error = {
      code: -32602,
      message: 'Unsupported protocol version',
      data: { supported: ['2024-11-05'] },
    };
    const refused = session.upstream({ id: 'gh-mcp-proxy:initialize:1', error });
    expect(said(refused)).toEqual([{ jsonrpc: '2.0', id: 'init', error }]);
    // Another one, with other params, is asked anew.
    const again = session.client({ ...initialize({}, '2024-11-05'), id: 'init-2' });
    expect(sent(again)).toMatchObject([{ method: 'initialize', params: { protocolVersion: '2024-11-05' } }]);
  });

  test('hides the answers to it, errors too', () => {
    const session = running();
    session.client({ id: 1, method: 'logging/setLevel', params: { level: 'debug' } });
    session.upstream({ id: 1, result: {} });
    session.pass(430 * MINUTE);
    renew(session);
    session.shakeHands();
    const error = { code: -32601, message: 'method not found' };
    expect(said(session.upstream({ id: 'gh-mcp-proxy:level:2', error }))).toEqual([]);
  });
});

describe('of a replaced server that still owes answers', () => {
  test('progress, answers and questions are heard; other notifications are not', () => {
    const session = overlapping();
    const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 1 } };
    expect(said(from(session, 1, progress))).toMatchObject([progress]);
    expect(said(from(session, 1, { method: 'notifications/message', params: {} }))).toEqual([]);
    expect(said(from(session, 1, { id: 0, method: 'elicitation/create' }))).toMatchObject([{ id: 'g1:0' }]);
    const reply = session.client({ id: 'g1:0', result: { action: 'accept' } });
    expect(sent(reply, 1)).toEqual([{ jsonrpc: '2.0', id: 0, result: { action: 'accept' } }]);
    const last = from(session, 1, { id: 1, result: {} });
    expect(said(last)).toMatchObject([{ id: 1 }]);
    expect(deeds(last)).toEqual(['stop']);
    expect(said(from(session, 1, progress))).toEqual([]);
  });

  test('equal ids of two servers are kept apart', () => {
    const session = overlapping();
    const asked = [1, 2].flatMap((generation) =>
      said(from(session, generation, { id: 0, method: 'roots/list' })),
    );
    expect(asked.map(({ id }) => id)).toEqual(['g1:0', 'g2:0']);
    expect(sent(session.client({ id: 'g2:0', result: {} }), 2)).toMatchObject([{ id: 0 }]);
    expect(sent(session.client({ id: 'g1:0', result: {} }), 1)).toMatchObject([{ id: 0 }]);
  });

  test('what it asked is withdrawn when its time is over', () => {
    const session = overlapping();
    from(session, 1, { id: 0, method: 'roots/list' });
    const over = said(session.pass(30_000));
    expect(over).toMatchObject([
      { id: 1, result: { isError: true } },
      { method: 'notifications/cancelled', params: { requestId: 'g1:0' } },
    ]);
  });

  test('an answer to a request that went to the other server does not count', () => {
    const session = overlapping();
    session.client(call(2, 'echo'));
    expect(said(from(session, 1, { id: 2, result: {} }))).toEqual([]);
    expect(said(from(session, 2, { id: 2, result: {} }))).toMatchObject([{ id: 2 }]);
  });
});
