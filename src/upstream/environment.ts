// The environment of a wrapped server: the parent's, less what is the proxy's own, plus the token.
// Not for: which token that is, or carrying the names into a container (container.ts).
import { UsageError } from '../base/errors.ts';

/** Set for the child where the person gave a host to the proxy and none, or a bare name, to the server. */
export const HOST_ENV = 'GITHUB_HOST';

/**
 * The proxy's settings, secret or not. Any `GITHUB_APP_*` beside a token also makes github-mcp-server refuse
 * to start, and `GITHUB_OAUTH_*` would make it log in by itself.
 */
const OWN_PREFIXES = ['GITHUB_APP_', 'GITHUB_OAUTH_', 'GH_MCP_PROXY_'];

/**
 * Where GitHub's own tools look for a token. None of them reaches the server unless `--token-env` names it:
 * a server that found two credentials would pick one by rules of its own, act as somebody else, and go on
 * doing so after a logout. Known by name, not by the look of the value: `NODE_AUTH_TOKEN=ghp_...`, which
 * `npx` needs to fetch the server itself, has to stay.
 */
const GITHUB_TOKEN_NAMES = [
  'GITHUB_PERSONAL_ACCESS_TOKEN',
  'GITHUB_TOKEN',
  'GH_TOKEN',
  'GITHUB_ENTERPRISE_TOKEN',
  'GH_ENTERPRISE_TOKEN',
  'GITHUB_ACCESS_TOKEN',
  'GITHUB_API_TOKEN',
  'GITHUB_PAT',
  'GH_PAT',
  'COPILOT_GITHUB_TOKEN',
];

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** What a token looks like that somebody wrote in the place of something else, `NAME=` before it or not. */
const TOKEN_LIKE = /(?:^|[=:])(?:gh[opusr]_|github_pat_|glpat-)/;
/** And within a text, such as an error message that was copied whole: long enough to be more than the prefix. */
const TOKEN_WITHIN = /(?:(?:gh[opusr]|github_pat)_|glpat-)\w{16}/;
/** A signed JWT: two objects in Base64url, and what follows. */
const JWT = /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\./;
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY/;

/** What a word of the command line most likely holds that must not be printed back. */
export function secretIn(word: string): 'token' | 'private key' | undefined {
  if (PRIVATE_KEY.test(word)) return 'private key';
  return TOKEN_LIKE.test(word) || TOKEN_WITHIN.test(word) || JWT.test(word) ? 'token' : undefined;
}

export function looksLikeToken(word: string): boolean {
  return secretIn(word) !== undefined;
}

export interface ChildEnvironmentOptions {
  readonly parent: NodeJS.ProcessEnv;
  /** The names of `--token-env`, each valid by {@link validateTokenEnvName}; every one gets the token. */
  readonly tokenEnv: readonly string[];
  readonly token: string;
  /** The host's origin, such as `https://ghes.example`; used only where the parent's `GITHUB_HOST` is not a URL. */
  readonly host?: string;
  /** Further names of secrets that are the proxy's own, such as those of `env:` key sources. */
  readonly ownNames?: readonly string[];
  /** Names are case-insensitive on Windows. */
  readonly platform?: NodeJS.Platform;
}

/**
 * The child's environment (DESIGN 2.5). An empty `GITHUB_HOST` counts as none, as it does for
 * github-mcp-server, which also refuses one without a scheme: the proxy takes `octo.ghe.com` and passes it on with
 * one. Names in `tokenEnv` win over every rule that removes.
 */
export function childEnvironment(options: ChildEnvironmentOptions): Record<string, string> {
  const { parent, tokenEnv, token, host, ownNames = [], platform = process.platform } = options;
  const fold = (name: string): string => (platform === 'win32' ? name.toUpperCase() : name);
  const removed = new Set([...GITHUB_TOKEN_NAMES, ...ownNames, ...tokenEnv].map(fold));
  const isOwn = (name: string): boolean =>
    removed.has(name) || OWN_PREFIXES.some((prefix) => name.startsWith(prefix));

  const kept = new Map<string, string>();
  let hostIsSet = false;
  for (const [name, value] of Object.entries(parent)) {
    if (value === undefined || isOwn(fold(name))) continue;
    if (fold(name) === HOST_ENV) {
      if (value === '' || (host !== undefined && !value.includes('://'))) continue;
      hostIsSet = true;
    }
    kept.set(name, value);
  }
  if (host !== undefined && !hostIsSet) kept.set(HOST_ENV, host);
  for (const name of tokenEnv) kept.set(name, token);
  return Object.fromEntries(kept);
}

/**
 * Checks one name given to `--token-env`.
 * @throws {UsageError} not a name that a shell and a container can carry, or one with another meaning
 */
export function validateTokenEnvName(name: string): void {
  if (looksLikeToken(name)) {
    throw new UsageError('--token-env was given what looks like a token, not the name of a variable', {
      next: 'Give the name, such as --token-env GITHUB_PERSONAL_ACCESS_TOKEN, and revoke that token: it has been in a command line.',
    });
  }
  if (!NAME.test(name)) {
    // What was given, or follows "=", may be a token of another kind: it is not printed.
    throw new UsageError(
      name.includes('=')
        ? '--token-env takes the name of a variable, without "=" and a value'
        : '--token-env was given something that is not the name of an environment variable',
      { next: 'Use letters, digits and underscores, such as --token-env GITHUB_PERSONAL_ACCESS_TOKEN.' },
    );
  }
  const folded = name.toUpperCase();
  if (folded === HOST_ENV || folded === 'PATH' || folded.startsWith('GH_MCP_PROXY_')) {
    throw new UsageError(`--token-env ${name} would put the token where something else is expected`, {
      next: 'Name the variable in which the server expects its token; its documentation tells which.',
    });
  }
}
