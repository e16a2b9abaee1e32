// A login by a page, shared by windows: the page leads back to the window that began it, so the others show it for as long
// as that one lives, and begin anew after it (DESIGN 2.3, 2.8).
import { describe, expect, test } from 'vitest';
import { RefusedError } from '../../../src/base/errors.ts';
import { rejection } from '../github/support.ts';
import { openWindows, startLogin } from './scripted-server.ts';

/** Two windows that show one page; the first holds it. */
async function sharing() {
  const windows = openWindows();
  const opened = windows.nextPage();
  const one = windows.open();
  const first = startLogin(one);
  const page = await opened;
  const two = windows.open();
  const second = startLogin(two);
  await second.shown(1);
  return { ...windows, one, two, first, second, page };
}

describe('a page in two windows', () => {
  test('is one page, and both get the same credential', async () => {
    const { first, second, page, pages, memory } = await sharing();
    expect(second.prompts).toEqual(first.prompts);
    expect(second.prompts).toMatchObject([{ verificationUri: 'https://broker.example/page/1' }]);
    expect(second.prompts[0]).not.toHaveProperty('userCode');
    page.approve('token-1');
    const credentials = await Promise.all([first.outcome, second.outcome]);
    expect(credentials.map(({ accessToken }) => accessToken.reveal())).toEqual(['token-1', 'token-1']);
    expect(pages).toHaveLength(1);
    expect(memory.flows.size).toBe(0);
  });

  test('whose window is killed is begun anew by the other, which shows the new one', async () => {
    const { one, second, pages, nextPage } = await sharing();
    const anew = nextPage();
    one.kill();
    const page = await anew;
    expect(page.step.resume).toBeUndefined();
    expect(second.prompts.map(({ verificationUri }) => verificationUri)).toEqual([
      'https://broker.example/page/1',
      'https://broker.example/page/2',
    ]);
    page.approve('token-2');
    expect((await second.outcome).accessToken.reveal()).toBe('token-2');
    expect(pages).toHaveLength(2);
  });

  test('that the first declines is begun anew by the other', async () => {
    const windows = openWindows();
    const opened = windows.nextPage();
    const declining = new AbortController();
    const first = startLogin(windows.open(), declining.signal);
    await opened;
    const second = startLogin(windows.open());
    await second.shown(1);
    const anew = windows.nextPage();
    const reason = new Error('declined');
    declining.abort(reason);
    expect(await rejection(first.outcome)).toBe(reason);
    (await anew).approve('token-2');
    expect((await second.outcome).accessToken.reveal()).toBe('token-2');
  });

  test('that is refused is told to both, and nobody opens another one', async () => {
    const { first, second, page, pages, memory } = await sharing();
    page.refuse(new RefusedError('access_denied', 'the person said no', { next: 'Ask again.' }));
    expect(await rejection(first.outcome)).toMatchObject({ code: 'access_denied' });
    expect(await rejection(second.outcome)).toMatchObject({ code: 'login_ended' });
    expect(pages).toHaveLength(1);
    expect(memory.flows.size).toBe(0);
  });

  test('that gives way to another page does so in both', async () => {
    const { first, second, page, clock } = await sharing();
    const next = {
      verificationUri: 'https://broker.example/consent',
      purpose: 'The broker needs consent.',
      expiresAt: clock.now() + 60_000,
    };
    await page.step.onFlow({ kind: 'page', ...next, scopes: [] });
    page.step.onPrompt(next);
    expect(await second.shown(2)).toEqual(next);
    expect(first.prompts).toHaveLength(2);
    page.approve('token-1');
    await Promise.all([first.outcome, second.outcome]);
    expect(second.prompts).toHaveLength(2);
  });

  test('that has expired is told as that to the one that only shows it', async () => {
    const { clock, second } = await sharing();
    clock.skip(10 * 60_000);
    expect(await rejection(second.outcome)).toMatchObject({ code: 'expired_token' });
  });

  test('is shown by a third one as well, after the first is gone', async () => {
    const { one, second, open, nextPage } = await sharing();
    const third = startLogin(open());
    await third.shown(1);
    const anew = nextPage();
    one.kill();
    const page = await anew;
    await Promise.all([second.shown(2), third.shown(2)]);
    expect(third.prompts).toEqual(second.prompts);
    page.approve('token-2');
    const credentials = await Promise.all([second.outcome, third.outcome]);
    expect(credentials.map(({ accessToken }) => accessToken.reveal())).toEqual(['token-2', 'token-2']);
  });
});

test('a page that cannot be announced is shown all the same', async () => {
  const windows = openWindows();
  const opened = windows.nextPage();
  const window = windows.open();
  window.vault.breakFor('writeFlow');
  const login = startLogin(window);
  (await opened).approve('token-1');
  expect((await login.outcome).accessToken.reveal()).toBe('token-1');
  expect(login.prompts).toHaveLength(1);
});
