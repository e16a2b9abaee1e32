// The time of day jumps: a machine has slept, or somebody has set its clock. Tokens end by it; what is to last so long
// lasts so long. Not for: timers (driver.test.ts).
import { describe, expect, test } from 'vitest';
import { crash, EIGHT_HOURS, running } from './running.ts';
import { lasting, MINUTE, sentIds } from './sent.ts';
import { call, deeds, prompt, said, startReady } from './stepped.ts';

const HOUR = 60 * MINUTE;

describe.each([
  ['back by an hour', -HOUR],
  ['on by an hour', HOUR],
])('the clock is set %s', (_, jump) => {
  test('while the server is given time to finish: it has just that', () => {
    const session = running();
    session.client(call(1, 'write'));
    session.pass(432 * MINUTE);
    session.jumped = Math.min(jump, 40 * MINUTE);
    expect(deeds(session.pass(29_999))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['refresh']);
  });

  test('while a call waits for a person: it is answered after 45 s', () => {
    const session = startReady({ elicitation: { url: {} } });
    session.client(call(1, 'auth_login'));
    session.step({ type: 'login-prompt', prompt });
    session.jumped = jump;
    expect(said(session.pass(44_999)).filter(({ id }) => id === 1)).toEqual([]);
    expect(said(session.pass(1))).toMatchObject([{ id: 1 }]);
  });

  test('while a server that keeps crashing is not started: the pause is as long as it was', () => {
    const session = running();
    crash(session);
    session.pass(0);
    session.shakeHands();
    crash(session);
    session.jumped = jump;
    expect(deeds(session.pass(249))).toEqual([]);
    expect(deeds(session.pass(1))).toEqual(['spawn']);
  });
});

test('a token that ended while the machine slept is renewed before the first call', () => {
  const session = running();
  session.jumped = EIGHT_HOURS;
  const asked = session.client(call(1, 'write'));
  expect(deeds(asked)).toEqual(['refresh']);
  expect(sentIds(asked)).toEqual([]);
});

test('a token that is renewed while the clock is an hour ahead serves on when that is set right', () => {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.jumped = -HOUR;
  expect(sentIds(session.client(call(1, 'echo')))).toEqual([1]);
});
