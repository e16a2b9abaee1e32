// A refusal that no renewal is to answer: the vault is looked into before it goes to the client, since the renewal of
// another process kills a token of a moment ago as well (second-look.ts). Not for: refusals that lead to a renewal
// (refused-token.test.ts).
import { describe, expect, test } from 'vitest';
import { toolText } from '../../support/messages.ts';
import { EIGHT_HOURS, from } from './running.ts';
import { lasting, MINUTE, REFUSED, sent, sentIds } from './sent.ts';
import { call, deeds, prompt, said, startReady } from './stepped.ts';
import type { Stepped } from './stepped.ts';

type Effects = ReturnType<Stepped['step']>;

/** A session that shares its login with others, and these calls of which run. */
function calling(...ids: number[]): Stepped {
  const session = startReady({}, lasting(EIGHT_HOURS));
  session.unshared = false;
  for (const id of ids) session.client(call(id, 'get_me'));
  return session;
}

function refuse(session: Stepped, id: number): Effects {
  return session.upstream({ id, result: REFUSED });
}

function renew(session: Stepped, serial: number, found = false): Effects {
  session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, serial, session.now), found });
  return session.shakeHands();
}

function adopt(session: Stepped, serial: number): Effects {
  session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, serial, session.now) });
  return session.shakeHands();
}

function findNothing(session: Stepped, serial: number): Effects {
  return session.step({ type: 'nothing-newer', serial });
}

/** A session whose token was renewed for these calls, which run with the new one. */
function renewed(...ids: number[]): Stepped {
  const session = calling(...ids);
  for (const id of ids) refuse(session, id);
  expect(sentIds(renew(session, 2))).toEqual(ids);
  return session;
}

/** The texts of the answers, by id. */
function told(effects: Effects): [unknown, string][] {
  return said(effects).map((message) => [message.id, toolText(message)]);
}

describe('a call whose second token is refused as well', () => {
  test('is made again with the one that another process has stored meanwhile', () => {
    const session = renewed(1);
    const failed = refuse(session, 1);
    expect(said(failed)).toEqual([]);
    expect(deeds(failed)).toEqual(['look']);
    expect(sentIds(adopt(session, 3))).toEqual([1]);
    expect(said(session.upstream({ id: 1, result: { content: [] } }))).toMatchObject([{ id: 1 }]);
    expect(session.state.refusals.map(({ serial }) => serial)).toEqual([1]);
  });

  test('is made again with each that other processes store, one after the other', () => {
    const session = renewed(1);
    for (let serial = 3; serial < 8; serial += 1) {
      expect(deeds(refuse(session, 1))).toEqual(['look']);
      expect(sentIds(adopt(session, serial))).toEqual([1]);
    }
  });

  test('is told so once it is known that there is no other, and the next ones too', () => {
    const session = renewed(1, 2);
    refuse(session, 1);
    const answered = findNothing(session, 2);
    expect(deeds(answered)).toEqual([]);
    expect(told(answered)).toEqual([
      [1, expect.stringContaining('got a new token and made this call again')],
    ]);
    session.client(call(3, 'get_me'));
    expect(deeds(refuse(session, 3))).toEqual(['look']);
    expect(told(findNothing(session, 2))).toEqual([[3, expect.stringContaining('not do so again at once')]]);
  });

  test('counts as one refusal with all others of that token: a third one is renewed', () => {
    const session = renewed(1, 2, 3);
    for (const id of [1, 2, 3]) {
      refuse(session, id);
      findNothing(session, 2);
    }
    adopt(session, 3);
    session.client(call(4, 'get_me'));
    expect(deeds(refuse(session, 4))).toEqual(['refresh']);
  });

  test('by a server that was replaced since goes to the one that took over', () => {
    const session = renewed(1);
    session.step({ type: 'adopted', token: lasting(EIGHT_HOURS, 3, session.now) });
    const failed = from(session, 2, { id: 1, result: REFUSED });
    expect(said(failed)).toEqual([]);
    expect(sentIds(session.shakeHands())).toEqual([1]);
  });

  test('waits for a renewal that is under way for another one', () => {
    const session = calling(1);
    refuse(session, 1);
    renew(session, 2, true);
    session.client(call(2, 'get_me'));
    expect(deeds(refuse(session, 2))).toEqual(['refresh']);
    const failed = refuse(session, 1);
    expect([...deeds(failed), ...said(failed)]).toEqual([]);
    expect(sentIds(renew(session, 3, true))).toEqual([2, 1]);
  });
});

describe('a call that comes when too many renewals were needed', () => {
  test('is made again with the token of another process', () => {
    const session = calling();
    for (const id of [1, 2, 3]) {
      session.client(call(id, 'get_me'));
      expect(deeds(refuse(session, id))).toEqual(['refresh']);
      renew(session, id + 1);
      session.upstream({ id, result: {} });
    }
    session.client(call(4, 'get_me'));
    expect(deeds(refuse(session, 4))).toEqual(['look']);
    expect(sentIds(adopt(session, 5))).toEqual([4]);
  });
});

test('a call whose token came by the login that it waited for is made again with a newer one', () => {
  const session = startReady();
  session.unshared = false;
  session.client(call(1, 'get_me'));
  session.step({ type: 'login-prompt', prompt });
  session.client(call(2, 'get_me'));
  session.step({ type: 'login-done', token: lasting(EIGHT_HOURS) });
  session.shakeHands();
  expect(deeds(refuse(session, 2))).toEqual(['look']);
  expect(sentIds(adopt(session, 2))).toEqual([2]);
});

describe('while it is looked up', () => {
  test('new calls wait; they go to the server that is there where nothing is found', () => {
    const session = renewed(1);
    refuse(session, 1);
    expect(sent(session.client(call(2, 'echo')))).toEqual([]);
    const answered = findNothing(session, 2);
    expect(said(answered)).toMatchObject([{ id: 1 }]);
    expect(sentIds(answered)).toEqual([2]);
  });

  test('another call that is refused is looked up anew: the first look may have missed what killed its token', () => {
    const session = renewed(1, 2);
    refuse(session, 1);
    expect(deeds(refuse(session, 2))).toEqual([]);
    const first = findNothing(session, 2);
    expect(told(first)).toEqual([[1, expect.stringContaining('401 Bad credentials')]]);
    expect(deeds(first)).toEqual(['look']);
    expect(sentIds(adopt(session, 3))).toEqual([2]);
  });

  test('a call that is given up is not answered', () => {
    const session = renewed(1, 2);
    refuse(session, 1);
    refuse(session, 2);
    for (const requestId of [1, 2])
      session.client({ method: 'notifications/cancelled', params: { requestId } });
    const answered = findNothing(session, 2);
    expect([...said(answered), ...deeds(answered)]).toEqual([]);
    expect(session.state.renewal).toEqual({ kind: 'idle' });
  });

  test('an overlapping token that is found leaves nothing to the server with the one that was refused', () => {
    const overlapping = { ...lasting(EIGHT_HOURS), rotation: 'overlapping' } as const;
    const session = startReady({}, overlapping);
    session.unshared = false;
    session.client(call(1, 'get_me'));
    refuse(session, 1);
    session.step({ type: 'refreshed', token: { ...overlapping, serial: 2 } });
    session.shakeHands();
    expect(deeds(refuse(session, 1))).toEqual(['look']);
    session.client(call(2, 'echo'));
    expect(deeds(session.step({ type: 'adopted', token: { ...overlapping, serial: 3 } }))).toEqual([
      'stop',
      'spawn',
    ]);
    expect(sent(session.client(call(3, 'echo')))).toEqual([]);
    expect(sentIds(session.shakeHands())).toEqual([1, 2, 3]);
  });

  test('the end of the token is the way to another one, for all of them', () => {
    const session = renewed(1);
    refuse(session, 1);
    session.pass(EIGHT_HOURS);
    expect(deeds(findNothing(session, 2))).toEqual(['refresh']);
    expect(sentIds(renew(session, 3))).toEqual([1]);
  });

  test('a logout in another process answers them', () => {
    const session = renewed(1);
    refuse(session, 1);
    const locked = session.step({ type: 'logged-out', message: 'A person has logged out elsewhere.' });
    expect(said(locked).map(({ id }) => id)).toContain(1);
    expect(deeds(findNothing(session, 2))).toEqual([]);
  });
});

test('a renewal that is due is not put off for it: what is made ready for that is used at once', () => {
  const session = renewed(1);
  session.unprepared = false;
  // Its renewal is due, and this call has run for longer than any token serves for sure.
  expect(deeds(session.pass(432 * MINUTE))).toEqual(['prepare']);
  const failed = refuse(session, 1);
  expect([...said(failed), ...deeds(failed)]).toEqual(['refresh']);
  expect(deeds(session.step({ type: 'refresh-prepared', serial: 2 }))).toEqual([]);
  expect(sentIds(renew(session, 3))).toEqual([1]);
});

test('what brought the same token a moment ago is not asked again because that is due as well', () => {
  const session = startReady({}, lasting(MINUTE));
  session.unshared = false;
  session.unprepared = false;
  session.client(call(1, 'get_me'));
  refuse(session, 1);
  session.step({ type: 'same-token', token: lasting(MINUTE) });
  session.client(call(2, 'get_me'));
  expect(deeds(session.pass(40_000))).toEqual(['prepare']);
  expect(deeds(refuse(session, 2))).toEqual(['look']);
});

test('what is found out about a token that was replaced meanwhile decides nothing', () => {
  const session = renewed(1);
  refuse(session, 1);
  adopt(session, 3);
  refuse(session, 1);
  const late = findNothing(session, 2);
  expect([...said(late), ...deeds(late)]).toEqual([]);
});

test('a drain is not given up for it: its renewal answers the refusal, and calls that waited for that wait on', () => {
  const session = renewed(1);
  session.pass(432 * MINUTE);
  expect(session.state.renewal.kind).toBe('draining');
  session.client(call(2, 'echo'));
  const failed = refuse(session, 1);
  expect(said(failed)).toEqual([]);
  expect(deeds(failed)).toEqual(['refresh']);
  expect(sentIds(failed)).toEqual([]);
  expect(sentIds(renew(session, 3))).toEqual([2, 1]);
});

test('a call that is refused meanwhile gets a renewal afterwards, where the look was for a reason of another call alone', () => {
  const session = renewed(1);
  session.pass(MINUTE);
  session.client(call(2, 'get_me'));
  // The token has served for a minute: it was revoked now, and none was asked for instead.
  expect(deeds(refuse(session, 1))).toEqual(['look']);
  expect(deeds(refuse(session, 2))).toEqual([]);
  const first = findNothing(session, 2);
  expect(said(first).map(({ id }) => id)).toEqual([1]);
  expect(deeds(first)).toEqual(['refresh']);
  expect(sentIds(renew(session, 3))).toEqual([2]);
  // Once, like any other.
  expect(deeds(refuse(session, 2))).toEqual(['look']);
});

test('a client that leaves while another process keeps the look waiting is told what is known', () => {
  const session = renewed(1, 2);
  refuse(session, 1);
  refuse(session, 2);
  expect(said(session.step({ type: 'client-closed' }))).toEqual([]);
  const end = session.pass(1000);
  expect(told(end)).toEqual([1, 2].map((id) => [id, expect.stringContaining('401 Bad credentials')]));
  expect(deeds(end)).toContain('shutdown');
});
