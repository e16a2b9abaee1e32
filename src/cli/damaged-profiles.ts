// What is done about a file of profiles that is none: it is kept aside and named. Not for: reading it (profiles.ts).
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { setAside } from '../vault/private-file.ts';

/**
 * Moves the file out of the way, so that the next login does not write over what may be mended by hand.
 * @param judged the bytes that were found to be no profiles
 */
export async function keepProfilesAside(file: string, judged: Uint8Array, log: Log): Promise<void> {
  const aside = await setAside(file, judged).catch((error: unknown) => {
    // A session does without profiles; `login` will say that it cannot write one.
    log.warn(`the profiles in ${file} are damaged: ${messageOf(error)}`);
    return undefined;
  });
  if (aside === undefined) return;
  log.warn(
    `the profiles in ${file} are damaged; kept as ${aside}. Mend that file and put it back, or log in again with ` +
      'gh-mcp-proxy login',
  );
}
