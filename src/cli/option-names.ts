// The names of all options, and of the environment variables that give them where the flag does not.
// Not for: reading them (options.ts), which command takes which (verbs.ts), or which way to a token (auth-modes.ts).

/** Every option that takes a value, with the environment variable that gives it where the flag does not. */
export const VALUE_OPTIONS = {
  auth: 'GH_MCP_PROXY_AUTH',
  'oauth-client-id': 'GITHUB_OAUTH_CLIENT_ID',
  'oauth-scopes': 'GITHUB_OAUTH_SCOPES',
  'oauth-client-secret-file': 'GITHUB_OAUTH_CLIENT_SECRET_FILE',
  'oauth-callback-port': 'GITHUB_OAUTH_CALLBACK_PORT',
  issuer: 'GH_MCP_PROXY_ISSUER',
  'app-id': 'GITHUB_APP_ID',
  'app-private-key-path': 'GITHUB_APP_PRIVATE_KEY_PATH',
  'app-private-key': 'GH_MCP_PROXY_APP_PRIVATE_KEY',
  'app-installation-id': 'GITHUB_APP_INSTALLATION_ID',
  'app-owner': 'GITHUB_APP_OWNER',
  'app-repository': 'GITHUB_APP_REPOSITORY',
  'app-repositories': 'GITHUB_APP_REPOSITORIES',
  'app-permissions': 'GITHUB_APP_PERMISSIONS',
  'exchange-preset': 'GH_MCP_PROXY_EXCHANGE_PRESET',
  'exchange-issuer': 'GH_MCP_PROXY_EXCHANGE_ISSUER',
  'exchange-token-endpoint': 'GH_MCP_PROXY_EXCHANGE_TOKEN_ENDPOINT',
  'exchange-client-id': 'GH_MCP_PROXY_EXCHANGE_CLIENT_ID',
  'exchange-client-auth': 'GH_MCP_PROXY_EXCHANGE_CLIENT_AUTH',
  'exchange-client-secret-file': 'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET_FILE',
  'exchange-client-key-file': 'GH_MCP_PROXY_EXCHANGE_CLIENT_KEY_FILE',
  'exchange-resource': 'GH_MCP_PROXY_EXCHANGE_RESOURCE',
  'exchange-audience': 'GH_MCP_PROXY_EXCHANGE_AUDIENCE',
  'exchange-scopes': 'GH_MCP_PROXY_EXCHANGE_SCOPES',
  'exchange-param': 'GH_MCP_PROXY_EXCHANGE_PARAM',
  'exchange-consent-rule': 'GH_MCP_PROXY_EXCHANGE_CONSENT_RULE',
  'subject-token-file': 'GH_MCP_PROXY_SUBJECT_TOKEN_FILE',
  'subject-token-env': 'GH_MCP_PROXY_SUBJECT_TOKEN_ENV',
  'subject-token-command': 'GH_MCP_PROXY_SUBJECT_TOKEN_COMMAND',
  'subject-token-type': 'GH_MCP_PROXY_SUBJECT_TOKEN_TYPE',
  'subject-scopes': 'GH_MCP_PROXY_SUBJECT_SCOPES',
  'gh-user': 'GH_MCP_PROXY_GH_USER',
  'token-command': 'GH_MCP_PROXY_TOKEN_COMMAND',
  'command-timeout': 'GH_MCP_PROXY_COMMAND_TIMEOUT',
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

/** Secrets that come by a variable alone: others on the machine can read an argument. */
export const SECRET_VARIABLES = {
  oauthClientSecret: 'GITHUB_OAUTH_CLIENT_SECRET',
  appPrivateKey: 'GITHUB_APP_PRIVATE_KEY',
  exchangeClientSecret: 'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET',
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

/** What is given for options, each as often as it is given. */
export type OptionTexts = Readonly<Partial<Record<ValueOption, readonly string[]>>>;
