// Tells when a file may have been changed by anybody: by the system's own news where there is such a thing, else by a
// look once a second. Not for: what changed; whoever is told reads the file again.
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { makePrivateDirectory } from './private-file.ts';

export interface WatchOptions {
  readonly clock: Clock;
  readonly log: Log;
}

/** One replacement of a file is several events; they come within a few ms. In ms. */
const BURST_MS = 20;
/** Between two looks where the system tells nothing. In ms. */
const LOOK_MS = 1000;

/**
 * File systems whose changes by other machines Linux does not tell of: NFS, SMB, 9p, FUSE (sshfs, shared folders of
 * virtual machines), Ceph, AFS, VirtualBox, Lustre. From linux/magic.h and statfs(2).
 */
const SHARED_FILE_SYSTEMS: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x01021997, 0x65735546, 0x00c36400, 0x5346414f, 0x786f4256,
  0x0bd00bd0,
]);

/**
 * Calls `onChange` soon after `file` may have been made, replaced, changed or removed; at most once in 20 ms, and now and
 * then without a reason, such as when the watch begins late. The file's directory is made where it is missing. While
 * nothing happens there is no timer, except on file systems that tell of nothing.
 * @returns ends it: nothing is called any more
 */
export function watchFile(file: string, onChange: () => void, { clock, log }: WatchOptions): () => void {
  const directory = path.dirname(file);
  let isEnded = false;
  let watcher: FSWatcher | undefined;
  let burst: Timer | undefined;
  let look: Timer | undefined;

  const tell = (): void => {
    if (isEnded) return;
    burst ??= clock.after(BURST_MS, () => {
      burst = undefined;
      onChange();
    });
  };

  const unwatch = (): void => {
    watcher?.close();
    watcher = undefined;
  };

  /** @throws what the system says where it cannot */
  const listen = (): void => {
    // `persistent: false`: a process with nothing else to do may end.
    watcher = watch(directory, { persistent: false }, (_, name) => {
      if (name === path.basename(file)) tell();
      // Of the directory itself the system tells by its name, or by none: it was removed or moved, and the watch with it.
      else if (name === null || name === path.basename(directory)) lose('its directory was removed or moved');
    });
    watcher.on('error', (error) => lose(messageOf(error)));
  };

  /** From news to looks, until the system tells of changes again. */
  const lose = (why: string): void => {
    if (isEnded || look !== undefined) return;
    unwatch();
    log.debug(`changes of ${file} are looked for once a second: ${why}`);
    tell();
    lookLater(undefined, true);
  };

  /**
   * @param before what was seen at the last look
   * @param mayListen whether the system may tell of changes by then
   */
  const lookLater = (before: string | undefined, mayListen: boolean): void => {
    look = clock.after(LOOK_MS, () => void lookNow(before, mayListen));
  };

  const lookNow = async (before: string | undefined, mayListen: boolean): Promise<void> => {
    if (mayListen && canListen()) {
      look = undefined;
      // Whatever happened between the last look and this moment.
      return tell();
    }
    const now = await appearanceOf(file);
    if (isEnded) return;
    if (before !== now) tell();
    lookLater(now, mayListen);
  };

  const canListen = (): boolean => {
    try {
      listen();
      return true;
    } catch {
      return false;
    }
  };

  const begin = async (): Promise<void> => {
    try {
      if (watcher === undefined) {
        await makePrivateDirectory(directory, log);
        if (isEnded) return;
        listen();
        tell();
      }
      if (process.platform !== 'linux') return;
      // A signed number on 32-bit systems.
      const { type } = await statfs(directory);
      if (isEnded || !SHARED_FILE_SYSTEMS.has(type >>> 0)) return;
      unwatch();
      log.debug(`changes of ${file} are looked for once a second: it is on a network file system`);
      tell();
      lookLater(undefined, false);
    } catch (error) {
      lose(messageOf(error));
    }
  };

  // At once where that is possible, so that no change after this call is missed.
  canListen();
  void begin();

  return () => {
    isEnded = true;
    unwatch();
    burst?.cancel();
    look?.cancel();
  };
}

/** Differs for any two contents that were put there by a rename, and for nearly all that were written in place. */
async function appearanceOf(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join(' ');
  } catch {
    return 'none';
  }
}
