// News of what other windows do with the stored login, and of nothing else.
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { createDeviceSource } from '../../../src/auth/device.ts';
import type { Credential } from '../../../src/auth/token-source.ts';
import { parseGithubHost } from '../../../src/github/hosts.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createTestLog } from '../../support/test-log.ts';
import type { Window } from './windows.ts';
import { events, openWindows } from './windows.ts';

/** What a window is told, one after the other. */
function listen({ source }: Pick<Window, 'source'>) {
  const told: (Credential | undefined)[] = [];
  const waiting: (() => void)[] = [];
  const stop = source.watch((credential) => {
    told.push(credential);
    waiting.shift()?.();
  });
  return {
    told,
    stop,
    next: () => new Promise<void>((resolve) => void waiting.push(resolve)),
  };
}

async function loggedIn() {
  const windows = await openWindows({ kind: 'github.com' });
  const [one, two] = [windows.open(), windows.open()];
  const credential = await windows.logIn(one);
  await two.source.load();
  return { ...windows, one, two, credential };
}

describe('a window is told', () => {
  test('of a login, of a refresh and of a logout elsewhere', async () => {
    const { open, logIn, refresh, logout, token } = await openWindows();
    const [one, two] = [open(), open()];
    const { told, next } = listen(two);
    const news = next();
    const login = await logIn(one);
    await news;
    const more = next();
    const fresh = await refresh(one, login);
    await more;
    const last = next();
    await logout(one, fresh);
    await last;
    expect(told.map((credential) => credential && token(credential))).toEqual([
      token(login),
      token(fresh),
      undefined,
    ]);
    expect(events(two)).toEqual(['adoption', 'adoption']);
  });

  test('of what was stored between its load and its watch', async () => {
    const { one, two, credential, refresh, token } = await loggedIn();
    const fresh = await refresh(one, credential);
    const { told, next } = listen(two);
    await next();
    expect(told.map((found) => found && token(found))).toEqual([token(fresh)]);
  });

  test('of a login that can be opened only later, though no file changes when a keychain is unlocked', async () => {
    const { github, memory, credential, token } = await loggedIn();
    const vault = memory.process();
    const clock = createFakeClock(credential.issuedAt);
    const common = { clientId: CLIENT_IDS.githubApp, scopes: [], profile: 'default', log: createTestLog() };
    const source = createDeviceSource({ ...common, host: parseGithubHost(github.url), vault, clock });
    vault.breakFor('read');
    await expect(source.load()).rejects.toThrow('EACCES');
    const { told, next } = listen({ source });
    await clock.pass(30_000);
    await clock.waitForTimer(120_000);
    vault.breakFor();
    const news = next();
    clock.advance(120_000);
    await news;
    expect(told.map((found) => found && token(found))).toEqual([token(credential)]);
    expect(clock.pending()).toEqual([]);
  });
});

describe('a window is not told', () => {
  test('of what it stored itself, of what it knows, or after it has left', async () => {
    const { memory, one, two, credential, refresh, logout, token } = await loggedIn();
    const mine = listen(one);
    const theirs = listen(two);
    const news = theirs.next();
    const fresh = await refresh(one, credential);
    await news;
    memory.tell();
    const more = theirs.next();
    await logout(one, fresh);
    await more;
    expect(mine.told).toEqual([]);
    expect(theirs.told.map((found) => found && token(found))).toEqual([token(fresh), undefined]);
    theirs.stop();
    memory.tell();
    expect(theirs.told).toHaveLength(2);
  });

  test('of what a refresh of its own has stored, even before that refresh has returned', async () => {
    const { memory, one, two, credential, refresh, token } = await loggedIn();
    const mine = listen(one);
    const theirs = listen(two);
    const releasing = memory.hold('release');
    const refreshing = refresh(one, credential);
    await releasing.reached;
    const news = theirs.next();
    memory.tell();
    await news;
    releasing.open();
    const fresh = await refreshing;
    expect(theirs.told.map((found) => found && token(found))).toEqual([token(fresh)]);
    const more = theirs.next();
    await refresh(one, fresh);
    await more;
    expect(mine.told).toEqual([]);
  });

  test('of an older record that a save of its own could not replace', async () => {
    const { memory, one, two, credential, refresh } = await loggedIn();
    one.vault.breakFor('write');
    const { told } = listen(one);
    const theirs = listen(two);
    await refresh(one, credential);
    memory.tell();
    one.vault.breakFor();
    await theirs.next();
    expect(told).toEqual([]);
  });
});
