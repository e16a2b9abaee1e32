// The options of the command line, their environment names and the help text.
// Not for: what they mean together (settings.ts).
import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '../base/errors.ts';
import { looksLikeToken } from '../upstream/environment.ts';

/** Every option that takes a value, with the environment variable that gives it where the flag does not. */
const VALUE_OPTIONS = {
  'oauth-client-id': 'GITHUB_OAUTH_CLIENT_ID',
  'oauth-scopes': 'GITHUB_OAUTH_SCOPES',
  'gh-host': 'GITHUB_HOST',
  'token-env': 'GH_MCP_PROXY_TOKEN_ENV',
  store: 'GH_MCP_PROXY_STORE',
  'state-dir': 'GH_MCP_PROXY_STATE_DIR',
  'before-login': 'GH_MCP_PROXY_BEFORE_LOGIN',
  'open-browser': 'GH_MCP_PROXY_OPEN_BROWSER',
  'drain-timeout': 'GH_MCP_PROXY_DRAIN_TIMEOUT',
  rotation: 'GH_MCP_PROXY_ROTATION',
  'auth-failure-pattern': 'GH_MCP_PROXY_AUTH_FAILURE_PATTERN',
  'log-level': 'GH_MCP_PROXY_LOG_LEVEL',
} as const;

export type ValueOption = keyof typeof VALUE_OPTIONS;

export interface CommandLine {
  readonly help: boolean;
  readonly version: boolean;
  /** A value with the name under which a person knows it (`--gh-host`, or the variable's name). */
  readonly value: (option: ValueOption) => { readonly text: string; readonly from: string } | undefined;
  /** Every value of an option that may be given several times. */
  readonly values: (option: ValueOption) => readonly string[];
  /** The wrapped command: what stands after `--`. */
  readonly command: readonly string[];
}

const HOW_TO_START = 'gh-mcp-proxy [options] -- COMMAND [ARGUMENTS...]';

/**
 * Reads the command line; a flag wins over its environment variable.
 * @throws {UsageError} an unknown option, one without its value, or no command
 */
export function readCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const split = argv.indexOf('--');
  const own = split === -1 ? argv : argv.slice(0, split);
  const { values, positionals } = parse(own);
  const [stray] = positionals;
  if (stray !== undefined && looksLikeToken(stray)) {
    throw misplacedToken('the command line has what looks like a token');
  }
  if (stray !== undefined) {
    throw new UsageError(`"${stray}" is not an option of gh-mcp-proxy`, {
      next: `Put the server's command after "--": ${HOW_TO_START}`,
    });
  }
  const help = values.help === true;
  const version = values.version === true;
  const command = split === -1 ? [] : argv.slice(split + 1);
  if (!help && !version && command.length === 0) {
    const what = split === -1 ? 'there is no "--"' : 'nothing stands after "--"';
    throw new UsageError(`no server to run: ${what}`, { next: `Usage: ${HOW_TO_START}` });
  }
  const nameOf = (option: ValueOption): string =>
    values[option] === undefined ? VALUE_OPTIONS[option] : `--${option}`;
  const all = (option: ValueOption): readonly string[] => {
    const given = values[option] ?? env[VALUE_OPTIONS[option]] ?? [];
    const texts = (Array.isArray(given) ? given : given === '' ? [] : [given]).filter(isText);
    // Before anybody says what is wrong with it and prints it.
    if (texts.some(looksLikeToken))
      throw misplacedToken(`${nameOf(option)} was given what looks like a token`);
    return texts;
  };
  return {
    help,
    version,
    command,
    values: all,
    value: (option) => {
      const text = all(option).at(-1);
      return text === undefined ? undefined : { text, from: nameOf(option) };
    },
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function misplacedToken(what: string): UsageError {
  return new UsageError(`${what}; no option takes one`, {
    next: 'Remove it and revoke that token, for others could read it there; the login is made by auth_login.',
  });
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs> {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  };
  for (const name of Object.keys(VALUE_OPTIONS)) options[name] = { type: 'string', multiple: true };
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node's message names the option, without its value. What it goes on to advise is about Node's own "--".
    const [first = ''] = messageOf(error).split(/\.(?:\s|$)/);
    const withoutValue = /^Option '([^ ']+).* argument (?:missing|is ambiguous)$/.exec(first)?.[1];
    throw new UsageError(withoutValue === undefined ? first : `${withoutValue} needs a value`, {
      next: 'See gh-mcp-proxy --help for the options.',
    });
  }
}

export function helpText(version: string): string {
  return `gh-mcp-proxy ${version}
Wraps an MCP server that wants a token in its environment: logs in from inside the client, renews the
token, and replaces the server's process when the token changes, without the client losing its session.

Usage: ${HOW_TO_START}

Example: gh-mcp-proxy --oauth-client-id Iv23... -- docker run -i --rm ghcr.io/github/github-mcp-server

Options (and the environment variables that give them):
  --oauth-client-id ID     the OAuth App or GitHub App to log in with; device flow must be enabled in it
                           (GITHUB_OAUTH_CLIENT_ID)
  --oauth-scopes LIST      scopes to ask for, separated by commas or spaces; OAuth Apps only
                           (GITHUB_OAUTH_SCOPES)
  --gh-host HOST           github.com (default), SUB.ghe.com, or a GitHub Enterprise Server; http:// only for
                           loopback (GITHUB_HOST)
  --token-env NAME         the variable in which the server takes its token; may be repeated
                           (default GITHUB_PERSONAL_ACCESS_TOKEN; GH_MCP_PROXY_TOKEN_ENV)
  --store memory|file      where the login is kept: nowhere (default), or encrypted in the state directory with
                           a key file beside it, readable by your account only (GH_MCP_PROXY_STORE)
  --state-dir DIR          the state directory (default: the platform's own; GH_MCP_PROXY_STATE_DIR)
  --before-login MODE      placeholder (default): the server runs without a login, so that its tools are listed;
                           auth-only: it is started after the login (GH_MCP_PROXY_BEFORE_LOGIN)
  --open-browser WHEN      auto (default: on a local desktop), always or never: open the page where the code is
                           entered (GH_MCP_PROXY_OPEN_BROWSER)
  --drain-timeout SECONDS  how long calls may go on when the token has to be replaced (default 30;
                           GH_MCP_PROXY_DRAIN_TIMEOUT)
  --rotation KIND          what a new token does to the old one, where that is not as its source has it
                           (GH_MCP_PROXY_ROTATION):
                           exclusive: the old one is dead at once (GitHub App), so calls wait for the new server;
                           overlapping: the old one works on, so its server does until the new one is ready
  --auth-failure-pattern REGEX
                           how the server says that its token was refused, where it is not GitHub's: sought in the
                           first 4096 characters of error messages and of texts of results with isError, never in
                           other content; may be repeated (GH_MCP_PROXY_AUTH_FAILURE_PATTERN: one). For GitLab's:
                           --auth-failure-pattern "401 Unauthorized"
  --log-level LEVEL        silent, error, warn (default), info or debug, on stderr (GH_MCP_PROXY_LOG_LEVEL)
  -h, --help               this text
  -v, --version            the version

Exit codes: 0 the client closed the session, 1 error, 2 wrong usage, 128+N ended by signal N.
`;
}
