// A refresh that many processes want at once: one request, one record, and no winner who loses (DESIGN 2.8).
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { VaultRecord } from '../../../src/vault/vault.ts';
import type { SharedMemory } from '../../support/shared-memory-vault.ts';
import { neverAborted, rejection } from '../github/support.ts';
import { events, openWindows } from './windows.ts';

const TOKEN = '/login/oauth/access_token';

async function loggedIn() {
  const windows = await openWindows();
  const [one, two] = [windows.open(), windows.open()];
  const old = await windows.logIn(one);
  await two.source.load();
  const kept = (): VaultRecord | undefined => {
    const found = windows.memory.kept();
    return found.kind === 'record' ? found.record : undefined;
  };
  return { ...windows, one, two, old, kept };
}

describe('a refresh by several windows', () => {
  test('at once is one request, and the others adopt', async () => {
    const { github, one, two, old, open, refresh, refreshes, token, kept } = await loggedIn();
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 30 });
    const third = open();
    const fresh = await Promise.all([one, two, third].map((window) => refresh(window, old)));
    expect(new Set(fresh.map((credential) => token(credential))).size).toBe(1);
    expect(refreshes()).toHaveLength(1);
    expect(github.liveTokens()).toEqual(fresh.slice(0, 1).map((credential) => token(credential)));
    expect(kept()?.accessToken.reveal()).toBe(github.liveTokens()[0]);
    const noted = [one, two, third].flatMap((window) => events(window));
    expect(noted.filter((event) => event === 'refresh')).toHaveLength(1);
    expect(noted.filter((event) => event === 'adoption')).toHaveLength(2);
  });

  test('again and again presents no refresh token twice', async () => {
    const { one, two, old, refresh, refreshes, token } = await loggedIn();
    let stale = old;
    for (let expiry = 1; expiry <= 5; expiry += 1) {
      const [mine, theirs] = await Promise.all([refresh(one, stale), refresh(two, stale)]);
      expect(token(mine)).toBe(token(theirs));
      expect(refreshes()).toHaveLength(expiry);
      stale = mine;
    }
    expect(new Set(refreshes().map(({ body }) => body['refresh_token'])).size).toBe(5);
  });

  test('whose lock holder is killed before it asked is made by the next one', async () => {
    const { memory, one, two, old, refresh, refreshes, token, github } = await loggedIn();
    // The second look, under the lock.
    await stopUnderLock(memory, () => void refresh(one, old));
    const waiting = refresh(two, old);
    one.kill();
    const fresh = await waiting;
    expect(github.liveTokens()).toEqual([token(fresh)]);
    expect(refreshes()).toHaveLength(1);
  });

  test('that a stopped holder goes on with after it lost the lock spends nothing', async () => {
    const { memory, one, two, old, refresh, refreshes, token } = await loggedIn();
    const stopped = await stopUnderLock(memory, () => refresh(one, old));
    memory.evict();
    const winner = await refresh(two, old);
    stopped.gate.open();
    expect(token(await stopped.outcome)).toBe(token(winner));
    expect(refreshes()).toHaveLength(1);
  });
});

/** Starts a refresh and stops it where it has the lock, and reads again. */
async function stopUnderLock<T>(memory: SharedMemory, start: () => T) {
  const taking = memory.hold('take');
  const outcome = start();
  await taking.reached;
  const gate = memory.hold('read');
  taking.open();
  await gate.reached;
  return { outcome, gate };
}

describe('one that was stopped under the lock', () => {
  test('and lost it spends nothing, not even while the winner has no answer yet', async () => {
    const { memory, github, one, two, old, refresh, refreshes, token } = await loggedIn();
    const stopped = await stopUnderLock(memory, () => refresh(one, old));
    memory.evict();
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 60 });
    const winner = refresh(two, old);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    stopped.gate.open();
    expect(token(await stopped.outcome)).toBe(token(await winner));
    expect(refreshes()).toHaveLength(1);
  });

  test('spends nothing where somebody has written without the lock', async () => {
    const { memory, github, one, old, refresh, refreshes, store, token } = await loggedIn();
    const stopped = await stopUnderLock(memory, () => refresh(one, old));
    const reading = memory.hold('read');
    stopped.gate.open();
    await reading.reached;
    const { accessToken } = github.issue(CLIENT_IDS.githubApp);
    await store({ ...old, accessToken: new Secret(accessToken) });
    reading.open();
    expect(token(await stopped.outcome)).toBe(accessToken);
    expect(refreshes()).toHaveLength(0);
  });
});

describe('the loser of a race', () => {
  test('whose old refresh token is refused after a sibling used it adopts, and leaves the record alone', async () => {
    const { memory, github, one, two, old, refresh, token, kept } = await loggedIn();
    // Loses the lock right before the request, so that both present the same refresh token.
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 60 });
    const loser = refresh(two, old);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    memory.evict();
    const winner = await refresh(one, old);
    expect(token(await loser)).toBe(token(winner));
    expect(kept()?.accessToken.reveal()).toBe(token(winner));
    expect(github.liveTokens()).toEqual([token(winner)]);
    expect(events(two)).toEqual(['adoption']);
  });

  test('whose answer comes after a login leaves the login alone, and what it got is given up', async () => {
    const { memory, github, one, two, old, refresh, logIn, token, kept, open } = await loggedIn();
    const third = open({ kind: 'github.com' });
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 80 });
    const late = refresh(third, old);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    memory.evict();
    const login = await logIn(one, { known: old });
    expect(token(await late)).toBe(token(login));
    expect(kept()?.accessToken.reveal()).toBe(token(login));
    expect(events(third)).toContain('revocation');
    expect(github.liveTokens()).toEqual([token(login)]);
    expect(token(await refresh(two, old))).toBe(token(login));
  });

  test('whose answer comes after a logout is logged out as well', async () => {
    const { memory, github, one, old, refresh, logout, open } = await loggedIn();
    const third = open({ kind: 'github.com' });
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 400 });
    const late = rejection(refresh(third, old));
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    memory.evict();
    await logout(one, old);
    expect(await late).toMatchObject({ code: 'logged_out' });
    expect(github.liveTokens()).toEqual([]);
    expect(memory.kept()).toMatchObject({ kind: 'logged-out' });
  });
});

describe('a refresh', () => {
  test('after a logout elsewhere asks nobody', async () => {
    const { one, two, old, refresh, logout, refreshes } = await loggedIn();
    await logout(one, old);
    expect(await rejection(refresh(two, old))).toMatchObject({ code: 'logged_out' });
    expect(refreshes()).toHaveLength(0);
  });

  test('of a record that somebody deleted stores what it brings', async () => {
    const { memory, one, old, refresh, kept, token } = await loggedIn();
    const { gate, outcome } = await stopUnderLock(memory, () => refresh(one, old));
    memory.drop();
    gate.open();
    const fresh = await outcome;
    expect(kept()?.accessToken.reveal()).toBe(token(fresh));
  });

  test('that is refused for good says so in every window, and the record stays for those who know better', async () => {
    const { github, one, two, old, refresh, refreshes, kept, token } = await loggedIn();
    github.revokeAll('octocat');
    const errors = await Promise.all([one, two].map((window) => rejection(refresh(window, old))));
    for (const error of errors) expect(error).toMatchObject({ code: 'bad_refresh_token' });
    expect(refreshes()).toHaveLength(2);
    expect(kept()?.accessToken.reveal()).toBe(token(old));
    expect(events(one)).toEqual(['login', 'refresh-failed']);
  });

  test('goes on without a lock where none can be made, and says so', async () => {
    const { github, one, old, refresh, token } = await loggedIn();
    one.vault.breakFor('take');
    const fresh = await refresh(one, old);
    expect(github.liveTokens()).toEqual([token(fresh)]);
    expect(one.log.lines).toEqual([expect.stringMatching(/^error: other windows.*EACCES/)]);
  });

  test('waits for a lock only so long', async () => {
    const { memory, clock, two, one, old, refresh } = await loggedIn();
    await stopUnderLock(memory, () => void refresh(one, old).catch(() => {}));
    const taking = memory.hold('take');
    const waiting = rejection(refresh(two, old));
    await taking.reached;
    clock.skip(100_000);
    taking.open();
    expect(await waiting).toBeInstanceOf(UnreachableError);
  });
});

describe('a save that failed', () => {
  test('is made good by a later try, for all windows', async () => {
    const { one, two, old, refresh, kept, token, refreshes } = await loggedIn();
    one.vault.breakFor('write');
    const fresh = await refresh(one, old);
    expect(kept()?.accessToken.reveal()).toBe(token(old));
    expect(one.log.lines).toEqual([expect.stringMatching(/^error: .*could not be stored.*EACCES/)]);
    one.vault.breakFor();
    const stored = new Promise<VaultRecord | undefined>((resolve) => {
      two.source.watch(resolve);
    });
    expect((await stored)?.accessToken.reveal()).toBe(token(fresh));
    expect(token(await refresh(two, old))).toBe(token(fresh));
    expect(refreshes()).toHaveLength(1);
  });

  test('never replaces what somebody else stored meanwhile', async () => {
    const { one, two, old, refresh, logIn, kept, token } = await loggedIn();
    one.vault.breakFor('write');
    await refresh(one, old);
    const login = await logIn(two, { known: old });
    one.vault.breakFor();
    expect(token((await one.source.load()) ?? old)).toBe(token(login));
    expect(kept()?.accessToken.reveal()).toBe(token(login));
  });

  test('of a vault that could not be read either is made good as well', async () => {
    const { one, old, refresh, kept, token } = await loggedIn();
    one.vault.breakFor('read', 'write');
    const fresh = await refresh(one, old);
    one.vault.breakFor();
    await one.source.load();
    expect(kept()?.accessToken.reveal()).toBe(token(fresh));
  });

  test('is tried again at the next load, which gives what is in use', async () => {
    const { one, old, refresh, kept, token } = await loggedIn();
    one.vault.breakFor('write');
    const fresh = await refresh(one, old);
    expect(token((await one.source.load()) ?? old)).toBe(token(fresh));
    one.vault.breakFor();
    expect(token((await one.source.load()) ?? old)).toBe(token(fresh));
    expect(kept()?.accessToken.reveal()).toBe(token(fresh));
  });

  test('is no logout: the mark that it could not replace is older', async () => {
    const { one, old, refresh, logout, logIn, token, github } = await loggedIn();
    await logout(one, old);
    one.vault.breakFor('write');
    const login = await logIn(one);
    const fresh = await refresh(one, login);
    expect(github.liveTokens()).toContain(token(fresh));
  });
});

describe('a save', () => {
  test('is made also where the record that it replaces cannot be read any more', async () => {
    const { github, one, old, refresh, kept, token } = await loggedIn();
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 30 });
    const refreshing = refresh(one, old);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    one.vault.breakFor('read');
    const fresh = await refreshing;
    expect(kept()?.accessToken.reveal()).toBe(token(fresh));
  });

  test('that fails then is made good by a later try', async () => {
    const { github, one, old, refresh, kept, token } = await loggedIn();
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 30 });
    const refreshing = refresh(one, old);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    one.vault.breakFor('read', 'write');
    const fresh = await refreshing;
    one.vault.breakFor();
    expect(token((await one.source.load()) ?? old)).toBe(token(fresh));
    expect(kept()?.accessToken.reveal()).toBe(token(fresh));
  });
});

describe('a look for what another window has stored', () => {
  test('brings it, asks nobody, and leaves the lock', async () => {
    const { memory, one, two, old, refresh, refreshes, token } = await loggedIn();
    expect(await one.source.newer(old, neverAborted)).toBeUndefined();
    const fresh = await refresh(two, old);
    const found = await one.source.newer(old, neverAborted);
    expect(token(found ?? old)).toBe(token(fresh));
    expect(events(one)).toEqual(['login', 'adoption']);
    expect(refreshes()).toHaveLength(1);
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('waits for a renewal that has killed the token and is not stored yet', async () => {
    const { memory, github, one, two, old, refresh, token } = await loggedIn();
    const writing = memory.hold('write');
    const refreshing = refresh(two, old);
    await writing.reached;
    expect(github.liveTokens()).not.toContain(token(old));
    const looking = one.source.newer(old, neverAborted);
    writing.open();
    const fresh = await refreshing;
    expect(token((await looking) ?? old)).toBe(token(fresh));
  });

  test('does not wait for what its own window has made ready', async () => {
    const { memory, one, old } = await loggedIn();
    await one.source.prepare(old, neverAborted);
    expect(await one.source.newer(old, neverAborted)).toBeUndefined();
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('ends when nobody waits for it any more', async () => {
    const { one, two, old } = await loggedIn();
    await two.source.prepare(old, neverAborted);
    const gone = new AbortController();
    const looking = one.source.newer(old, gone.signal);
    gone.abort(new Error('nobody waits'));
    expect(await rejection(looking)).toMatchObject({ message: 'nobody waits' });
  });
});

describe('a refresh that is prepared', () => {
  const { signal } = new AbortController();

  test('holds the lock, spends nothing, and is used by the refresh that follows', async () => {
    const { memory, one, old, refresh, refreshes, github, token } = await loggedIn();
    expect(await one.source.prepare(old, signal)).toBeUndefined();
    expect(memory.isLocked('refresh')).toBe(true);
    expect(refreshes()).toHaveLength(0);
    const fresh = await refresh(one, old);
    expect(github.liveTokens()).toEqual([token(fresh)]);
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('brings what a sibling stored by then', async () => {
    const { one, two, old, refresh, refreshes, token } = await loggedIn();
    const fresh = await refresh(two, old);
    const found = await one.source.prepare(old, signal);
    expect(token(found ?? old)).toBe(token(fresh));
    expect(events(one)).toEqual(['login', 'adoption']);
    expect(refreshes()).toHaveLength(1);
  });

  test('by two windows is done by one of them; the other adopts', async () => {
    const { one, two, old, refresh, refreshes, token } = await loggedIn();
    await one.source.prepare(old, signal);
    const waiting = two.source.prepare(old, signal);
    const fresh = await refresh(one, old);
    expect(token((await waiting) ?? old)).toBe(token(fresh));
    expect(refreshes()).toHaveLength(1);
  });

  test('and given up gives the lock back', async () => {
    const { memory, one, two, old, refresh, refreshes, token } = await loggedIn();
    const preparing = new AbortController();
    await one.source.prepare(old, preparing.signal);
    preparing.abort();
    const fresh = await refresh(two, old);
    expect(refreshes()).toHaveLength(1);
    expect(memory.isLocked('refresh')).toBe(false);
    expect(token(await refresh(one, old))).toBe(token(fresh));
  });

  test('and given up after the refresh has begun keeps the lock until that is done', async () => {
    const { memory, github, one, old, refresh } = await loggedIn();
    const preparing = new AbortController();
    await one.source.prepare(old, preparing.signal);
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 30 });
    const refreshing = refresh(one, old);
    await github.waitForRequest(({ body }) => body['grant_type'] === 'refresh_token');
    const releasing = memory.hold('release');
    preparing.abort();
    await releasing.reached;
    // The one release there is comes after the save.
    expect(memory.kept()).not.toMatchObject({ record: { issuedAt: old.issuedAt } });
    releasing.open();
    await refreshing;
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('and given up while it waits for the lock rejects nothing', async () => {
    const { one, two, old } = await loggedIn();
    await one.source.prepare(old, signal);
    const preparing = new AbortController();
    const waiting = two.source.prepare(old, preparing.signal);
    preparing.abort();
    expect(await waiting).toBeUndefined();
  });

  test('is joined by a refresh that cannot wait for it to be ready', async () => {
    const { memory, one, old, refresh, refreshes } = await loggedIn();
    const taking = memory.hold('take');
    const preparing = one.source.prepare(old, signal);
    await taking.reached;
    const refreshing = refresh(one, old);
    taking.open();
    await Promise.all([preparing, refreshing]);
    expect(refreshes()).toHaveLength(1);
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('stands in the way of no login and no logout of its own window', async () => {
    const { memory, one, old, logIn, logout, token } = await loggedIn();
    await one.source.prepare(old, signal);
    const login = await logIn(one, { known: old });
    await one.source.prepare(login, signal);
    expect((await logout(one, login)).was).toMatchObject({ login: 'octocat' });
    expect(memory.kept()).toMatchObject({ kind: 'logged-out' });
    expect(token(login)).not.toBe(token(old));
  });

  test('is nothing for a credential that makes nobody wait', async () => {
    const { memory, one, old } = await loggedIn();
    expect(await one.source.prepare({ ...old, rotation: 'overlapping' }, neverAborted)).toBeUndefined();
    expect(memory.isLocked('refresh')).toBe(false);
  });

  test('fails silently where nothing can be prepared, and the refresh says what is wrong', async () => {
    const { one, old, refresh } = await loggedIn();
    const { refreshToken: _dropped, ...bare } = {
      ...old,
      accessToken: new Secret('ghu_another0another0another0'),
    };
    await one.source.logout(old, neverAborted);
    expect(await one.source.prepare(bare, signal)).toBeUndefined();
    expect(await rejection(refresh(one, bare))).toMatchObject({ code: 'logged_out' });
  });
});
