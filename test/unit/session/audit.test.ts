// What a session notes for the audit trail, and that it is written in the end (DESIGN 2.10). Not for: how it is written.
import { EventEmitter, once } from 'node:events';
import { expect, test } from 'vitest';
import type { AuditEntry } from '../../../src/base/audit.ts';
import { startDriven } from './driven.ts';
import { EIGHT_HOURS, from } from './running.ts';
import { lasting, MINUTE, REFUSED } from './sent.ts';
import { call, startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';
import type { Effect } from '../../../src/session/events.ts';

/** An audit trail, and whether it was flushed after the last entry. */
function trail() {
  const entries: AuditEntry[] = [];
  const flushed: number[] = [];
  const audit = {
    note: (entry: AuditEntry) => void entries.push(entry),
    flush: () => Promise.resolve(void flushed.push(entries.length)),
  };
  return { audit, entries, flushed };
}

function notes(effects: readonly Effect[]): Effect[] {
  return effects.filter(({ type }) => type === 'audit');
}

function renew(session: Stepped, serial = 2): Effect[] {
  session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, serial, session.now) });
  return session.shakeHands();
}

test('each server that starts and ends, with its token; all is written before the proxy ends', async () => {
  const { audit, entries, flushed } = trail();
  const { input, done } = await startDriven({ audit });
  expect(entries).toMatchObject([{ event: 'generation-start', generation: 1 }]);
  expect(entries[0]?.token?.reveal()).toBe('ghu_the_token_number_1');
  input.end();
  await done;
  expect(entries.map(({ event }) => event)).toEqual(['generation-start', 'generation-end']);
  expect(entries[1]?.token?.reveal()).toBe('ghu_the_token_number_1');
  expect(flushed).toEqual([2]);
});

test('a server without a login is noted as that', async () => {
  const { audit, entries } = trail();
  await startDriven({ audit, source: { load: () => Promise.resolve(undefined) } });
  expect(entries).toMatchObject([{ event: 'generation-start', generation: 1, detail: 'placeholder' }]);
  expect(entries[0]?.token).toBeUndefined();
});

test('an audit trail that cannot be written keeps the proxy from ending for 200 ms at most', async () => {
  const asked = new EventEmitter();
  const flush = (): Promise<void> => {
    asked.emit('flush');
    return new Promise(() => {});
  };
  const { clock, input, done } = await startDriven({ audit: { note: () => {}, flush } });
  input.end();
  await once(asked, 'flush');
  clock.advance(200);
  expect(await done).toBe(0);
});

test('a rotation is noted once the server with the newer token serves, and no restart is one', () => {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.step({ type: 'upstream-ended', generation: 1, cannotStart: false, message: 'It ended.' });
  session.pass(0);
  expect(notes(session.shakeHands())).toEqual([]);
  expect(notes(renew(session))).toEqual([
    { type: 'audit', event: 'rotation', generation: 3, detail: undefined },
  ]);
});

test('the first token after a login has rotated nothing', () => {
  const session = startReady();
  expect(notes(renew(session, 1))).toEqual([]);
  session.step({ type: 'logged-out', message: 'Logged out.' });
  session.shakeHands();
  expect(notes(renew(session))).toEqual([]);
});

test('a refused token is noted with the tool that told of it, and nothing of what that was given', () => {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.client(call(1, 'get_me', { secret: 'plan' }));
  session.client({ id: 2, method: 'resources/read', params: { uri: 'memo://plan' } });
  session.pass(MINUTE);
  const refused = [
    ...from(session, 1, { id: 1, result: REFUSED }),
    ...from(session, 1, { id: 2, error: { code: 0, message: '401 Bad credentials' } }),
  ];
  expect(notes(refused)).toEqual([
    { type: 'audit', event: 'refused', generation: 1, detail: 'tools/call get_me' },
    { type: 'audit', event: 'refused', generation: 1, detail: 'resources/read' },
  ]);
});

test('a server without a login has no token that could be refused', () => {
  const session = startReady();
  session.client({ id: 1, method: 'prompts/get', params: { name: 'p' } });
  expect(notes(from(session, 1, { id: 1, error: { code: 0, message: '401 Bad credentials' } }))).toEqual([]);
});
