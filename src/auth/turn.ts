// Whose turn it is to renew or replace the stored credential: the lock beside it, and the wait for it.
// Not for: what is done under it, or how a lock works (vault/lock.ts).
import type { Clock, Timer } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import { explanationOf, StorageError, UnreachableError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { HeldLock, Lock, RecordIdentity, Vault } from '../vault/vault.ts';

/** The first and the longest pause between two tries, in ms; a jitter of half as much either way is put on each. */
const FIRST_PAUSE = 50;
const LONGEST_PAUSE = 200;
/**
 * Nobody needs a turn for longer, in ms: a refresher ends within 30 s, and one that hangs loses the lock. A drain that
 * was prepared may take as long as it was given, which is 30 s unless a person says otherwise.
 */
const PATIENCE = 90_000;

/** One lock object a wait. Where nothing is shared with other processes the lock is this process's own. */
export function refreshLocks(vault: Vault, identity: RecordIdentity): () => Lock {
  const { sharing } = vault;
  return sharing ? () => sharing.lock(identity, 'refresh') : processLocks();
}

export interface TurnOptions<T> {
  readonly lock: Lock;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked between two tries: what it finds ends the wait. */
  readonly look: () => Promise<T | undefined>;
  readonly signal?: AbortSignal;
}

export type Turn<T> =
  { readonly kind: 'held'; readonly held: HeldLock } | { readonly kind: 'found'; readonly found: T };

/**
 * Waits until the lock is ours or there is nothing left to do. Where the state directory does not let anybody lock, it
 * is done without, and said so: a renewal must not fail for want of a disk.
 * @throws {UnreachableError} another process keeps the lock for far too long
 * @throws the signal's reason as soon as it aborts
 */
export async function takeTurn<T>({ lock, clock, log, look, signal }: TurnOptions<T>): Promise<Turn<T>> {
  const from = clock.steady();
  for (let pauseMs = FIRST_PAUSE; ; pauseMs = Math.min(pauseMs * 1.3, LONGEST_PAUSE)) {
    const held = await tryTake(lock, log);
    if (held) return { kind: 'held', held };
    if (clock.steady() - from > PATIENCE) throw tooLong();
    await delay(clock, pauseMs * (0.5 + clock.random()), signal);
    const found = await look();
    if (found !== undefined) return { kind: 'found', found };
  }
}

/**
 * Does something under the lock, or without it where another process never gives it back: what was begun at the server
 * has to be stored, and a logout is not put off.
 * @throws the signal's reason where it aborts before the work has begun
 */
export async function inTurn<T>(
  options: Omit<TurnOptions<never>, 'look'>,
  work: (held: HeldLock) => Promise<T>,
): Promise<T> {
  const held = await waitFor(options);
  try {
    return await work(held);
  } finally {
    await held.release();
  }
}

async function waitFor(options: Omit<TurnOptions<never>, 'look'>): Promise<HeldLock> {
  try {
    const turn = await takeTurn<never>({ ...options, look: () => Promise.resolve(undefined) });
    return turn.kind === 'held' ? turn.held : NO_LOCK;
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    options.log.warn(explanationOf(error));
    return NO_LOCK;
  }
}

/** Well within the time after which a lock that nobody touches is lost (vault/sharing.ts), in ms. */
const TOUCH_EVERY = 5000;

/** Keeps a lock until it is cancelled. */
export function touching(held: HeldLock, clock: Clock): Timer {
  const touch = (): void => {
    void held.touch();
    timer = clock.after(TOUCH_EVERY, touch);
  };
  let timer = clock.after(TOUCH_EVERY, touch);
  return { cancel: () => timer.cancel() };
}

/** Keeps a lock while something goes on under it that may take long: a person is asked, a network is slow. */
export async function keptAlive<T>(held: HeldLock, clock: Clock, work: Promise<T>): Promise<T> {
  const timer = touching(held, clock);
  try {
    return await work;
  } finally {
    timer.cancel();
  }
}

async function tryTake(lock: Lock, log: Log): Promise<HeldLock | undefined> {
  try {
    return await lock.tryTake();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.error(`other windows cannot be kept waiting: ${explanationOf(error)}`);
    return NO_LOCK;
  }
}

function tooLong(): UnreachableError {
  return new UnreachableError('another process has been renewing the login for too long', {
    next: 'Try again; if it stays so, end the other gh-mcp-proxy processes of this login.',
  });
}

/** Stands for a lock that nobody can contend for. */
export const NO_LOCK: HeldLock = {
  nonce: '',
  isHeld: () => Promise.resolve(true),
  touch: () => Promise.resolve(),
  passTo: () => Promise.resolve(),
  release: () => Promise.resolve(),
};

function processLocks(): () => Lock {
  let holder: symbol | undefined;
  const tryLock = (): HeldLock | undefined => {
    if (holder) return undefined;
    const own = Symbol('holder');
    holder = own;
    return {
      ...NO_LOCK,
      isHeld: () => Promise.resolve(holder === own),
      release: () => {
        if (holder === own) holder = undefined;
        return Promise.resolve();
      },
    };
  };
  return () => ({ tryTake: () => Promise.resolve(tryLock()) });
}
