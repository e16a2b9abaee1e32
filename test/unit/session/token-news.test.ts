// What a session hears of other processes that share its login, and when (token-news.ts). Not for: what that leads to
// (adoption.test.ts).
import { describe, expect, test } from 'vitest';
import { credential, startDesk } from './desk.ts';

const FIRST = credential('ghu_first_of_them');
const SECOND = credential('ghu_second_of_them');
const THIRD = credential('ghu_third_of_them');

test('it is listened once the client was answered, and not in the middle of that', () => {
  const { desk, watchers, clock } = startDesk();
  desk.watch();
  expect(watchers).toEqual([]);
  clock.advance(0);
  desk.watch();
  clock.advance(0);
  expect(watchers).toHaveLength(1);
});

test('a newer credential is told, and concealed; the same one is no news', () => {
  const { desk, watch, events, redactor } = startDesk();
  desk.adopt(FIRST);
  const tell = watch();
  tell(credential('ghu_first_of_them'));
  expect(events).toEqual([]);
  tell(SECOND);
  tell(SECOND);
  expect(events).toMatchObject([{ type: 'adopted', token: { serial: 2, login: 'octocat' } }]);
  expect(redactor.text('ghu_second_of_them')).toBe('[redacted]');
});

test('a logout is told', () => {
  const { desk, watch, events } = startDesk();
  desk.adopt(FIRST);
  watch()(undefined);
  expect(events).toEqual([
    { type: 'logged-out', message: 'A person has logged out of github.com in another window.' },
  ]);
});

/** A desk that renews the first token, and has heard this meanwhile. */
function renewing(...news: (typeof FIRST | undefined)[]) {
  const started = startDesk();
  const { serial } = started.desk.adopt(FIRST);
  const tell = started.watch();
  const renewal = started.desk.refresh(serial);
  for (const stored of news) tell(stored);
  expect(started.events).toEqual([]);
  return { ...started, tell, renewal };
}

describe('while the session is about to change the login itself', () => {
  test('news wait; they are none where they are what came of it', async () => {
    const { renewal, refreshes, loads, dispatched, tell } = renewing(SECOND);
    refreshes[0]?.resolve(SECOND);
    await renewal;
    loads[0]?.resolve(SECOND);
    await Promise.resolve();
    tell(THIRD);
    expect(await dispatched(2)).toMatchObject([
      { type: 'refreshed' },
      { type: 'adopted', token: { serial: 3 } },
    ]);
  });

  test('what is stored by the end of it counts, not what was heard before', async () => {
    const { renewal, refreshes, loads, dispatched } = renewing(SECOND);
    refreshes[0]?.resolve(SECOND);
    await renewal;
    loads[0]?.resolve(THIRD);
    const [, adopted] = await dispatched(2);
    expect(adopted).toMatchObject({ type: 'adopted', token: { serial: 3 } });
  });

  test('a logout is told where nothing is stored after it, and none where something is', async () => {
    const out = renewing(undefined);
    out.refreshes[0]?.resolve(SECOND);
    await out.renewal;
    out.loads[0]?.resolve(undefined);
    expect((await out.dispatched(2))[1]).toMatchObject({ type: 'logged-out' });

    const back = renewing(undefined);
    back.refreshes[0]?.resolve(SECOND);
    await back.renewal;
    back.loads[0]?.resolve(SECOND);
    await Promise.resolve();
    back.tell(THIRD);
    expect((await back.dispatched(2))[1]).toMatchObject({ type: 'adopted' });
  });

  test('a record that is gone without a logout says nothing', async () => {
    const { renewal, refreshes, loads, dispatched, tell } = renewing(SECOND);
    refreshes[0]?.resolve(SECOND);
    await renewal;
    loads[0]?.resolve(undefined);
    await Promise.resolve();
    tell(THIRD);
    expect((await dispatched(2))[1]).toMatchObject({ type: 'adopted', token: { serial: 3 } });
  });

  test('what is heard while it is looked up is newer', async () => {
    const { renewal, refreshes, loads, dispatched, tell, desk } = renewing(SECOND);
    refreshes[0]?.resolve(SECOND);
    await renewal;
    tell(THIRD);
    loads[0]?.resolve(SECOND);
    await dispatched(2);
    await desk.describeStore();
    expect(await dispatched(3)).toMatchObject([
      { type: 'refreshed' },
      { type: 'adopted', token: { serial: 3 } },
      { type: 'store-described' },
    ]);
  });

  test('nothing is looked up where nothing was heard', async () => {
    const { renewal, refreshes, loads } = renewing();
    refreshes[0]?.resolve(SECOND);
    await renewal;
    expect(loads).toEqual([]);
  });

  test('a login that was given up makes no difference once its source is through with it', async () => {
    const { desk, watch, logins, loads, dispatched } = startDesk();
    const tell = watch();
    const login = desk.login([]);
    tell(FIRST);
    desk.abortLogin();
    logins[0]?.reject(new Error('the login was given up'));
    await login;
    loads[0]?.resolve(FIRST);
    expect(await dispatched(1)).toMatchObject([{ type: 'adopted' }]);
  });
});

test('after the end nothing is heard', async () => {
  const { desk, watchers, watch, events } = startDesk();
  watch();
  const [tell] = watchers;
  await desk.close();
  tell?.(FIRST);
  expect(watchers).toEqual([]);
  expect(events).toEqual([]);
});
