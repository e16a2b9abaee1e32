// Writes profiles, through `conf`: atomic, for their owner only. Loaded by `login` alone: it takes 20 ms.
// Not for: reading them at a start (profiles.ts), or secrets: those are the vault's.
import path from 'node:path';
import Conf from 'conf';
import { systemClock } from '../base/clock.ts';
import { messageOf, StorageError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { awaitLock, createLock } from '../vault/lock.ts';
import { makePrivateDirectory } from '../vault/private-file.ts';
import { list } from './lookups.ts';
import type { OptionTexts } from './option-names.ts';
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
    const conf = new Conf<{ profiles: Record<string, unknown> }>({
      cwd: stateDir,
      configName: PROFILES_NAME,
      fileExtension: 'json',
      configFileMode: 0o600,
      clearInvalidConfig: false,
      // Names may have dots.
      accessPropertiesByDotNotation: false,
    });
    // As the file has them: fields that a newer version added stay.
    const kept = Object.entries(conf.get('profiles', {}));
    conf.set('profiles', Object.fromEntries([...kept, [name, written(profile)]]));
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

/** As it stands in the file: a login by device flow as the first versions wrote it, for they may run beside this one. */
function written({ auth, options, ...rest }: Profile): Readonly<Record<string, unknown>> {
  if (auth !== 'device') return { auth, ...rest, options: plain(options) };
  const { 'oauth-client-id': clientId, 'oauth-scopes': scopes, ...more } = options;
  return {
    ...rest,
    clientId: clientId?.at(-1) ?? '',
    scopes: list(scopes?.at(-1) ?? ''),
    ...(Object.keys(more).length > 0 && { options: plain(more) }),
  };
}

/** One text where there is one. */
function plain(options: OptionTexts): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options).map(([option, texts]) => [option, texts.length === 1 ? texts[0] : texts]),
  );
}
