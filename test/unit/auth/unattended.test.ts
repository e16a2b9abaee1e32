// A source without a person: who gets which token, what is given up, what is noted.
import { expect, test } from 'vitest';
import type { Credential } from '../../../src/auth/token-source.ts';
import { createUnattendedSource } from '../../../src/auth/unattended.ts';
import type { UnattendedSourceOptions } from '../../../src/auth/unattended.ts';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createTestLog } from '../../support/test-log.ts';
import { neverAborted, rejection } from '../github/support.ts';

function fail(why: string): never {
  throw new Error(why);
}

const NOBODY = { scopes: [], onPrompt: () => {} };

function credential(token: string): Credential {
  return {
    accessToken: new Secret(token),
    issuedAt: 0,
    scopes: [],
    rotation: 'overlapping',
    login: 'app[bot]',
  };
}

interface Asked {
  readonly signal: AbortSignal;
  readonly stale: string | undefined;
  readonly answer: (token: string) => void;
  readonly fail: (error: Error) => void;
}

/** A source whose tokens a test hands out. */
function testSource(options: Partial<UnattendedSourceOptions> = {}) {
  const asked: Asked[] = [];
  const notes: string[] = [];
  const log = createTestLog();
  const source = createUnattendedSource({
    mode: 'test',
    hostLabel: 'github.example',
    authFailure: { hints: [], patterns: [] },
    obtain: (signal, stale) =>
      new Promise((resolve, reject) => {
        asked.push({
          signal,
          stale: stale?.accessToken.reveal(),
          answer: (token) => resolve(credential(token)),
          fail: reject,
        });
      }),
    clock: createFakeClock(),
    log,
    audit: {
      note: ({ event, login, token, detail }) =>
        void notes.push([event, login, token?.reveal(), detail].filter(Boolean).join(' ')),
      flush: () => Promise.resolve(),
    },
    ...options,
  });
  const last = (): Asked => asked.at(-1) ?? fail('nobody has asked for a token');
  return { source, asked, last, notes, log };
}

const tokenOf = async (promise: Promise<Credential | undefined>) => (await promise)?.accessToken.reveal();

test('it is unattended, keeps nothing, and hears of no other window', async () => {
  const { source, asked } = testSource();
  expect(source).toMatchObject({ isUnattended: true, loginObstacle: undefined, mode: 'test' });
  expect(await source.store()).toBe('memory');
  expect(await source.prepare(credential('a'), neverAborted)).toBeUndefined();
  expect(await source.newer(credential('a'), neverAborted)).toBeUndefined();
  expect(source.wasFound(credential('a'))).toBe(false);
  expect(source.isRenewable(credential('a'))).toBe(true);
  source.watch(() => expect.fail('there is nothing to hear'))();
  expect(asked).toEqual([]);
});

test('the first token is asked for once by all who wait for it, and noted', async () => {
  const { source, asked, last, notes } = testSource();
  const waiting = [source.load(), source.load(), source.login(NOBODY, neverAborted)];
  last().answer('one');
  expect(await Promise.all(waiting.map(tokenOf))).toEqual(['one', 'one', 'one']);
  expect(asked).toHaveLength(1);
  expect(notes).toEqual(['refresh app[bot] one test']);
});

test("a failure is nobody's later: the next one asks again", async () => {
  const { source, last, notes } = testSource();
  const first = rejection(source.load());
  const error = new RefusedError('helper_failed', 'no');
  last().fail(error);
  expect(await first).toBe(error);
  const second = source.login(NOBODY, neverAborted);
  last().answer('one');
  expect(await tokenOf(second)).toBe('one');
  const third = rejection(source.refresh(credential('one'), neverAborted));
  last().fail(new UnreachableError('down'));
  await third;
  expect(notes).toEqual([
    'refresh-failed helper_failed',
    'refresh app[bot] one test',
    'refresh-failed app[bot] one unreachable',
  ]);
});

test('a renewal and a login name the token that does not serve any more', async () => {
  const { source, last } = testSource();
  const renewed = source.refresh(credential('one'), neverAborted);
  expect(last().stale).toBe('one');
  last().answer('two');
  expect(await tokenOf(renewed)).toBe('two');
  const again = source.login({ ...NOBODY, known: credential('two') }, neverAborted);
  expect(last().stale).toBe('two');
  last().answer('three');
  expect(await tokenOf(again)).toBe('three');
});

test("a renewal that joins the first token's way and gets its own token back asks once more", async () => {
  const { source, asked } = testSource();
  const first = source.load();
  const renewed = source.refresh(credential('one'), neverAborted);
  asked[0]?.answer('one');
  expect(await tokenOf(first)).toBe('one');
  await Promise.resolve();
  await expect.poll(() => asked.length).toBe(2);
  expect(asked[1]?.stale).toBe('one');
  asked[1]?.answer('two');
  expect(await tokenOf(renewed)).toBe('two');
});

test('the same token again is no renewal: one question, nothing in the trail', async () => {
  const { source, asked, notes } = testSource();
  const stale = credential('one');
  const waiting = [source.refresh(stale, neverAborted), source.refresh(stale, neverAborted)];
  asked[0]?.answer('one');
  expect(await Promise.all(waiting.map(tokenOf))).toEqual(['one', 'one']);
  expect(asked).toHaveLength(1);
  expect(notes).toEqual([]);
});

test('what is under way is given up with the last who waits for it, and not before', async () => {
  const { source, asked, notes } = testSource();
  const [one, other] = [new AbortController(), new AbortController()];
  const waiting = [one, other].map(({ signal }) => rejection(source.refresh(credential('one'), signal)));
  one.abort(new Error('one leaves'));
  expect(await waiting[0]).toEqual(new Error('one leaves'));
  expect(asked[0]?.signal.aborted).toBe(false);
  other.abort(new Error('both have left'));
  expect(await waiting[1]).toEqual(new Error('both have left'));
  expect(asked[0]?.signal.reason).toEqual(new Error('both have left'));
  // It tells of that as of a failure, which it is not.
  asked[0]?.fail(new Error('both have left'));
  const next = source.refresh(credential('one'), neverAborted);
  asked[1]?.answer('two');
  expect(await tokenOf(next)).toBe('two');
  expect(notes).toEqual(['refresh app[bot] two test']);
});

test('a login ends when the session closes', async () => {
  const { source, last } = testSource();
  const closing = new AbortController();
  const login = rejection(source.login({ ...NOBODY, closing: closing.signal }, neverAborted));
  closing.abort(new Error('the proxy ends'));
  expect(await login).toEqual(new Error('the proxy ends'));
  expect(last().signal.aborted).toBe(true);
});

test('where tokens are handed back, a login that is on its way when the session closes goes on', async () => {
  const { source, last } = testSource({ release: () => Promise.resolve() });
  const closing = new AbortController();
  const login = source.login({ ...NOBODY, closing: closing.signal }, neverAborted);
  closing.abort(new Error('the proxy ends'));
  expect(last().signal.aborted).toBe(false);
  last().answer('one');
  expect(await tokenOf(login)).toBe('one');
});

test('after a logout nothing is asked for until somebody logs in, with whatever token serves then', async () => {
  const { source, asked, last } = testSource();
  const current = credential('one');
  expect(await source.logout(current, neverAborted)).toEqual({ was: undefined, unrevoked: undefined });
  expect(await source.load()).toBeUndefined();
  const refused = await rejection(source.refresh(current, neverAborted));
  expect(refused).toMatchObject({ code: 'logged_out' });
  expect(asked).toEqual([]);
  const login = source.login({ ...NOBODY, known: current }, neverAborted);
  expect(last().stale).toBeUndefined();
  last().answer('one');
  expect(await tokenOf(login)).toBe('one');
});

test('a token is taken out of service once, and noted; a failure is logged and harms nobody', async () => {
  const gone: string[] = [];
  const { source, notes, log } = testSource({
    release: ({ accessToken }) => {
      gone.push(accessToken.reveal());
      return accessToken.reveal() === 'bad' ? Promise.reject(new Error('503')) : Promise.resolve();
    },
  });
  const current = credential('one');
  await source.logout(current, neverAborted);
  await source.release(current, neverAborted);
  await source.release(credential('bad'), neverAborted);
  expect(gone).toEqual(['one', 'bad']);
  expect(notes).toEqual(['revocation app[bot] one']);
  expect(log.lines).toEqual(['warn: a token for github.example could not be revoked: 503']);
});

test('one that the session has no time left for is told of before the session has ended', async () => {
  const ending = new AbortController();
  const { source, log } = testSource({ release: () => new Promise(() => {}) });
  const released = source.release(credential('one'), ending.signal);
  ending.abort(new Error('the proxy ends'));
  await released;
  expect(log.lines).toEqual([
    'warn: a token for github.example could not be revoked: there was no answer before the end of the session',
  ]);
});

test('a token that others use as well is left in service', async () => {
  const { source, notes } = testSource();
  await source.release(credential('one'), neverAborted);
  expect(notes).toEqual([]);
});
