// A stored login that takes its time to be opened, or cannot be: the session starts all the same (DESIGN 2.2, 2.8).
// Not for: how long the start waits for it (token-desk.test.ts).
import { describe, expect, test } from 'vitest';
import { toolText } from '../../support/messages.ts';
import { EIGHT_HOURS, from } from './running.ts';
import { lasting, REFUSED, sentIds } from './sent.ts';
import { call, deeds, initialize, prompt, said, startStepped } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const WHY = 'The keychain does not answer. Unlock it, or log in with --store file.';
const NOT_OPENED = { type: 'not-opened', reason: WHY } as const;

/** A session whose stored login is being opened, and whose call 1 waits for that. */
function opening(capabilities = {}): Stepped {
  const session = startStepped();
  session.step({ type: 'started', token: undefined, lockedBecause: 'It is being opened.', opening: true });
  session.client(initialize(capabilities));
  session.shakeHands();
  session.client({ method: 'notifications/initialized' });
  expect(session.client(call(1, 'get_me', { scopes: ['gist'] }))).toEqual([]);
  return session;
}

describe('a call that comes while the stored login is being opened', () => {
  test('waits for it, and runs with it', () => {
    const session = opening();
    expect(deeds(session.pass(2_000))).toEqual([]);
    session.step({ type: 'adopted', token: lasting(EIGHT_HOURS) });
    const ready = session.shakeHands();
    expect(said(ready)).toMatchObject([{ method: 'notifications/tools/list_changed' }]);
    expect(sentIds(ready)).toEqual([1]);
  });

  test('is made again with a renewed token where the stored one is refused, however new that is', () => {
    const session = opening();
    session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, 2, session.now) });
    session.shakeHands();
    const refused = from(session, session.state.nextGeneration - 1, { id: 1, result: REFUSED });
    expect(said(refused)).toEqual([]);
    expect(deeds(refused)).toContain('refresh');
    session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, 3, session.now) });
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test.each([
    ['cannot be opened', (session: Stepped) => session.step(NOT_OPENED)],
    ['is not open after three seconds', (session: Stepped) => session.pass(3_000)],
  ])('goes through a login where that %s, for the scopes that it wants', (_, happen) => {
    const session = opening();
    expect(happen(session)).toEqual([{ type: 'login', scopes: ['gist'] }]);
  });

  test('is not asked to log in by others that come with it', () => {
    const session = opening();
    expect(session.client(call(2, 'auth_login'))).toEqual([]);
    expect(deeds(session.step(NOT_OPENED))).toEqual(['login']);
  });
});

test('a login that is open after all ends the one that was begun instead', () => {
  const session = opening();
  session.pass(3_000);
  session.step({ type: 'login-prompt', prompt });
  // The client shows text only: the call is answered, and the next one waits.
  session.client(call(2, 'get_me'));
  expect(deeds(session.step({ type: 'adopted', token: lasting(EIGHT_HOURS) }))).toEqual([
    'abort-login',
    'stop',
    'spawn',
  ]);
  expect(sentIds(session.shakeHands())).toEqual([2]);
});

test('where nobody waits, nothing happens but that the reason is known', () => {
  const session = startStepped();
  session.step({ type: 'started', token: undefined, lockedBecause: 'It is being opened.', opening: true });
  expect(session.step(NOT_OPENED)).toEqual([]);
  expect(session.state.auth).toMatchObject({ kind: 'locked', reason: WHY });
});

describe('why the stored login is not used', () => {
  test('is told beside the way to another one', () => {
    const session = opening();
    session.step(NOT_OPENED);
    const [answer] = said(session.step({ type: 'login-prompt', prompt }));
    expect(toolText(answer ?? {})).toContain(`Login to github.com is needed. ${WHY} Ask the person to open`);
    const [refused] = said(session.client({ id: 2, method: 'resources/read', params: {} }));
    expect(refused?.error?.message).toBe(
      `Nobody is logged in to github.com. ${WHY} Call the tool auth_login first.`,
    );
  });

  test('is told in a dialog behind what to do there', () => {
    const session = opening({ elicitation: {} });
    session.step(NOT_OPENED);
    const [asked] = said(session.step({ type: 'login-prompt', prompt }));
    expect(asked?.params?.['message']).toBe(
      `Log in to github.com: open ${prompt.verificationUri} and enter the code ${prompt.userCode}. ${WHY}`,
    );
  });
});
