// Servers that are started again: how often, how soon, and what they have to be (DESIGN 2.5).
// Not for: what becomes of the requests of the one before (loss.test.ts).
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { toolText } from '../../support/messages.ts';
import { crash, EIGHT_HOURS, running } from './running.ts';
import { lasting, MINUTE, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, RESULT, said, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

/** It ends, is started again when its pause is over, and shakes hands. @returns what came after the crash */
function crashAndReturn(session: Stepped): Effect[] {
  crash(session);
  return [...session.pass(10_000), ...session.shakeHands()];
}

/** A new server takes over, a call waits for it, and it shakes hands in its own way. */
function renewed(result: typeof RESULT | Record<string, unknown>): { session: Stepped; effects: Effect[] } {
  const session = running();
  session.pass(430 * MINUTE);
  session.client(call(1, 'echo'));
  session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
  return { session, effects: session.shakeHands(result) };
}

describe('again and again', () => {
  test('the pauses grow to ten seconds, and those who call meanwhile hear the last words', () => {
    const session = running();
    expect(deeds(crash(session))).toEqual([]);
    expect(deeds(session.pass(0))).toEqual(['spawn']);
    crash(session);
    expect(deeds(session.pass(249))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['spawn']);
    crash(session);
    // From here on only a request starts it, and not before its pause is over.
    expect(deeds(session.pass(100))).toEqual([]);
    const [refused] = said(session.client(call(1, 'echo')));
    expect(toolText(refused ?? {})).toMatch(/boom.*again in 1 s/);
    expect(said(session.client({ id: 2, method: 'ping' }))).toMatchObject([{ id: 2, result: {} }]);
    for (let crashes = 3; crashes < 12; crashes += 1) {
      session.pass(10_000);
      expect(deeds(session.client(call(crashes, 'echo')))).toEqual(['spawn']);
      expect(said(crash(session))).toMatchObject([{ id: crashes, result: { isError: true } }]);
    }
    session.client(call(20, 'echo'));
    session.pass(9_999);
    expect(deeds(session.client(call(21, 'echo')))).toEqual([]);
    session.pass(1);
    session.client(call(22, 'echo'));
    expect(sentIds(session.shakeHands())).toEqual([22]);
  });

  test('a server that served well in between makes them forgotten', () => {
    const session = running();
    crashAndReturn(session);
    crashAndReturn(session);
    session.pass(11_000);
    for (const _ of [1, 2]) {
      crash(session);
      expect(deeds(session.pass(250))).toEqual(['spawn']);
    }
  });
});

describe('a new server that breaks the promise of the first', () => {
  test('another protocol version: a clear error after a few tries', () => {
    const other = { ...RESULT, protocolVersion: '2024-11-05' };
    const { session } = renewed(other);
    const effects: Effect[] = [];
    for (let start = 0; start < 2; start += 1)
      effects.push(...session.pass(250), ...session.shakeHands(other));
    const [answer] = said(effects);
    expect(toolText(answer ?? {})).toContain('now speaks MCP 2024-11-05');
    expect(deeds(effects)).toEqual(['spawn', 'stop', 'spawn', 'stop']);
  });

  test('capabilities that vanished: their methods are refused or empty and not replayed, the others work', () => {
    const session = startStepped({}, lasting(EIGHT_HOURS));
    session.client(initialize());
    session.shakeHands({ ...RESULT, capabilities: { tools: {}, logging: {}, resources: {} } });
    session.client({ method: 'notifications/initialized' });
    for (const request of [
      { id: 2, method: 'logging/setLevel', params: { level: 'info' } },
      { id: 3, method: 'resources/subscribe', params: { uri: 'memo://one' } },
    ]) {
      session.client(request);
      session.upstream({ id: request.id, result: {} });
    }
    session.pass(430 * MINUTE);
    session.client(call(1, 'echo'));
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    const ready = session.shakeHands({ ...RESULT, capabilities: { tools: {} } });
    expect(sent(ready).map(({ method }) => method)).toEqual(['notifications/initialized', 'tools/call']);
    expect(said(session.client({ id: 4, method: 'logging/setLevel', params: { level: 'info' } }))).toEqual([
      { jsonrpc: '2.0', id: 4, result: {} },
    ]);
    expect(
      said(session.client({ id: 5, method: 'resources/read', params: { uri: 'memo://one' } })),
    ).toMatchObject([{ id: 5, error: { code: 5030, message: 'The server does not offer resources/read.' } }]);
  });

  test('silence for a minute: it is given up', () => {
    const session = running();
    session.pass(430 * MINUTE);
    session.client(call(1, 'echo'));
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 2, session.now) });
    expect(deeds(session.pass(59_999))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['stop', 'spawn']);
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });
});

describe('a command that does not exist', () => {
  const MISSING = {
    type: 'upstream-ended',
    cannotStart: true,
    message: 'There is no such command.',
  } as const;

  test('is told to the initialize that comes, and the session ends', () => {
    const session = startStepped();
    session.step({ ...MISSING, generation: 1 });
    const told = session.client(initialize());
    expect(said(told)).toMatchObject([{ id: 'init', error: { code: 5030, message: MISSING.message } }]);
    // What came along with the initialize is answered too.
    expect(deeds(session.pass(100))).toEqual(['shutdown']);
  });

  test('ends the session by itself where no initialize comes', () => {
    const session = startStepped();
    session.step({ ...MISSING, generation: 1 });
    expect(deeds(session.pass(1_000))).toEqual(['shutdown']);
    expect(session.pass(60_000)).toEqual([]);
  });

  test('is like a crash once the client has been served: it may come back', () => {
    const session = running();
    session.step({ ...MISSING, generation: 1 });
    expect(deeds(session.pass(0))).toEqual(['spawn']);
  });
});
