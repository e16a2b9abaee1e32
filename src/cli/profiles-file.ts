// Writes profiles, through `conf`: atomic, for their owner only. Loaded by `login` alone: it takes 20 ms.
// Not for: reading them at a start (profiles.ts), or secrets: those are the vault's.
import path from 'node:path';
import Conf from 'conf';
import { systemClock } from '../base/clock.ts';
import { messageOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { awaitLock, createLock } from '../vault/lock.ts';
import { makePrivateDirectory } from '../vault/private-file.ts';
import { PROFILES_NAME } from './profiles.ts';
import type { Profile } from './profiles.ts';

/** Nobody holds the lock for more than a few ms; who has hung with it loses it. In ms. */
const LOCK_TTL = 2_000;

/**
 * Keeps `profile` under `name` beside those that are there, and those that others save at the same moment.
 * @throws {StorageError} it cannot be written; what was there is still whole
 */
export async function saveProfile(stateDir: string, name: string, profile: Profile, log: Log): Promise<void> {
  await makePrivateDirectory(stateDir, log);
  // conf reads and writes in two steps.
  const lock = createLock(path.join(stateDir, `${PROFILES_NAME}.lock`), {
    ttlMs: LOCK_TTL,
    clock: systemClock,
    log,
  });
  const held = await awaitLock(lock, systemClock);
  try {
    const conf = new Conf<{ profiles: Record<string, Profile> }>({
      cwd: stateDir,
      configName: PROFILES_NAME,
      fileExtension: 'json',
      configFileMode: 0o600,
      clearInvalidConfig: false,
      // Names may have dots.
      accessPropertiesByDotNotation: false,
    });
    // As the file has them: fields that a newer version added stay.
    conf.set('profiles', Object.fromEntries([...Object.entries(conf.get('profiles', {})), [name, profile]]));
  } catch (error) {
    throw new StorageError(
      `the profile ${name} cannot be saved in ${path.join(stateDir, PROFILES_NAME)}.json: ${messageOf(error)}`,
      {
        next: 'Give yourself permission to write there, or choose another place with --state-dir (GH_MCP_PROXY_STATE_DIR).',
        cause: error,
      },
    );
  } finally {
    await held?.release();
  }
}
