// The help: of the program, and of each command. Loaded when somebody asks for it.
// Not for: which command takes which option (verbs.ts); a test compares.
import { HOW_TO_START } from './options.ts';
import type { ValueOption, Switch } from './option-names.ts';
import type { CommandName } from './verbs.ts';
import { COMMANDS } from './verbs.ts';

/** Lines of an option's description; the name and its value in front. */
type Told = readonly [head: string, ...lines: string[]];

/** In the order in which they are told. */
const OPTIONS: Readonly<Record<ValueOption | Switch, Told>> = {
  'oauth-client-id': [
    '--oauth-client-id ID',
    'the OAuth App or GitHub App to log in with; device flow must be enabled in it',
    '(GITHUB_OAUTH_CLIENT_ID)',
  ],
  'oauth-scopes': [
    '--oauth-scopes LIST',
    'scopes to ask for, separated by commas or spaces; OAuth Apps only',
    '(GITHUB_OAUTH_SCOPES)',
  ],
  'gh-host': [
    '--gh-host HOST',
    'github.com (default), SUB.ghe.com, or a GitHub Enterprise Server; http:// only for',
    'loopback (GITHUB_HOST)',
  ],
  profile: [
    '--profile NAME',
    'the account: host, client id and scopes are those that gh-mcp-proxy login kept under',
    'this name; what is given beside it goes before (default: default;',
    'GH_MCP_PROXY_PROFILE)',
  ],
  'token-env': [
    '--token-env NAME',
    'the variable in which the server takes its token; may be repeated',
    '(default GITHUB_PERSONAL_ACCESS_TOKEN; GH_MCP_PROXY_TOKEN_ENV)',
  ],
  store: [
    '--store WHERE',
    'where a new login is kept, always encrypted (GH_MCP_PROXY_STORE):',
    'auto (default): keychain if there is one, else file',
    'keychain: in the state directory, its key in the keychain of the system',
    'file: the same with a key file beside it, or with a passphrase',
    'memory: nowhere; it ends with this process',
  ],
  'passphrase-file': [
    '--passphrase-file FILE',
    'for --store file: a passphrase, in a file that only you can read, instead of a key file',
    '(GH_MCP_PROXY_PASSPHRASE_FILE)',
  ],
  'passphrase-fd': ['--passphrase-fd N', 'the same from a file descriptor, 3 or above'],
  'state-dir': [
    '--state-dir DIR',
    "the state directory (default: the platform's own; GH_MCP_PROXY_STATE_DIR)",
  ],
  'auth-tools': [
    '--auth-tools',
    'list auth_login, auth_status and auth_logout after the login as well',
    '(GH_MCP_PROXY_AUTH_TOOLS=1)',
  ],
  'before-login': [
    '--before-login MODE',
    'placeholder (default): the server runs without a login, so that its tools are listed;',
    'auth-only: it is started after the login (GH_MCP_PROXY_BEFORE_LOGIN)',
  ],
  'open-browser': [
    '--open-browser WHEN',
    'auto (default: on a local desktop), always or never: open the page where the code is',
    'entered (GH_MCP_PROXY_OPEN_BROWSER)',
  ],
  'drain-timeout': [
    '--drain-timeout SECONDS',
    'how long calls may go on when the token has to be replaced (default 30;',
    'GH_MCP_PROXY_DRAIN_TIMEOUT)',
  ],
  rotation: [
    '--rotation KIND',
    'what a new token does to the old one, where that is not as its source has it',
    '(GH_MCP_PROXY_ROTATION):',
    'exclusive: the old one is dead at once (GitHub App), so calls wait for the new server;',
    'overlapping: the old one works on, so its server does until the new one is ready',
  ],
  'auth-failure-pattern': [
    '--auth-failure-pattern REGEX',
    "how the server says that its token was refused, where it is not GitHub's: sought in the",
    'first 4096 characters of error messages and of texts of results with isError, never in',
    "other content; may be repeated (GH_MCP_PROXY_AUTH_FAILURE_PATTERN: one). For GitLab's:",
    '--auth-failure-pattern "401 Unauthorized"',
  ],
  force: ['--force', 'log in although the stored login works'],
  json: ['--json', 'print JSON, for a script'],
  since: ['--since WHEN', 'from then on: a span such as 30m, 24h or 7d, or a date such as 2030-01-31'],
  limit: ['-n, --limit N', 'the last N entries'],
  'log-level': [
    '--log-level LEVEL',
    'silent, error, warn (default), info or debug, on stderr (GH_MCP_PROXY_LOG_LEVEL)',
  ],
  'log-file': [
    '--log-file FILE',
    'append diagnostics to a file as well, from the level info on (GH_MCP_PROXY_LOG_FILE)',
  ],
};

/** Beside its options, what each command does, and what its exit code says. */
const ABOUT: Readonly<Record<CommandName, { readonly what: string; readonly more: string }>> = {
  login: {
    what: `Logs you in by a one-time code, and keeps host, client id and scopes as a profile. After that
\`gh-mcp-proxy -- COMMAND\` finds the login, or \`gh-mcp-proxy --profile NAME -- COMMAND\`.`,
    more: `A second account: gh-mcp-proxy login --profile work --oauth-client-id ID
Exit codes: 0 logged in, 1 error, 2 wrong usage or cancelled.`,
  },
  logout: {
    what: `Forgets a login for every window, and revokes its tokens: on github.com always, elsewhere with the app's client
secret in GITHUB_OAUTH_CLIENT_SECRET. The profile stays: it holds nothing secret.`,
    more: 'Without options: the only login there is. Exit codes: 0 logged out, 1 error or nobody is logged in, 2 wrong usage.',
  },
  status: {
    what: `Shows every login and every profile: whose it is, where it is kept and until when. GitHub is not asked.`,
    more: `--json prints {"logins": [...]}, each with the keys host, account, profile, state (usable, expired, unreadable or
none), usable, store, expiresAt, renewedAutomatically, refreshTokenExpiresAt, scopes, clientId, tokenFingerprint and
problem; what is not known is null, and times are ISO 8601 in UTC.
Exit codes: 0 a login that was asked for is usable, 1 it cannot be opened, 2 wrong usage, 4 nobody is logged in.`,
  },
  token: {
    what: `Prints the access token and nothing else on stdout, renewed first where little is left of its life.`,
    more: `For example: GH_TOKEN=$(gh-mcp-proxy token) gh repo list
Exit codes: 0 printed, 1 error, 2 wrong usage, 4 a person has to log in.`,
  },
  refresh: {
    what: `Renews the access token now. Windows that are open take the new one over by themselves.`,
    more: 'Exit codes: 0 renewed, 1 error, 2 wrong usage, 4 a person has to log in.',
  },
  audit: {
    what: `Shows what was noted of logins, tokens and servers, oldest first. Tokens are told apart by eight hex digits of their
SHA-256; the trail never holds one.`,
    more: `--json prints one entry a line, with the keys time, event, profile, host, login, token, generation, pid, detail.
Exit codes: 0 shown, 1 error, 2 wrong usage.`,
  },
};

const COLUMN = 27;

function optionsText(options: readonly string[]): string {
  const told = Object.entries(OPTIONS).filter(([name]) => options.includes(name));
  const all: Told[] = [...told.map(([, lines]) => lines), ['-h, --help', 'this text']];
  return all
    .map(([head, first = '', ...more]) => {
      const indent = ' '.repeat(COLUMN);
      const start = `  ${head}`;
      const lines = start.length < COLUMN - 1 ? [start.padEnd(COLUMN) + first] : [start, indent + first];
      return [...lines, ...more.map((line) => indent + line)].join('\n');
    })
    .join('\n');
}

/** Of the program, with the options of `run`. */
export function helpText(version: string, runOptions: readonly string[]): string {
  const commands = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n');
  return `gh-mcp-proxy ${version}
Wraps an MCP server that wants a token in its environment: logs in from inside the client, renews the
token, and replaces the server's process when the token changes, without the client losing its session.

Usage: ${HOW_TO_START}
       gh-mcp-proxy login | logout | status | token | refresh | audit [options]

Example: gh-mcp-proxy --oauth-client-id Iv23... -- docker run -i --rm ghcr.io/github/github-mcp-server

Commands (each has a --help of its own):
${commands}

Options (and the environment variables that give them):
${optionsText(runOptions)}
  -v, --version            the version

Exit codes: 0 the client closed the session, 1 error, 2 wrong usage, 128+N ended by signal N.
`;
}

/** Of one command. */
export function commandHelp(name: CommandName, options: readonly string[]): string {
  const { what, more } = ABOUT[name];
  return `${what}

Usage: gh-mcp-proxy ${name} [options]

Options (and the environment variables that give them):
${optionsText(options)}

${more}
`;
}
