// A session for whose token no person can do anything (unattended.ts): no tool for a login, errors that say what is wrong,
// another try with each request, and by itself where nobody was reached (DESIGN 2.7).
// Not for: how a token is got (auth/), or what its source is asked (token-desk.test.ts).
import { describe, expect, test } from 'vitest';
import type { Event } from '../../../src/session/events.ts';
import type { SessionConfig, TokenView } from '../../../src/session/state.ts';
import { toolNames, toolText } from '../../support/messages.ts';
import type { Json } from '../../support/messages.ts';
import { from } from './running.ts';
import { lasting, MINUTE, REFUSED, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, said, startStepped, token } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const WHY = 'the command of --token-command ended with code 1. Run it in a shell to see why.';
const REFUSAL = `No token for github.com: ${WHY}`;
const LOGIN = [{ type: 'login', scopes: [] }];
/** A token as a command brings it. */
const FOREVER: TokenView = { ...token, expiresAt: undefined, rotation: 'overlapping' };

type How = Partial<Extract<Event, { type: 'started' }>>;

/** A session that has shaken hands. */
function start(how: How, changes: Partial<SessionConfig> = {}): Stepped {
  const { token: stored, ...rest } = { token: undefined, lockedBecause: WHY, ...how };
  const session = startStepped({ unattended: true, mode: 'command', ...changes }, stored, rest);
  session.client(initialize());
  session.shakeHands();
  session.client({ method: 'notifications/initialized' });
  return session;
}

/** One that has no token, and was refused it at the start; the second after that is over. */
function locked(changes: Partial<SessionConfig> = {}): Stepped {
  const session = start({}, changes);
  session.pass(1_000);
  return session;
}

/** One whose first token takes its time. */
const opening = (): Stepped =>
  start({ opening: true, lockedBecause: 'the first one takes longer than usual.' });

const failed = (unreachable = false): Event => ({ type: 'login-failed', message: WHY, unreachable });
const READ: Json = { id: 9, method: 'resources/read', params: { uri: 'memo://one' } };

describe('the tools of our own', () => {
  test.each([
    ['none, locked or not', false, []],
    ['auth_status with --auth-tools', true, ['auth_status']],
  ])('%s', (_, authTools, ours) => {
    for (const session of [start({}, { authTools }), start({ token: FOREVER }, { authTools })]) {
      session.client({ id: 5, method: 'tools/list' });
      const [answer] = said(session.upstream({ id: 5, result: { tools: [{ name: 'a' }] } }));
      expect(toolNames(answer ?? {})).toEqual([...ours, 'a']);
    }
  });

  test('their names are the upstream alone, however it means them', () => {
    const session = start({ token: FOREVER }, { authTools: true });
    expect(sentIds(session.client(call(1, 'auth_login')))).toEqual([1]);
    expect(sentIds(session.client(call(2, 'auth_logout')))).toEqual([2]);
    const without = locked();
    expect(without.client(call(3, 'auth_login'))).toEqual(LOGIN);
    without.step({ type: 'login-done', token: FOREVER });
    expect(sentIds(without.shakeHands())).toEqual([3]);
  });
});

describe('a call without a token', () => {
  test('is made once there is one, and never without', () => {
    const session = locked();
    expect(session.client(call(1, 'get_me'))).toEqual(LOGIN);
    expect(session.client(READ)).toEqual([]);
    expect(deeds(session.step({ type: 'login-done', token: FOREVER }))).toEqual(['stop', 'spawn']);
    expect(sentIds(session.shakeHands())).toEqual([1, 9]);
  });

  test('is told why there is none, and which setting that is about', () => {
    const session = locked();
    session.client(call(1, 'get_me'));
    session.client(READ);
    const [answer, error] = said(session.step(failed()));
    expect(answer).toMatchObject({ id: 1, result: { isError: true, content: [{ text: REFUSAL }] } });
    expect(error).toMatchObject({
      id: 9,
      error: { code: 4010, message: REFUSAL, data: { reason: 'no_token', retryable: true } },
    });
  });

  test('leads to one more try a second at most, whatever comes', () => {
    const session = start({});
    session.now += 1;
    expect([1, 2, 3].flatMap((id) => session.client(call(id, 'get_me')))).toEqual([]);
    expect(session.pass(998)).toEqual([]);
    expect(session.pass(1)).toEqual(LOGIN);
    expect(session.client(call(4, 'get_me'))).toEqual([]);
    expect(said(session.step(failed())).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    session.now += 1_000;
    expect(session.client(call(5, 'get_me'))).toEqual(LOGIN);
  });

  test('that is given up before the next try leads to none', () => {
    const session = start({});
    session.now += 1;
    session.client(call(1, 'get_me'));
    session.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(session.pass(10_000)).toEqual([]);
    expect(session.client(call(2, 'get_me'))).toEqual(LOGIN);
  });

  test('waits 45 s at most for a try that takes its time, which goes on for the next', () => {
    const session = locked();
    session.client(call(1, 'get_me'));
    session.client(READ);
    const late = said(session.pass(45_000));
    expect(toolText(late[0] ?? {})).toBe(
      'No token for github.com yet: --auth command has not brought one until now. Try again in a moment.',
    );
    expect(late[1]).toMatchObject({ id: 9, error: { code: 5040 } });
    expect(session.client(call(2, 'get_me'))).toEqual([]);
    session.step({ type: 'login-done', token: FOREVER });
    expect(sentIds(session.shakeHands())).toEqual([2]);
  });

  test('is told that there is a token where the server does not start with it in time', () => {
    const session = locked();
    session.client(call(1, 'get_me'));
    session.client(READ);
    session.step({ type: 'login-done', token: FOREVER });
    const [answer, error] = said(session.pass(45_000));
    expect(toolText(answer ?? {})).toMatch(
      /^There is a token for github\.com, .*\nThe server is not ready yet/,
    );
    expect(error).toMatchObject({ id: 9, error: { code: 5030 } });
  });

  test('is waited for at the end like any other', () => {
    const session = locked();
    session.client(call(1, 'get_me'));
    expect(deeds(session.step({ type: 'client-closed' }))).toEqual([]);
    expect(deeds(session.step(failed()))).toEqual(['shutdown']);
  });
});

describe('the first token', () => {
  test('is waited for as long as it takes, by everything that needs one', () => {
    const session = opening();
    expect(session.client(call(1, 'get_me'))).toEqual([]);
    expect(deeds(session.pass(40_000))).toEqual([]);
    session.step({ type: 'adopted', token: FOREVER });
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('that cannot be had is no reason to try again at once', () => {
    const session = opening();
    session.client(call(1, 'get_me'));
    const effects = session.step({ type: 'not-opened', reason: WHY });
    expect(deeds(effects)).toEqual([]);
    expect(said(effects).map(toolText)).toEqual([REFUSAL]);
  });

  test.each([
    ['at the start', (): Stepped => start({ unreachable: true })],
    [
      'when it has taken its time',
      (): Stepped => {
        const session = opening();
        session.step({ type: 'not-opened', reason: WHY, unreachable: true });
        return session;
      },
    ],
  ])('for which nobody was reached %s is tried for by itself, with growing pauses', (_, begin) => {
    const session = begin();
    for (const pause of [1_500, 3_000, 6_000]) {
      expect(deeds(session.pass(pause - 1))).toEqual([]);
      expect(session.pass(1)).toEqual(LOGIN);
      session.step(failed(true));
    }
    session.pass(12_000);
    session.step({ type: 'login-done', token: FOREVER });
    session.shakeHands();
    expect(session.state.setback).toBeUndefined();
    expect(deeds(session.pass(60 * MINUTE))).toEqual([]);
  });

  test('of which it is known that it is refused is tried for with a call only', () => {
    expect(deeds(start({}).pass(60 * MINUTE))).toEqual([]);
  });

  test('is not tried for any more when the client has gone', () => {
    const session = start({ unreachable: true });
    session.client({ id: 3, method: 'tools/list' });
    session.step({ type: 'client-closed' });
    expect(deeds(session.pass(799))).toEqual([]);
  });
});

describe('a call for which nobody was reached', () => {
  test('is told that another try may go well', () => {
    const session = start({ unreachable: true });
    expect(said(session.client(READ))).toMatchObject([
      { id: 9, error: { code: 5040, message: REFUSAL, data: { retryable: true } } },
    ]);
  });
});

describe('a token that is not accepted any more', () => {
  test('and that no other takes the place of: the call is told why, with nothing tried beside', () => {
    const session = start({ token: FOREVER });
    session.client(call(1, 'get_me'));
    expect(deeds(session.upstream({ id: 1, result: REFUSED }))).toEqual(['refresh']);
    const effects = session.step({ type: 'refresh-refused', message: WHY });
    expect(deeds(effects)).toEqual([]);
    expect(
      said(effects)
        .filter(({ id }) => id === 1)
        .map(toolText),
    ).toEqual([REFUSAL]);
    // Nothing goes to the server that has it.
    expect(sent(session.client(call(2, 'get_me')))).toEqual([]);
    session.now += 1_000;
    expect(session.client(call(3, 'get_me'))).toEqual(LOGIN);
  });

  test('nor the one that was got after it: what to check is said', () => {
    const session = start({ token: FOREVER });
    session.client(call(1, 'get_me'));
    session.upstream({ id: 1, result: REFUSED });
    session.step({ type: 'refreshed', token: { ...FOREVER, serial: 2 } });
    session.shakeHands();
    const [answer] = said(from(session, 2, { id: 1, result: REFUSED }));
    expect(toolText(answer ?? {})).toContain(
      'Check what this token may do there, and that the server talks to',
    );
  });

  test('because its time is over, where nobody can be asked for another one just now', () => {
    const session = start({ token: lasting(MINUTE) });
    session.pass(MINUTE);
    session.step({ type: 'refresh-unreachable', message: 'it does not answer.' });
    const [answer] = said(session.client(call(1, 'get_me')));
    expect(toolText(answer ?? {})).toBe(
      'The token for github.com has expired, and a new one could not be had: it does not answer. The call has not run. ' +
        'Try it again in a moment.',
    );
  });
});

describe('a renewal that is refused while the token is accepted', () => {
  const MEANWHILE: TokenView = { ...lasting(60 * MINUTE), rotation: 'overlapping' };

  test('ends nothing: the token serves to its end, and what was mended meanwhile helps by itself', () => {
    const session = start({ token: MEANWHILE });
    expect(deeds(session.pass(57 * MINUTE))).toEqual(['refresh']);
    expect(deeds(session.step({ type: 'refresh-refused', message: WHY }))).toEqual([]);
    expect(sentIds(session.client(call(1, 'get_me')))).toEqual([1]);
    session.upstream({ id: 1, result: { content: [] } });
    expect(deeds(session.pass(2_000))).toEqual(['refresh']);
    const fresh: TokenView = { ...lasting(60 * MINUTE, 2, 57 * MINUTE), rotation: 'overlapping' };
    expect(deeds(session.step({ type: 'refreshed', token: fresh }))).toEqual(['spawn']);
  });

  test('ends the session with the token where nobody mends it: no call is sent, and each is told why', () => {
    const session = start({ token: MEANWHILE });
    session.pass(57 * MINUTE);
    while (session.now < 60 * MINUTE) {
      session.step({ type: 'refresh-refused', message: WHY });
      session.pass(MINUTE);
    }
    session.step({ type: 'refresh-refused', message: WHY });
    const effects = session.client(call(1, 'get_me'));
    expect(sent(effects)).toEqual([]);
    expect(said(effects).map(toolText)).toEqual([REFUSAL]);
  });
});

/** What auth_status tells. */
function status(session: Stepped): string {
  session.client(call(90, 'auth_status'));
  return toolText(said(session.step({ type: 'store-described', store: 'memory' }))[0] ?? {});
}

describe('auth_status', () => {
  test('tells why there is no token, and what is done about it', () => {
    const changes = { authTools: true, modeReason: undefined };
    expect(status(start({}, changes))).toBe(
      [
        REFUSAL,
        'Each call makes another try.',
        'Mode: command.',
        'Kept in: memory.',
        'Server: generation 1 runs without a token.',
      ].join('\n'),
    );
    expect(status(start({ unreachable: true }, changes))).toContain('Another try is made by itself.');
  });

  test('tells of the token that there is', () => {
    const changes = { authTools: true, modeReason: '--token-command is given' };
    expect(status(start({ token: FOREVER }, changes))).toBe(
      [
        'There is a token for github.com as octocat (profile default).',
        'Token: does not expire.',
        'Scopes: none that are known.',
        'Mode: command, because --token-command is given.',
        'Kept in: memory.',
        'Server: generation 1 runs.',
      ].join('\n'),
    );
  });
});

test('the handshake that is made up without a server tells why there are no tools, and of no login', () => {
  const session = startStepped({ unattended: true, beforeLogin: 'auth-only' }, undefined, {
    lockedBecause: WHY,
  });
  const [answer] = said(session.client(initialize()));
  expect(answer?.result?.['instructions']).toBe(
    `${REFUSAL} The tools of this server are listed as soon as there is one; no tool has to be called for that.`,
  );
});
