// A session that needs no login: a credential put into a state directory as a login would have left it there.
// Not for: tests of the login itself.
import type { GithubEmulator } from '../../fixtures/github/emulator.mjs';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { Secret } from '../../src/base/secret.ts';
import { parseGithubHost } from '../../src/github/hosts.ts';
import { createFileVault } from '../../src/vault/file.ts';
import { tempDir } from './temp.ts';
import { createTestLog } from './test-log.ts';

export interface LoggedInOptions {
  /** Issues the token; without it one is invented that nobody accepts, for servers that ask nobody. */
  readonly github?: GithubEmulator;
  /** Default: the GitHub App, whose tokens expire; an invented token never does. */
  readonly clientId?: string;
  /** Instead of what the issuer said: milliseconds since the epoch, such as a time that has passed. */
  readonly expiresAt?: number;
  /** When the token was issued, as the store says it: with `expiresAt` it decides when it is renewed. Default: now. */
  readonly issuedAt?: number;
  /** Default: a new folder. */
  readonly stateDir?: string;
}

export interface LoggedIn {
  /** Options of gh-mcp-proxy: store, state directory, client id, host. */
  readonly args: readonly string[];
  readonly token: string;
  readonly refreshToken: string | undefined;
  readonly stateDir: string;
}

/** Where no emulator was given. Nothing listens there; nothing should ask. */
const NOWHERE = 'http://127.0.0.1:9';

/** Stores a credential, of octocat and fresh, and gives what a proxy needs to find it. Only inside a test. */
export async function loggedIn({
  github,
  clientId = CLIENT_IDS.githubApp,
  stateDir = tempDir(),
  expiresAt,
  issuedAt = Date.now(),
}: LoggedInOptions = {}): Promise<LoggedIn> {
  const host = github?.url ?? NOWHERE;
  const issued = github?.issue(clientId) ?? {
    accessToken: 'ghu_InventedInventedInventedInvented0123',
    expiresAt: null,
    refreshToken: null,
    refreshExpiresAt: null,
  };
  const identity = {
    mode: 'device',
    issuer: parseGithubHost(host).loginUrl,
    clientId,
    profile: 'default',
    scopes: [],
  };
  await createFileVault({ stateDir, log: createTestLog() }).write(identity, {
    accessToken: new Secret(issued.accessToken),
    ...(issued.refreshToken !== null && { refreshToken: new Secret(issued.refreshToken) }),
    issuedAt,
    ...(issued.expiresAt !== null && { expiresAt: expiresAt ?? issued.expiresAt }),
    ...(issued.refreshExpiresAt !== null && { refreshTokenExpiresAt: issued.refreshExpiresAt }),
    scopes: [],
    login: 'octocat',
    rotation: issued.refreshToken === null ? 'overlapping' : 'exclusive',
  });
  return {
    args: ['--store', 'file', '--state-dir', stateDir, '--oauth-client-id', clientId, '--gh-host', host],
    token: issued.accessToken,
    refreshToken: issued.refreshToken ?? undefined,
    stateDir,
  };
}
