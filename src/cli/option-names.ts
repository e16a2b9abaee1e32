// The names of all options, and of the environment variables that give them where the flag does not.
// Not for: reading them (options.ts), or which command takes which (verbs.ts).

/** Every option that takes a value, with the environment variable that gives it where the flag does not. */
export const VALUE_OPTIONS = {
  'oauth-client-id': 'GITHUB_OAUTH_CLIENT_ID',
  'oauth-scopes': 'GITHUB_OAUTH_SCOPES',
  'gh-host': 'GITHUB_HOST',
  profile: 'GH_MCP_PROXY_PROFILE',
  'token-env': 'GH_MCP_PROXY_TOKEN_ENV',
  store: 'GH_MCP_PROXY_STORE',
  'passphrase-file': 'GH_MCP_PROXY_PASSPHRASE_FILE',
  'passphrase-fd': undefined,
  'state-dir': 'GH_MCP_PROXY_STATE_DIR',
  'before-login': 'GH_MCP_PROXY_BEFORE_LOGIN',
  'open-browser': 'GH_MCP_PROXY_OPEN_BROWSER',
  'drain-timeout': 'GH_MCP_PROXY_DRAIN_TIMEOUT',
  rotation: 'GH_MCP_PROXY_ROTATION',
  'auth-failure-pattern': 'GH_MCP_PROXY_AUTH_FAILURE_PATTERN',
  'log-level': 'GH_MCP_PROXY_LOG_LEVEL',
  'log-file': 'GH_MCP_PROXY_LOG_FILE',
  since: undefined,
  limit: undefined,
} as const;

/** Every option without a value, with the variable that switches it on where the flag does not. */
export const SWITCHES = {
  'auth-tools': 'GH_MCP_PROXY_AUTH_TOOLS',
  force: undefined,
  json: undefined,
} as const;

/** Those with a letter beside their name. */
export const SHORT: Readonly<Record<string, string>> = { help: 'h', version: 'v', limit: 'n' };

export type ValueOption = keyof typeof VALUE_OPTIONS;
export type Switch = keyof typeof SWITCHES;
