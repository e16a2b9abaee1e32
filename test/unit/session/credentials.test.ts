// What becomes of a session's credentials that nothing runs with any more (credentials.ts). Not for: when that is
// (releases.test.ts), or how they are got (token-desk.test.ts).
import { describe, expect, test } from 'vitest';
import { credential, startDesk } from './desk.ts';

const FIRST = credential('ghu_first_of_them');
const SECOND = credential('ghu_second_of_them');

/** Two credentials, of which the first one has been let go of. */
function releasing() {
  const started = startDesk();
  const { serial } = started.desk.adopt(FIRST);
  started.desk.adopt(SECOND);
  started.desk.release(serial);
  return { ...started, serial };
}

describe('a credential that nothing runs with any more', () => {
  test('is handed back to its source, once', () => {
    const { desk, serial, releases } = releasing();
    desk.release(serial);
    expect(releases.map(({ released }) => released)).toEqual([FIRST]);
    expect(desk.credential(serial)).toBeUndefined();
  });

  test('is not where its token is in use under another number', () => {
    const { desk, releases } = startDesk();
    const first = desk.adopt(FIRST);
    const again = desk.adopt(credential('ghu_first_of_them'));
    desk.release(first.serial);
    expect(releases).toEqual([]);
    desk.release(again.serial);
    expect(releases).toHaveLength(1);
  });

  test('is known all the same to the login that follows', () => {
    const { desk, logins } = startDesk();
    desk.release(desk.adopt(FIRST).serial);
    void desk.login([]);
    expect(logins[0]?.request).toMatchObject({ known: FIRST });
  });

  test.each(['a renewal', 'a login', 'the start'])(
    'that %s brings when nobody wants it goes back',
    async (what) => {
      const { desk, clock, loads, refreshes, logins, releases } = startDesk();
      const opened = desk.open();
      await clock.pass(300);
      await opened;
      const renewal = desk.refresh(desk.adopt(FIRST).serial);
      const login = desk.login([]);
      desk.abortLogin();
      desk.adopt(SECOND);
      const late = credential('ghu_nobody_wants_it');
      if (what === 'a renewal') refreshes[0]?.resolve(late);
      else if (what === 'a login') logins[0]?.resolve(late);
      else loads[0]?.resolve(late);
      await expect.poll(() => releases.length).toBe(1);
      expect(releases[0]?.released).toBe(late);
      refreshes[0]?.reject(new Error('the end'));
      logins[0]?.reject(new Error('the end'));
      await Promise.all([renewal, login]);
    },
  );
});

describe('at the end', () => {
  test('all that are left are handed back, and waited for with those that are on their way', async () => {
    const { desk, releases } = releasing();
    const done: string[] = [];
    const all = desk.releaseAll(500).then(() => done.push('all'));
    expect(releases.map(({ released }) => released)).toEqual([FIRST, SECOND]);
    releases[1]?.resolve();
    await Promise.resolve();
    expect(done).toEqual([]);
    releases[0]?.resolve();
    await all;
    expect(releases[0]?.signal?.aborted).toBe(true);
  });

  test('no longer than there is time for', async () => {
    const { desk, clock, releases } = releasing();
    const all = desk.releaseAll(500);
    expect(releases[0]?.signal?.aborted).toBe(false);
    await clock.pass(500);
    await all;
    expect(releases.map(({ signal }) => signal?.aborted)).toEqual([true, true]);
  });

  test('nothing is waited for where there is nothing', async () => {
    const { desk, clock } = startDesk();
    await desk.releaseAll(500);
    expect(clock.pending()).toEqual([]);
  });
});
