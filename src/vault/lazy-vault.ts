// Stands for a vault on a disk until it is used. Not for: what it does then.
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { codeOf } from '../base/errors.ts';
import type { HeldLock, RecordIdentity, SharedVault } from './vault.ts';

/**
 * @param stateDir where there is no record at all it is `read` without loading anything: node:crypto takes milliseconds
 * @param load called once, when more than that is wanted
 */
export function lazyVault(stateDir: string, load: () => Promise<SharedVault>): SharedVault {
  let loading: Promise<SharedVault> | undefined;
  const vault = (): Promise<SharedVault> => (loading ??= load());
  const sharing = async (): Promise<SharedVault['sharing']> => (await vault()).sharing;

  return {
    async read(identity) {
      if (loading === undefined && (await isEmpty(stateDir))) return { kind: 'none' };
      return (await vault()).read(identity);
    },
    write: async (identity, record) => (await vault()).write(identity, record),
    remove: async (identity) => (await vault()).remove(identity),
    list: async () => (await vault()).list(),
    describe: async (identity) => (await vault()).describe(identity),
    sharing: {
      lock(identity, purpose) {
        // One object a wait: it remembers what it saw.
        const lock = once(async () => (await sharing()).lock(identity, purpose));
        return { tryTake: async () => (await lock()).tryTake() };
      },
      resumeLock: (identity, purpose, nonce) =>
        lazyHeldLock(
          nonce,
          once(async () => (await sharing()).resumeLock(identity, purpose, nonce)),
        ),
      watch: (identity, onChange) => lazyWatch(sharing(), identity, onChange),
      readFlow: async (identity) => (await sharing()).readFlow(identity),
      writeFlow: async (identity, flow) => (await sharing()).writeFlow(identity, flow),
      removeFlow: async (identity) => (await sharing()).removeFlow(identity),
      delegate: async (identity) => (await sharing()).delegate(identity),
    },
  };
}

/** Whether there certainly is no record. What goes wrong with the directory is for the vault itself to tell. */
async function isEmpty(stateDir: string): Promise<boolean> {
  try {
    return !(await readdir(path.join(stateDir, 'credentials'))).some((name) => name.endsWith('.json'));
  } catch (error) {
    return codeOf(error) === 'ENOENT';
  }
}

function lazyHeldLock(nonce: string, held: () => Promise<HeldLock>): HeldLock {
  return {
    nonce,
    isHeld: async () => (await held()).isHeld(),
    touch: async () => (await held()).touch(),
    passTo: async (pid) => (await held()).passTo(pid),
    release: async () => (await held()).release(),
  };
}

/** It begins late: what has happened by then is not known, so the first news is that there may be some. */
function lazyWatch(
  sharing: Promise<SharedVault['sharing']>,
  identity: RecordIdentity,
  onChange: () => void,
): () => void {
  let end: (() => void) | undefined;
  let isEnded = false;
  const begin = async (): Promise<void> => {
    const ready = await sharing;
    if (isEnded) return;
    end = ready.watch(identity, onChange);
    onChange();
  };
  void begin();
  return () => {
    isEnded = true;
    end?.();
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
