// What the token desk tells of a source that gets its tokens without any person, and how it leaves that (token-desk.ts).
// Not for: what the session makes of it (unattended.test.ts).
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { credential, startDesk } from './desk.ts';

const FIRST = credential('ghs_first_of_them');

/** What is told of a start whose source rejects. */
async function open(error: Error) {
  const started = startDesk({ unattended: true });
  const opened = started.desk.open();
  started.loads[0]?.reject(error);
  await opened;
  return started.events;
}

describe('a start whose source gets tokens without a person', () => {
  test.each([
    ['refused', new RefusedError('no_app', 'the app 1 is not known', { next: 'Check --app-id.' }), false],
    ['cannot be reached', new UnreachableError('the app 1 is not known', { next: 'Check --app-id.' }), true],
  ])('tells why there is none, where that is %s, as it follows a colon', async (_, error, unreachable) => {
    expect(await open(error)).toEqual([
      {
        type: 'started',
        token: undefined,
        lockedBecause: 'the app 1 is not known. Check --app-id.',
        unreachable,
      },
    ]);
  });

  test('tells of a later try in the same way', async () => {
    const { desk, events, logins } = startDesk({ unattended: true });
    const login = desk.login([]);
    logins[0]?.reject(new UnreachableError('it does not answer'));
    await login;
    expect(events).toEqual([{ type: 'login-failed', message: 'it does not answer.', unreachable: true }]);
  });

  test('waits for the first one at the end, a second at most: it is handed back', async () => {
    const { desk, clock, loads, releases, dispatched } = startDesk({ unattended: true });
    const opened = desk.open();
    await clock.pass(300);
    await opened;
    const closed = desk.close();
    loads[0]?.resolve(FIRST);
    await dispatched(2);
    await closed;
    const all = desk.releaseAll(500);
    expect(releases.map(({ released }) => released)).toEqual([FIRST]);
    releases[0]?.resolve();
    await all;
  });
});
