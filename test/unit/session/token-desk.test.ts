// What the token desk asks of its source, and tells the session of the answers (token-desk.ts).
// Not for: news of other processes (token-news.test.ts).
import { describe, expect, test } from 'vitest';
import { RefusedError, StorageError } from '../../../src/base/errors.ts';
import { credential, startDesk } from './desk.ts';

const FIRST = credential('ghu_first_of_them');
const SECOND = credential('ghu_second_of_them');

describe('a renewal', () => {
  test('that brings a token: it is numbered and reported', async () => {
    const { desk, events, refreshes } = startDesk();
    const { serial } = desk.adopt(FIRST);
    const renewal = desk.refresh(serial);
    refreshes[0]?.resolve(SECOND);
    await renewal;
    expect(events).toMatchObject([{ type: 'refreshed', token: { serial: serial + 1 }, found: false }]);
  });

  test('that brings the same token keeps its number; what else is known of it is told', async () => {
    const { desk, events, refreshes, releases } = startDesk();
    const { serial } = desk.adopt(FIRST);
    const renewal = desk.refresh(serial);
    refreshes[0]?.resolve(credential('ghu_first_of_them', { expiresAt: 7 }));
    await renewal;
    expect(events).toMatchObject([{ type: 'same-token', token: { serial, expiresAt: 7 } }]);
    expect(desk.credential(serial)?.expiresAt).toBe(7);
    expect(releases).toEqual([]);
  });

  test('that another process was asked for is reported as that', async () => {
    const { desk, events, refreshes, found } = startDesk();
    const renewal = desk.refresh(desk.adopt(FIRST).serial);
    found.add(SECOND);
    refreshes[0]?.resolve(SECOND);
    await renewal;
    expect(events).toMatchObject([{ type: 'refreshed', found: true }]);
  });

  test.each(['renewed', 'refused'])(
    'of an old token that is %s after a login decides nothing',
    async (how) => {
      const { desk, events, refreshes, redactor } = startDesk();
      const old = desk.adopt(FIRST);
      const renewal = desk.refresh(old.serial);
      const { serial } = desk.adopt(credential('ghu_of_the_login'));
      if (how === 'renewed') refreshes[0]?.resolve(SECOND);
      else refreshes[0]?.reject(new RefusedError('bad_refresh_token', 'the refresh token was not accepted'));
      await renewal;
      expect(events).toEqual([]);
      expect(desk.credential(serial)?.accessToken.reveal()).toBe('ghu_of_the_login');
      // What was renewed is a token that works, so it is cut out of what passes all the same.
      const passes = how === 'renewed' ? '[redacted]' : 'ghu_second_of_them';
      expect(redactor.text('ghu_second_of_them')).toBe(passes);
    },
  );
});

function prepare() {
  const started = startDesk();
  const { serial } = started.desk.adopt(FIRST);
  const done = started.desk.prepare(serial);
  const signal = started.preparations[0]?.signal;
  return { ...started, serial, done, signal };
}

describe('what is made ready for a renewal', () => {
  test('is reported, and left to the renewal that follows', async () => {
    const { desk, events, preparations, serial, done, signal } = prepare();
    preparations[0]?.resolve(undefined);
    await done;
    expect(events).toEqual([{ type: 'refresh-prepared', serial }]);
    void desk.refresh(serial);
    expect(signal?.aborted).toBe(false);
  });

  test('is given back where the renewal cannot wait for it, and not reported', async () => {
    const { desk, events, preparations, serial, done, signal } = prepare();
    void desk.refresh(serial);
    expect(signal?.aborted).toBe(true);
    preparations[0]?.resolve(undefined);
    await done;
    expect(events).toEqual([]);
  });

  test.each([
    ['a login', (desk: ReturnType<typeof startDesk>['desk']) => void desk.adopt(SECOND)],
    ['a logout', (desk: ReturnType<typeof startDesk>['desk']) => void desk.logout(true)],
    ['the end', (desk: ReturnType<typeof startDesk>['desk']) => void desk.close()],
  ])('is given back at %s', async (_, happen) => {
    const { desk, preparations, done, signal } = prepare();
    preparations[0]?.resolve(undefined);
    await done;
    happen(desk);
    expect(signal?.aborted).toBe(true);
  });

  test('may turn out to be a newer token: there is nothing to renew', async () => {
    const { events, preparations, serial, done, signal } = prepare();
    preparations[0]?.resolve(SECOND);
    await done;
    expect(events).toMatchObject([{ type: 'adopted', token: { serial: serial + 1 } }]);
    expect(signal?.aborted).toBe(true);
  });

  test('is not needed: one that fails is as good as ready', async () => {
    const { events, preparations, serial, done } = prepare();
    preparations[0]?.reject(new Error('no lock to be had'));
    await done;
    expect(events).toEqual([{ type: 'refresh-prepared', serial }]);
  });
});

function look() {
  const started = startDesk();
  const { serial } = started.desk.adopt(FIRST);
  return { ...started, serial, done: started.desk.look(serial) };
}

describe('a look for a newer token', () => {
  test('that finds one of another process reports it as adopted', async () => {
    const { events, looks, serial, done } = look();
    looks[0]?.resolve(SECOND);
    await done;
    expect(events).toMatchObject([{ type: 'adopted', token: { serial: serial + 1 } }]);
  });

  test.each(['finds nothing', 'fails'])('that %s reports that there is none', async (how) => {
    const { events, looks, serial, done } = look();
    if (how === 'fails') looks[0]?.reject(new Error('another process keeps the lock'));
    else looks[0]?.resolve(undefined);
    await done;
    expect(events).toEqual([{ type: 'nothing-newer', serial }]);
  });

  test('reports nothing of what was heard of meanwhile', async () => {
    const { desk, events, looks, done } = look();
    desk.adopt(SECOND);
    looks[0]?.resolve(SECOND);
    await done;
    expect(events).toEqual([]);
  });

  test('is one at a time: only the last one counts', async () => {
    const { desk, events, looks, serial, done } = look();
    const again = desk.look(serial);
    looks[0]?.resolve(undefined);
    await done;
    expect(events).toEqual([]);
    looks[1]?.resolve(undefined);
    await again;
    expect(events).toEqual([{ type: 'nothing-newer', serial }]);
  });

  test('gives back what was made ready for a renewal, and ends with the session', async () => {
    const { desk, preparations, looks } = startDesk();
    const { serial } = desk.adopt(FIRST);
    void desk.prepare(serial);
    const done = desk.look(serial);
    expect(preparations[0]?.signal?.aborted).toBe(true);
    const closing = desk.close();
    expect(looks[0]?.signal?.aborted).toBe(true);
    looks[0]?.reject(new Error('the proxy ends'));
    await Promise.all([closing, done]);
  });
});

/** A start whose stored login has not been opened after 300 ms. */
async function startLate() {
  const started = startDesk();
  const opened = started.desk.open();
  await started.clock.pass(300);
  await opened;
  expect(started.events).toMatchObject([{ type: 'started', token: undefined, opening: true }]);
  return started;
}

describe('the start', () => {
  test('is with the stored login where that is opened in time', async () => {
    const { desk, events, loads, clock } = startDesk();
    const opened = desk.open();
    loads[0]?.resolve(FIRST);
    await opened;
    expect(events).toMatchObject([{ type: 'started', token: { serial: 1, login: 'octocat' } }]);
    expect(clock.pending()).toEqual([]);
  });

  test('tells why it is without one that cannot be opened', async () => {
    const { desk, events, loads, log } = startDesk();
    const opened = desk.open();
    loads[0]?.reject(new StorageError('the passphrase is wrong', { next: 'Give the right one.' }));
    await opened;
    expect(events).toEqual([
      {
        type: 'started',
        token: undefined,
        lockedBecause: 'The passphrase is wrong. Give the right one.',
        unreachable: false,
      },
    ]);
    expect(log.lines).toEqual(['error: the passphrase is wrong. Give the right one.']);
  });

  test('does not wait longer than 300 ms for it: it is told of once it is open', async () => {
    const { dispatched, loads } = await startLate();
    loads[0]?.resolve(FIRST);
    expect((await dispatched(2))[1]).toMatchObject({ type: 'adopted', token: { serial: 1 } });
  });

  test.each([
    ['is none', undefined, 'Nobody has logged in yet.'],
    ['fails', new StorageError('the keychain does not answer'), 'The keychain does not answer.'],
  ])('tells later, too, that there %s', async (_, error, reason) => {
    const { dispatched, loads } = await startLate();
    if (error) loads[0]?.reject(error);
    else loads[0]?.resolve(undefined);
    expect((await dispatched(2))[1]).toEqual({ type: 'not-opened', reason, unreachable: false });
  });

  test('goes on with the login that was made meanwhile', async () => {
    const { desk, dispatched, loads, logins } = await startLate();
    const login = desk.login([]);
    logins[0]?.resolve(SECOND);
    await login;
    loads[0]?.resolve(FIRST);
    await desk.describeStore();
    expect(await dispatched(3)).toMatchObject([
      { type: 'started' },
      { type: 'login-done' },
      { type: 'store-described' },
    ]);
  });
});

test('a login is told which credential is no answer to it', () => {
  const { desk, logins } = startDesk();
  void desk.login([]);
  expect(logins[0]?.request).not.toHaveProperty('known');
  desk.adopt(FIRST);
  desk.adopt(SECOND);
  void desk.login(['repo']);
  expect(logins[1]?.request).toMatchObject({ known: SECOND, scopes: ['repo'] });
});

describe('a logout', () => {
  test('ends the newest credential, once a renewal that is under way is through', async () => {
    const { desk, dispatched, refreshes, logouts } = startDesk();
    const { serial } = desk.adopt(FIRST);
    void desk.refresh(serial);
    const logout = desk.logout(true);
    expect(logouts).toEqual([]);
    refreshes[0]?.resolve(SECOND);
    await dispatched(1);
    await expect.poll(() => logouts.length).toBe(1);
    expect(logouts[0]?.current).toBe(SECOND);
    logouts[0]?.resolve({ was: undefined, unrevoked: 'Revoke it there.' });
    await logout;
    expect((await dispatched(2))[1]).toEqual({
      type: 'logout-done',
      account: { login: 'octocat' },
      unrevoked: 'Revoke it there.',
    });
  });

  test('of a session that could not use what is stored is of that, whatever it is', async () => {
    const { desk, dispatched, logouts } = startDesk();
    desk.adopt(FIRST);
    const logout = desk.logout(false);
    await expect.poll(() => logouts.length).toBe(1);
    expect(logouts[0]?.current).toBeUndefined();
    logouts[0]?.resolve({ was: undefined, unrevoked: undefined });
    await logout;
    expect(await dispatched(1)).toEqual([{ type: 'logout-done', account: undefined, unrevoked: undefined }]);
  });

  test('that fails is told with what to do', async () => {
    const { desk, dispatched, logouts } = startDesk();
    desk.adopt(FIRST);
    void desk.logout(true);
    await expect.poll(() => logouts.length).toBe(1);
    logouts[0]?.reject(new StorageError('the disk is full', { next: 'Make room.' }));
    expect(await dispatched(1)).toEqual([{ type: 'logout-failed', message: 'The disk is full. Make room.' }]);
  });
});

test('it is asked where credentials are kept; what is not known is said', async () => {
  const { desk, events, source } = startDesk();
  await desk.describeStore();
  source.store = () => Promise.reject(new Error('no answer'));
  await desk.describeStore();
  expect(events).toEqual([
    { type: 'store-described', store: 'keychain' },
    { type: 'store-described', store: 'unknown (no answer)' },
  ]);
});

test('at the end an answer that is under way has a second, and everything else is ended', async () => {
  const { desk, clock, refreshes, logins, watch, watchers } = startDesk();
  watch();
  const { serial } = desk.adopt(FIRST);
  void desk.login([]);
  void desk.refresh(serial);
  const closed = desk.close();
  expect(watchers).toEqual([]);
  expect(refreshes[0]?.signal?.aborted).toBe(false);
  await clock.pass(1_000);
  await closed;
  expect(refreshes[0]?.signal?.aborted).toBe(true);
  expect(logins[0]?.signal?.aborted).toBe(true);
});
