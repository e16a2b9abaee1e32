// What servers want of the client: requests, their progress, input for a call; and that no server is replaced by choice
// while it waits for that (DESIGN 2.4, 2.5). Not for: the proxy's own elicitation (login.test.ts).
import { describe, expect, test } from 'vitest';
import { EIGHT_HOURS, from } from './running.ts';
import { lasting, MINUTE, sent, sentIds } from './sent.ts';
import { call, deeds, said, startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const ROOTS = { id: 0, method: 'roots/list' };
const INPUT = { resultType: 'input_required', inputRequests: {}, requestState: 'opaque "state"' };

/** A session whose token is to be renewed in 10 s. */
function soon(): Stepped {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.client(call(1, 'slow'));
  session.pass(432 * MINUTE - 10_000);
  return session;
}

const progress = (progressToken: unknown) => ({
  method: 'notifications/progress',
  params: { progressToken, progress: 1 },
});

describe('a renewal that is due', () => {
  test('is put off while the server waits for an answer of the client, and nothing is held', () => {
    const session = soon();
    session.upstream(ROOTS);
    session.upstream({ id: 1, result: {} });
    expect(deeds(session.pass(39_000))).toEqual([]);
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([2]);
    session.upstream({ id: 2, result: {} });
    expect(deeds(session.client({ id: 'g1:0', result: { roots: [] } }))).toEqual(['refresh']);
  });

  test('is put off for the time of a drain at most, for some clients never answer; then it is withdrawn', () => {
    const session = soon();
    session.upstream(ROOTS);
    session.upstream({ id: 1, result: {} });
    expect(deeds(session.pass(39_999))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['refresh']);
    const renewed = session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(said(renewed)).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: 'g1:0' } },
    ]);
  });

  test('is put off while a call waits for input that only this process can use', () => {
    const session = soon();
    session.upstream({ id: 1, result: INPUT });
    expect(deeds(session.pass(20_000))).toEqual([]);
    const params = { name: 'slow', inputResponses: {}, requestState: INPUT.requestState };
    session.client({ id: 2, method: 'tools/call', params });
    // It runs there now, so it is drained like any other.
    expect(session.state.renewal.kind).toBe('draining');
    expect(deeds(session.upstream({ id: 2, result: { content: [] } }))).toEqual(['refresh']);
  });

  test.each([
    ['of another state', { name: 'slow', inputResponses: {}, requestState: 'other' }],
    ['without input', { name: 'slow', requestState: INPUT.requestState }],
  ])('a call %s is not the one that was waited for', (_, params) => {
    const session = soon();
    session.upstream({ id: 1, result: INPUT });
    session.client({ id: 2, method: 'tools/call', params });
    expect(session.state.inputs).toHaveLength(1);
  });

  test('a call without any state is known by its method', () => {
    const session = soon();
    session.upstream({ id: 1, result: { resultType: 'input_required', inputRequests: {} } });
    session.client({ id: 2, method: 'tools/call', params: { name: 'slow', inputResponses: {} } });
    expect(session.state.inputs).toEqual([]);
  });

  test('is not put off for a server that has crashed', () => {
    const session = soon();
    session.upstream(ROOTS);
    session.upstream({ id: 1, result: INPUT });
    session.step({ type: 'upstream-ended', generation: 1, cannotStart: false, message: '' });
    expect(session.state.inputs).toEqual([]);
    expect(session.state.asked.size).toBe(0);
  });
});

describe('progress of the client', () => {
  const question = { method: 'sampling/createMessage', params: { _meta: { progressToken: 0 } } };

  test('goes to the server that asked, under its own token', () => {
    const session = soon();
    session.pass(10_000);
    session.pass(30_000);
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    session.shakeHands();
    const asked = [1, 2].flatMap((generation) => said(from(session, generation, { id: 7, ...question })));
    expect(asked).toMatchObject([
      { id: 'g1:7', params: { _meta: { progressToken: 'g1:0' } } },
      { id: 'g2:7', params: { _meta: { progressToken: 'g2:0' } } },
    ]);
    for (const generation of [1, 2]) {
      const told = session.client({
        method: 'notifications/progress',
        params: { progressToken: `g${generation}:0`, progress: 1 },
      });
      expect(sent(told, generation)).toMatchObject([{ params: { progressToken: 0, progress: 1 } }]);
    }
  });

  test.each([['g1:0'], ['g9:0'], ['0'], [0]])(
    'with %j, that nobody asked for, goes nowhere',
    (progressToken) => {
      const told = soon().client({
        method: 'notifications/progress',
        params: { progressToken, progress: 1 },
      });
      expect(sent(told)).toEqual([]);
    },
  );
});

describe('progress of a server', () => {
  test('is passed on while its request is open, and not after that', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.client(call(1, 'slow', {}, { progressToken: 'a' }));
    session.client(call(2, 'slow', {}, { progressToken: 2 }));
    expect(said(session.upstream(progress('a')))).toMatchObject([progress('a')]);
    expect(said(session.upstream(progress(2)))).toMatchObject([progress(2)]);
    expect(said(session.upstream(progress('2')))).toEqual([]);
    session.upstream({ id: 1, result: {} });
    session.client({ method: 'notifications/cancelled', params: { requestId: 2 } });
    expect(said(session.upstream(progress('a')))).toEqual([]);
    expect(said(session.upstream(progress(2)))).toEqual([]);
    expect(session.state.progress.size).toBe(0);
  });

  test.each([
    ['resources/read', { uri: 'memo://one' }],
    ['prompts/get', { name: 'one' }],
    ['completion/complete', {}],
    ['example/of-its-own', {}],
  ])('of %s is passed on like that of a call', (method, params) => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.client({ id: 1, method, params: { ...params, _meta: { progressToken: 'a' } } });
    expect(said(session.upstream(progress('a')))).toMatchObject([progress('a')]);
    session.upstream({ id: 1, result: {} });
    expect(said(session.upstream(progress('a')))).toEqual([]);
  });

  test('of a request that streamed is passed on, since its token is not known', () => {
    const session = startReady({}, lasting(EIGHT_HOURS));
    session.step({
      type: 'client-frame',
      frame: {
        kind: 'request',
        id: '1',
        method: 'tools/call',
        bytes: Buffer.from('{"id":1'),
        streaming: true,
      },
    });
    expect(said(session.upstream(progress('unknown')))).toHaveLength(1);
  });
});
