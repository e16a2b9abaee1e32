// A large answer that is on its way to the client when the time of its server is over (DESIGN 2.1, 2.4): no second one
// is given to the same request before the first has ended. Not for: the bytes of such answers (large-frames.test.ts).
import { expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { crash, EIGHT_HOURS, running } from './running.ts';
import { lasting, MINUTE, sentIds } from './sent.ts';
import { call, deeds, said } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const BEGINNING = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"text":"');

/** Its server was replaced, and is in the middle of the answer to call 1. `id`: where that is known already. */
function answering(id: '1' | undefined): Stepped {
  const session = running();
  session.client(call(1, 'read'));
  session.pass(432 * MINUTE + 30_000);
  session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
  session.shakeHands();
  const begun = session.step({
    type: 'upstream-frame',
    generation: 1,
    frame: { kind: 'response', id, outcome: 'result', bytes: BEGINNING, streaming: true },
    suspicious: false,
  });
  expect(begun).toMatchObject([{ type: 'to-client', streaming: true }]);
  return session;
}

function end(session: Stepped): Effect[] {
  return session.step({ type: 'upstream-frame-end', generation: 1, id: '1' });
}

const IDS = ['1', undefined] as const;

test.each(IDS)('it ends in time (id %s): so does its server', (id) => {
  const session = answering(id);
  expect(deeds(end(session))).toEqual(['stop']);
  expect(session.state.pending.size).toBe(0);
});

test.each(IDS)('it ends after that (id %s): nothing else is said of the call', (id) => {
  const session = answering(id);
  const over = session.pass(MINUTE);
  expect(deeds(over)).toEqual(['stop']);
  expect(said(over)).toEqual([]);
  expect(said(end(session))).toEqual([]);
  expect(said(crash(session, 1))).toEqual([]);
  expect(session.state).toMatchObject({ pending: new Map(), retired: new Map(), answering: new Set() });
});

test('it is cut: the call is made again, since it only reads', () => {
  const session = answering('1');
  session.pass(MINUTE);
  expect(sentIds(crash(session, 1))).toEqual([1]);
  expect(session.state).toMatchObject({ retired: new Map(), answering: new Set() });
});

test('the client gave up on it: its server is not stopped in mid-frame all the same', () => {
  const session = answering('1');
  const cancelled = session.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
  expect(deeds(cancelled)).toEqual([]);
  expect(deeds(end(session))).toEqual(['stop']);
});
