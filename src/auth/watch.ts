// Tells what other processes do with the stored login.
// Not for: how a change is noticed (vault/watch.ts), or what a session does about it.
import type { Clock, Timer } from '../base/clock.ts';
import type { RecordIdentity, Sharing } from '../vault/vault.ts';
import type { StoredLogin } from './stored.ts';
import type { Credential } from './token-source.ts';

export interface WatchParts {
  readonly sharing: Sharing;
  readonly identity: RecordIdentity;
  readonly stored: StoredLogin;
  /** Resolves when nothing of this process's own is on its way into the vault. Never rejects. */
  readonly settled: () => Promise<unknown>;
  readonly clock: Clock;
}

/**
 * Pauses between looks at a record that cannot be opened, in ms. No file changes when a keychain is
 * unlocked, and each look may make it ask the person.
 */
const RETRY_PAUSES = [30_000, 120_000];
const LAST_PAUSE = 600_000;

/** See TokenSource.watch. @returns ends it */
export function watchStored(
  { sharing, identity, stored, settled, clock }: WatchParts,
  onChange: (stored: Credential | undefined) => void,
): () => void {
  let hasEnded = false;
  let failures = 0;
  let timer: Timer | undefined;
  let looking = Promise.resolve();
  let isQueued = false;

  const look = async (): Promise<void> => {
    isQueued = false;
    timer?.cancel();
    await settled();
    const kept = await stored.read().catch(() => undefined);
    if (hasEnded) return;
    if (!kept) {
      // Said when it was loaded, or will be when somebody needs it.
      timer = clock.after(RETRY_PAUSES[failures] ?? LAST_PAUSE, queue);
      failures += 1;
      return;
    }
    failures = 0;
    const news = stored.newsIn(kept);
    if (news?.kind === 'credential') onChange(stored.adopt(news.credential));
    else if (news) {
      stored.forget();
      onChange(undefined);
    }
  };

  /** One look at a time, and a look for every change: one that waits to begin sees them all. */
  const queue = (): void => {
    if (isQueued) return;
    isQueued = true;
    looking = looking.then(look);
  };

  const stop = sharing.watch(identity, queue);
  // What was stored between the load and now is news as well.
  queue();
  return () => {
    hasEnded = true;
    timer?.cancel();
    stop();
  };
}
