// The help: of the program, and of each command. Loaded when somebody asks for it.
// Not for: what is said of each option (help-options.ts).
import { OPTION_GROUPS } from './help-options.ts';
import type { Told } from './help-options.ts';
import { HOW_TO_START } from './options.ts';
import type { CommandName } from './verbs.ts';
import { COMMANDS } from './verbs.ts';

/** Beside its options, what each command does, and what its exit code says. */
const ABOUT: Readonly<Record<CommandName, { readonly what: string; readonly more: string }>> = {
  login: {
    what: `Logs you in, and keeps the settings as a profile. After that \`gh-mcp-proxy -- COMMAND\` finds the login, or
\`gh-mcp-proxy --profile NAME -- COMMAND\`. Where nobody logs in (github-app, gh, command, env) it gets a token, gives it
up again, and keeps how it was got. A profile holds nothing secret: no token, no key, no client secret.`,
    more: `A second account: gh-mcp-proxy login --profile work --oauth-client-id ID
A job's own: gh-mcp-proxy login --profile ci --app-id ID --app-private-key-path FILE --app-owner ORG
Exit codes: 0 logged in, 1 error, 2 wrong usage or cancelled.`,
  },
  logout: {
    what: `Forgets a login for every window, and revokes its tokens: on github.com always, elsewhere with the app's client
secret in GITHUB_OAUTH_CLIENT_SECRET. The profile stays: it holds nothing secret.`,
    more: 'Without options: the only login there is. Exit codes: 0 logged out, 1 error or nobody is logged in, 2 wrong usage.',
  },
  status: {
    what: `Shows which way to a token the settings choose, and why; then every login and every profile: whose it is, where it
is kept and until when. No server is asked.`,
    more: `--json prints {"mode", "because", "logins": [...]}, each login with the keys mode, issuer, host, account, profile,
state (usable, expired, unreadable or none), usable, store, expiresAt, renewedAutomatically, refreshTokenExpiresAt,
scopes, clientId, tokenFingerprint and problem; what is not known is null, and times are ISO 8601 in UTC.
Exit codes: 0 a login that was asked for is usable, or none is needed, 1 it cannot be opened, 2 wrong usage, 4 nobody is
logged in.`,
  },
  token: {
    what: `Prints the access token and nothing else on stdout, renewed first where little is left of its life. Where nobody
logs in (github-app, gh, command, env) it is a new one, and yours: nothing revokes it before it expires.`,
    more: `For example: GH_TOKEN=$(gh-mcp-proxy token) gh repo list
Exit codes: 0 printed, 1 error, 2 wrong usage, 4 a person has to log in.`,
  },
  refresh: {
    what: `Renews the access token now. Windows that are open take the new one over by themselves. Where nobody logs in nothing is
stored, so that there is nothing to renew.`,
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

/** The options in groups, each with its title where there are several. */
function optionsText(options: readonly string[]): string {
  const groups = OPTION_GROUPS.map(({ title, options: told }) => ({
    title,
    told: Object.entries(told).filter(([name]) => options.includes(name)),
  })).filter(({ told }) => told.length > 0);
  return groups
    .map(({ title, told }) => [`${title}:`, ...told.map(([, lines]) => optionText(lines))].join('\n'))
    .join('\n\n');
}

function optionText([head, first = '', ...more]: Told): string {
  const indent = ' '.repeat(COLUMN);
  const start = `  ${head}`;
  const lines = start.length < COLUMN - 1 ? [start.padEnd(COLUMN) + first] : [start, indent + first];
  return [...lines, ...more.map((line) => indent + line)].join('\n');
}

/** Of the program, with the options of `run`. */
export function helpText(version: string, runOptions: readonly string[]): string {
  const commands = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n');
  return `gh-mcp-proxy ${version}
Wraps an MCP server that wants a token in its environment: logs in from inside the client, renews the
token, and replaces the server's process when the token changes, without the client losing its session.

Usage: ${HOW_TO_START}
       gh-mcp-proxy login | logout | status | token | refresh | audit [options]

For example, logging in by a one-time code, and as an installation of a GitHub App:
  gh-mcp-proxy --oauth-client-id Iv23... -- docker run -i --rm ghcr.io/github/github-mcp-server
  gh-mcp-proxy --app-id 123456 --app-private-key-path key.pem -- github-mcp-server stdio

Commands (each has a --help of its own):
${commands}

Options, with the environment variables that give them in brackets:

${optionsText(runOptions)}

  -h, --help               this text
  -v, --version            the version

Exit codes: 0 the client closed the session, 1 error, 2 wrong usage, 128+N ended by signal N.
`;
}

/** Of one command. */
export function commandHelp(name: CommandName, options: readonly string[]): string {
  const { what, more } = ABOUT[name];
  return `${what}

Usage: gh-mcp-proxy ${name} [options]

Options, with the environment variables that give them in brackets:

${optionsText(options)}

  -h, --help               this text

${more}
`;
}
