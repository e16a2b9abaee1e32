// Where a platform's programs keep state by convention. Not for: --state-dir and its variable, which come before.
import { homedir } from 'node:os';
import path from 'node:path';

const NAME = 'gh-mcp-proxy';

/**
 * The state directory where none was named. Clients hand over few variables, so all of them may be missing.
 * @param env such as `process.env`
 * @param platform such as `process.platform`
 */
export function defaultStateDir(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === 'win32') {
    const local =
      given(env.LOCALAPPDATA) ?? path.win32.join(given(env.USERPROFILE) ?? homedir(), 'AppData', 'Local');
    return path.win32.join(local, NAME);
  }
  const home = given(env.HOME) ?? homedir();
  if (platform === 'darwin') return path.posix.join(home, 'Library', 'Application Support', NAME);
  // The XDG Base Directory Specification: a relative path is invalid and must be ignored.
  const state = given(env.XDG_STATE_HOME);
  const base =
    state !== undefined && path.posix.isAbsolute(state) ? state : path.posix.join(home, '.local', 'state');
  return path.posix.join(base, NAME);
}

/** A variable that is set to nothing counts as not set. */
function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
