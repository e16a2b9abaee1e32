// A renewal that brings the very token that there is (same-token.ts): an explanation, and no loop. Not for: how that is
// noticed (token-desk.test.ts).
import { describe, expect, test } from 'vitest';
import type { TokenView } from '../../../src/session/state.ts';
import { toolText } from '../../support/messages.ts';
import { lasting, MINUTE, REFUSED, sentIds } from './sent.ts';
import { call, deeds, initialize, said, startReady, startStepped, token } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const FOREVER: TokenView = { ...token, expiresAt: undefined, renewable: false, rotation: 'overlapping' };
const same = (view: TokenView) => ({ type: 'same-token', token: view }) as const;

/** A call that was refused, and one that waits with it. */
function refused(): Stepped {
  const session = startReady({}, FOREVER);
  session.client(call(1, 'get_me'));
  expect(deeds(session.upstream({ id: 1, result: REFUSED }))).toEqual(['refresh']);
  session.client(call(2, 'echo'));
  return session;
}

describe('where the token was refused', () => {
  test('the call that was refused is explained; the others are made, with the server that is there', () => {
    const session = refused();
    const effects = session.step(same(FOREVER));
    expect(deeds(effects)).toEqual([]);
    expect(sentIds(effects)).toEqual([2]);
    const [answer, ...others] = said(effects);
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ id: 1, result: { isError: true } });
    expect(toolText(answer ?? {})).toContain(
      'The token for github.com is not accepted, and --auth device has brought the same one again. Check that the app is',
    );
  });

  test('another refusal is no reason to ask again, for a minute from then', () => {
    const session = refused();
    session.now += 2 * MINUTE;
    session.step(same(FOREVER));
    const again = session.upstream({ id: 2, result: REFUSED });
    expect(deeds(again)).toEqual([]);
    expect(toolText(said(again)[0] ?? {})).toContain('has asked for a new token a moment ago');
    session.now += MINUTE;
    session.client(call(3, 'get_me'));
    expect(deeds(session.upstream({ id: 3, result: REFUSED }))).toEqual(['refresh']);
  });
});

/** No person can log in. */
function startUnattended(): Stepped {
  const remedy = 'In a terminal, run: gh auth refresh';
  const session = startStepped({ unattended: true, mode: 'gh', remedy }, FOREVER);
  session.client(initialize());
  session.shakeHands();
  return session;
}

describe('where no person can log in', () => {
  test('one stray refusal locks nothing, and the answer ends with what brings another token', () => {
    const session = startUnattended();
    session.client(call(1, 'get_me'));
    expect(deeds(session.upstream({ id: 1, result: REFUSED }))).toEqual(['refresh']);
    const [answer] = said(session.step(same(FOREVER)));
    expect(toolText(answer ?? {})).toMatch(
      /^The token for github\.com is not accepted, and --auth gh has .* In a terminal, run: gh auth refresh \(gh-mcp-proxy /,
    );
    expect(session.state.auth).toEqual({ kind: 'usable', token: FOREVER });
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([2]);
  });

  test('each refusal asks again: what a person did meanwhile helps at once', () => {
    const session = startUnattended();
    for (const id of [1, 2, 3, 4, 5]) {
      session.client(call(id, 'get_me'));
      expect(deeds(session.upstream({ id, result: REFUSED }))).toEqual(['refresh']);
      const effects = session.step(same(FOREVER));
      expect(deeds(effects)).toEqual([]);
      expect(said(effects)).toHaveLength(1);
    }
  });
});

test('a token that was refused and whose time is over by then is not used again', () => {
  const short = { ...lasting(MINUTE), rotation: 'overlapping' } as const;
  const session = startReady({}, short);
  session.client(call(1, 'get_me'));
  session.upstream({ id: 1, result: REFUSED });
  session.now = 2 * MINUTE;
  const [answer] = said(session.step(same(short)));
  expect(session.state.auth.kind).toBe('stale');
  expect(toolText(answer ?? {})).toContain(
    'the same token was got once more, which does not last any longer.',
  );
});

describe('where the token was to be renewed', () => {
  const HOUR = lasting(60 * MINUTE);

  function due(): Stepped {
    const session = startReady({}, { ...HOUR, rotation: 'overlapping' });
    expect(deeds(session.pass(52 * MINUTE))).toEqual(['refresh']);
    return session;
  }

  test('and lasts longer by now: it serves on, with the same server', () => {
    const session = due();
    const longer = { ...lasting(120 * MINUTE), rotation: 'overlapping' } as const;
    expect(session.step(same(longer))).toEqual([]);
    expect(session.state.auth).toEqual({ kind: 'usable', token: longer });
    session.pass(20 * MINUTE);
    expect(sentIds(session.client(call(1, 'echo')))).toEqual([1]);
  });

  test('and does not: it is asked for again with growing pauses, until its time is over', () => {
    const session = due();
    expect(deeds(session.step(same({ ...HOUR, rotation: 'overlapping' })))).toEqual([]);
    expect(sentIds(session.client(call(1, 'echo')))).toEqual([1]);
    session.upstream({ id: 1, result: {} });
    expect(deeds(session.pass(1_500))).toEqual(['refresh']);
    session.now = 61 * MINUTE;
    session.step(same({ ...HOUR, rotation: 'overlapping' }));
    const [answer] = said(session.client(call(2, 'echo')));
    expect(toolText(answer ?? {})).toContain(
      'The token of this login has expired, and a new one could not be had: the same token was got once more',
    );
  });

  test('and ends sooner than was known: no call goes with it after that', () => {
    const session = due();
    session.step(same({ ...lasting(54 * MINUTE), rotation: 'overlapping' }));
    expect(sentIds(session.client(call(1, 'echo')))).toEqual([1]);
    session.upstream({ id: 1, result: {} });
    session.now = 55 * MINUTE;
    expect(sentIds(session.client(call(2, 'echo')))).toEqual([]);
  });

  test('and has expired meanwhile, but lasts longer: calls that waited go on', () => {
    const session = due();
    session.pass(8 * MINUTE);
    expect(session.client(call(1, 'echo'))).toEqual([]);
    const effects = session.step(same({ ...lasting(120 * MINUTE), rotation: 'overlapping' }));
    expect(sentIds(effects)).toEqual([1]);
    expect(deeds(effects)).toEqual([]);
  });
});

test('what comes after another login decides nothing', () => {
  const session = startReady({}, FOREVER);
  session.client(call(1, 'get_me'));
  session.upstream({ id: 1, result: REFUSED });
  session.step({ type: 'adopted', token: { ...FOREVER, serial: 2 } });
  expect(session.step(same(FOREVER))).toEqual([]);
  expect(session.state.auth).toMatchObject({ kind: 'usable', token: { serial: 2 } });
});
