// A program that was updated in place while it runs: the parts that it has not loaded yet are not there any more.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { UserError } from '../../../src/base/errors.ts';
import { neverAborted, rejection } from '../github/support.ts';
import { grantOf, openWindows as openScripted, startLogin as startScripted } from './scripted-server.ts';
import { openWindows } from './windows.ts';

const PARTS = ['refresher-process', 'login-flow', 'logout'] as const;

async function updated() {
  const windows = await openWindows();
  const window = windows.open();
  const login = await windows.logIn(window);
  vi.resetModules();
  for (const part of PARTS) {
    const file = `../../../src/auth/${part}.ts`;
    vi.doMock(file, () => {
      throw new Error('ERR_MODULE_NOT_FOUND');
    });
    onTestFinished(() => vi.doUnmock(file));
  }
  return { ...windows, window, login };
}

describe('a program that was updated while it runs', () => {
  test('renews in its own process, and keeps no lock', async () => {
    const { memory, github, window, login, refresh, token } = await updated();
    const fresh = await refresh(window, login);
    expect(github.liveTokens()).toEqual([token(fresh)]);
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('says that it has to be started again for a login or a logout', async () => {
    const { memory, window, login, logout, startLogin } = await updated();
    for (const begin of [() => startLogin(window).outcome, () => logout(window, login)]) {
      const error = await rejection(begin());
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({
        message: 'gh-mcp-proxy was updated or removed while it runs',
        next: 'Restart the client, or this server in it.',
      });
    }
    expect(memory.kept()).toMatchObject({ kind: 'record' });
  });

  test('says so as well where it is a library of the server that is missing', async () => {
    const missing = Object.assign(new Error("Cannot find module 'chunks/abc.js'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const windows = openScripted({
      logIn: () => Promise.reject(missing),
      renew: () => Promise.reject(missing),
      identify: () => Promise.reject(missing),
    });
    const window = windows.open();
    const credential = { ...grantOf('token'), scopes: [], rotation: 'overlapping' } as const;
    const { source } = window;
    for (const begin of [
      () => startScripted(window).outcome,
      () => source.refresh(credential, neverAborted),
      () => source.identify?.(credential, neverAborted) ?? Promise.resolve(),
    ]) {
      expect(await rejection(begin())).toMatchObject({
        message: 'gh-mcp-proxy was updated or removed while it runs',
        next: 'Restart the client, or this server in it.',
      });
    }
    expect(windows.memory.isLocked('refresh')).toBe(false);
  });
});
