// A login at a shell, as the shortest way to a state directory with a profile in it. Not for: what the command says.
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { startCommand } from './command.ts';

/** `login` at the emulator with its GitHub App, kept in files. */
export function loginArgs(
  github: { readonly url: string },
  stateDir: string,
  ...more: readonly string[]
): [string, ...string[]] {
  const store = ['--store', 'file', '--state-dir', stateDir];
  return ['login', '--gh-host', github.url, '--oauth-client-id', CLIENT_IDS.githubApp, ...store, ...more];
}

/**
 * Logs in, approved by `account`.
 * @throws {Error} with what the command printed, unless it ended with 0
 */
export async function logInAtShell(
  github: GithubEmulator,
  stateDir: string,
  { args = [], account }: { readonly args?: readonly string[]; readonly account?: string } = {},
): Promise<void> {
  const command = startCommand(loginArgs(github, stateDir, ...args));
  github.approve(await github.waitForCode(), account);
  const { code, stderr } = await command.ended;
  if (code !== 0) throw new Error(`login ended with ${code}:\n${stderr}`);
}
