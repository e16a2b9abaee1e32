// A server that gives a first token without a person: asked once by all windows, and never after a logout (DESIGN 2.8).
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { neverAborted, rejection } from '../github/support.ts';
import { grantOf, IDENTITY, openWindows } from './scripted-server.ts';

/** Each token that is given is another one, and there is a moment in which two questions would meet. */
function setUp(fail?: () => Error) {
  let running = 0;
  let most = 0;
  const given: string[] = [];
  const windows = openWindows({
    async obtain() {
      running += 1;
      most = Math.max(most, running);
      await new Promise(setImmediate);
      running -= 1;
      if (fail) throw fail();
      given.push(`token-${given.length + 1}`);
      return grantOf(given.at(-1) ?? '');
    },
    identify: () => Promise.resolve('octocat'),
  });
  return { ...windows, given, most: () => most };
}

const tokenOf = async (loading: Promise<{ accessToken: { reveal(): string } } | undefined>) =>
  (await loading)?.accessToken.reveal();

describe('a first token', () => {
  test('is made by the first start, verified and stored', async () => {
    const { open, memory } = setUp();
    const window = open();
    const credential = await window.source.load();
    expect(credential).toMatchObject({ login: 'octocat', rotation: 'overlapping', scopes: ['api'] });
    expect(memory.kept()).toEqual({ kind: 'record', record: credential });
    expect(window.audit).toMatchObject([{ event: 'login', login: 'octocat' }]);
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('is one for all windows that start at once', async () => {
    const { open, given, most } = setUp();
    const windows = [open(), open(), open(), open()];
    const tokens = await Promise.all(windows.map(({ source }) => tokenOf(source.load())));
    expect(tokens).toEqual(windows.map(() => 'token-1'));
    expect(given).toEqual(['token-1']);
    expect(most()).toBe(1);
  });

  test('is not made where one is stored', async () => {
    const { open, given } = setUp();
    await open().source.load();
    expect(await tokenOf(open().source.load())).toBe('token-1');
    expect(given).toEqual(['token-1']);
  });

  test('is not made after a logout: a person has to say that there is to be a login again', async () => {
    const { open, given } = setUp();
    const window = open();
    const credential = await window.source.load();
    await window.source.logout(credential, neverAborted);
    expect(await open().source.load()).toBeUndefined();
    expect(given).toEqual(['token-1']);
  });

  test('is not made where somebody logs out while it is waited for', async () => {
    const { open, memory, given } = setUp();
    const taking = memory.hold('take');
    const loading = open().source.load();
    await taking.reached;
    await memory.process().remove(IDENTITY);
    taking.open();
    expect(await loading).toBeUndefined();
    expect(given).toEqual([]);
  });

  test.each([
    () => new RefusedError('consent_required', 'a person has to consent', { next: 'Call auth_login.' }),
    () => new UnreachableError('nobody there', { next: 'Try again.' }),
  ])('that cannot be had is told as it is, and the lock is free', async (fail) => {
    const { open, memory } = setUp(fail);
    const error = await rejection(open().source.load());
    expect(error).toBeInstanceOf(fail().constructor);
    expect(error).toMatchObject({ message: fail().message });
    expect(memory.isLocked('refresh')).toBe(false);
    expect(memory.kept()).toEqual({ kind: 'none' });
  });

  test('is used also where it cannot be stored', async () => {
    const { open } = setUp();
    const window = open();
    window.vault.breakFor('write');
    expect(await tokenOf(window.source.load())).toBe('token-1');
    expect(await tokenOf(window.source.load())).toBe('token-1');
  });
});

describe('a renewal without a refresh token', () => {
  test('is one for all windows', async () => {
    const renewed: string[] = [];
    const { open } = openWindows({
      obtain: () => Promise.resolve(grantOf('token-1')),
      renew({ accessToken }) {
        renewed.push(accessToken.reveal());
        return Promise.resolve(grantOf('token-2'));
      },
    });
    const windows = [open(), open(), open()];
    const stale = (await Promise.all(windows.map(({ source }) => source.load())))[0];
    if (!stale) throw new Error('there is a first token');
    const fresh = windows.map(({ source }) => tokenOf(source.refresh(stale, neverAborted)));
    expect(await Promise.all(fresh)).toEqual(['token-2', 'token-2', 'token-2']);
    expect(renewed).toEqual(['token-1']);
  });

  test('that is refused is asked for once', async () => {
    let asked = 0;
    const refused = new RefusedError('consent_required', 'a person has to consent', { next: '' });
    const { open, memory } = openWindows({
      obtain: () => Promise.resolve(grantOf('token-1')),
      renew() {
        asked += 1;
        return Promise.reject(refused);
      },
    });
    const { source } = open();
    const stale = await source.load();
    if (!stale) throw new Error('there is a first token');
    expect(await rejection(source.refresh(stale, neverAborted))).toBe(refused);
    expect(asked).toBe(1);
    expect(memory.isLocked('refresh')).toBe(false);
  });
});
