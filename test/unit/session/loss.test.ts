// What the loss of a server leads to (DESIGN 2.5): safe requests are made again, others hear the truth, and the proxy
// stays. Not for: processes and how they end (test/unit/upstream).
import { describe, expect, test } from 'vitest';
import { readFrame } from '../../../src/wire/message.ts';
import { toolText } from '../../support/messages.ts';
import { ID_TO_COME } from '../../../src/session/pending.ts';
import { crash, EIGHT_HOURS, running } from './running.ts';
import { lasting, MINUTE, sent, sentIds } from './sent.ts';
import { call, deeds, said } from './stepped.ts';
import type { Stepped } from './stepped.ts';

describe('in mid-call', () => {
  test('a write is answered: it may or may not have run; and it is not run again', () => {
    const session = running();
    session.client(call(1, 'write'));
    const [answer] = said(crash(session));
    expect(answer).toMatchObject({ id: 1, result: { isError: true } });
    expect(toolText(answer ?? {})).toMatch(/may or may not have run.*boom/s);
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual([]);
  });

  test.each([
    ['a read-only tool', call(1, 'read')],
    ['an idempotent tool', call(1, 'put')],
    ['a list', { id: 1, method: 'resources/list' }],
    ['a read', { id: 1, method: 'resources/read', params: { uri: 'memo://one' } }],
    ['a completion', { id: 1, method: 'completion/complete', params: {} }],
  ])('%s is made again, once', (_, request) => {
    const session = running();
    session.client(request);
    expect(said(crash(session))).toEqual([]);
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual([1]);
    expect(said(crash(session))).toMatchObject([{ id: 1 }]);
  });

  test('any other method is answered with error 5031', () => {
    const session = running();
    session.client({ id: 1, method: 'vendor/run', params: {} });
    expect(said(crash(session))).toMatchObject([
      { id: 1, error: { code: 5031, data: { reason: 'upstream_ended', retryable: false } } },
    ]);
  });

  test('of calls in flight 16 MB are made again; others hear the truth, and their bytes are not kept', () => {
    const session = running();
    const ids = Array.from({ length: 40 }, (_, id) => id);
    for (const id of ids) session.client(call(id, 'read', { text: 'x'.repeat(1024 * 1024) }));
    const kept = [...session.state.pending.values()].filter(({ bytes }) => bytes !== undefined);
    expect(kept).toHaveLength(15);
    const told = said(crash(session));
    expect(told.map(({ id }) => id)).toEqual(ids.slice(15));
    expect(toolText(told[0] ?? {})).toContain('may or may not have run');
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual(ids.slice(0, 15));
    for (const id of ids.slice(0, 15)) session.upstream({ id, result: {} });
    expect(session.state.pendingBytes).toBe(0);
  });

  test('what the client gave up is neither answered nor made again', () => {
    const session = running();
    session.client(call(1, 'read'));
    session.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(said(crash(session))).toEqual([]);
    session.pass(0);
    expect(sentIds(session.shakeHands())).toEqual([]);
  });

  test('a request of the server that the client has before it is withdrawn, and its answer goes nowhere', () => {
    const session = running();
    session.upstream({ id: 0, method: 'roots/list' });
    expect(said(crash(session))).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: 'g1:0' } },
    ]);
    session.pass(0);
    session.shakeHands();
    expect(sent(session.client({ id: 'g1:0', result: {} }))).toEqual([]);
    expect(said(session.upstream({ id: 0, method: 'roots/list' }))).toMatchObject([{ id: 'g2:0' }]);
    expect(sent(session.client({ id: 'g2:0', result: {} }))).toMatchObject([{ id: 0 }]);
  });
});

describe('in the middle of a request that streams', () => {
  const HEAD = Buffer.from('{"method":"tools/call","params":{"name":"write"');

  /** Its id comes last, as the TypeScript SDK writes it, and the server dies before that. */
  function streaming(): Stepped {
    const session = running();
    const frame = {
      kind: 'request',
      id: ID_TO_COME,
      method: 'tools/call',
      bytes: HEAD,
      streaming: true,
    } as const;
    expect(session.step({ type: 'client-frame', frame })).toMatchObject([
      { type: 'to-upstream', streaming: true },
    ]);
    expect(said(crash(session))).toEqual([]);
    return session;
  }

  test('it is answered when its id is known, and not made again', () => {
    const session = streaming();
    expect(said(session.step({ type: 'client-frame-end', id: '1', generation: 1 }))).toMatchObject([
      { id: 1, result: { isError: true } },
    ]);
    expect(session.state.pending.size).toBe(0);
  });

  test('one that turns out to be a notification is forgotten', () => {
    const session = streaming();
    expect(said(session.step({ type: 'client-frame-end', id: undefined, generation: 1 }))).toEqual([]);
    expect(session.state.pending.size).toBe(0);
  });
});

describe('of a replaced server that still owes answers', () => {
  test('safe ones go to the current one at once', () => {
    const session = running();
    session.client(call(1, 'read'));
    session.client(call(2, 'write'));
    session.pass(432 * MINUTE + 30_000);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    session.shakeHands();
    const lost = crash(session, 1);
    expect(sentIds(lost)).toEqual([1]);
    expect(said(lost)).toMatchObject([{ id: 2, result: { isError: true } }]);
    expect(session.state.upstream).toMatchObject({ kind: 'ready', generation: 2 });
  });
});

describe('during a renewal', () => {
  test('while it drains: it goes on at once, and no server is started with the old token', () => {
    const session = running();
    session.client(call(1, 'write'));
    session.pass(432 * MINUTE);
    expect(deeds(crash(session))).toEqual(['refresh']);
    expect(deeds(session.pass(MINUTE))).toEqual([]);
    session.client(call(2, 'echo'));
    const renewed = session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(deeds(renewed)).toEqual(['spawn']);
    expect(sentIds(session.shakeHands())).toEqual([2]);
  });

  test('while it reaches nobody: the server is started again with the token that is still valid', () => {
    const session = running();
    session.client(call(1, 'write'));
    session.pass(432 * MINUTE);
    crash(session);
    session.client(call(2, 'echo'));
    session.step({ type: 'refresh-unreachable', message: 'No network.' });
    expect(session.state.upstream).toMatchObject({ kind: 'starting', serial: 1 });
    expect(sentIds(session.shakeHands())).toEqual([2]);
  });

  test('of the new server in its handshake: another one is started, and what is held goes there', () => {
    const session = running();
    session.pass(430 * MINUTE);
    session.client(call(1, 'echo'));
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(said(crash(session))).toEqual([]);
    expect(deeds(session.pass(0))).toEqual(['spawn']);
    expect(session.state.upstream).toMatchObject({ generation: 3, serial: 2 });
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });
});

test('an answer that comes after its request was answered is dropped', () => {
  const session = running();
  session.client(call(1, 'write'));
  crash(session);
  const bytes = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{}}\n');
  const late = session.step({
    type: 'upstream-frame',
    generation: 1,
    frame: readFrame(bytes),
    suspicious: false,
  });
  expect(said(late)).toEqual([]);
});
