// Keeps the settings of a login, or of a way without one, as a profile. Not for: the file (profiles-file.ts), or what is
// read from it (profiles.ts).
import { StorageError } from '../base/errors.ts';
import type { CommandContext } from './command.ts';
import type { OpenStore } from './logins.ts';
import type { Profile } from './profiles.ts';
import { notice } from './screen.ts';
import type { Settings } from './settings.ts';
import { hostText } from './shell.ts';

/** So that `mcp.json` needs the name at most. Nothing of it is secret. */
export async function keepProfile({ settings, screen }: CommandContext, { log }: OpenStore): Promise<void> {
  try {
    const { saveProfile } = await import('./profiles-file.ts');
    await saveProfile(settings.stateDir, settings.profile, profileOf(settings), log);
  } catch (error) {
    // The login is there all the same.
    if (!(error instanceof StorageError)) throw error;
    await screen.say.line(notice(screen.say, `${error.message}. ${error.next}`));
  }
}

function profileOf({ auth, host, hostGiven, store, passphrase }: Settings): Profile {
  const isGithubs = 'host' in auth && auth.mode !== 'exchange';
  return {
    auth: auth.mode,
    ...((isGithubs || hostGiven) && { host: hostText(host) }),
    options: {
      ...auth.options,
      ...('clientId' in auth && auth.clientId !== undefined && { 'oauth-client-id': [auth.clientId] }),
      ...('clientId' in auth && { 'oauth-scopes': [auth.scopes.join(' ')] }),
    },
    ...(store !== 'auto' && { store }),
    ...(passphrase?.kind === 'file' && { passphraseFile: passphrase.path }),
  };
}
