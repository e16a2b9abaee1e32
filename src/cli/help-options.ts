// What the help says of each option, in groups. Not for: laying it out (help.ts), or which command takes which option
// (verbs.ts); a test compares.
import type { Switch, ValueOption } from './option-names.ts';

/** Lines of an option's description; the name and its value in front. */
export type Told = readonly [head: string, ...lines: string[]];

type Option = ValueOption | Switch;

export interface OptionGroup {
  readonly title: string;
  readonly options: Readonly<Partial<Record<Option, Told>>>;
}

/** In the order in which they are told. */
export const OPTION_GROUPS: readonly OptionGroup[] = [
  {
    title: 'Which way to a token',
    options: {
      auth: [
        '--auth MODE',
        'how a token is got (GH_MCP_PROXY_AUTH):',
        'auto (default): in the first of these ways that is configured',
        'device: a person logs in, by a one-time code',
        'browser: the same by a page that leads back here',
        "oauth: the same by a code, at a server that is not GitHub's",
        'exchange: a broker gives it in exchange for another token (RFC 8693)',
        'github-app: an installation of a GitHub App; nobody logs in, as in the next three',
        "gh: the login of GitHub's own command line",
        'command: what a command prints',
        'env: the token that is set already',
      ],
      'gh-host': [
        '--gh-host HOST',
        'github.com (default), SUB.ghe.com, or a GitHub Enterprise Server; http:// only for',
        'loopback (GITHUB_HOST)',
      ],
      profile: [
        '--profile NAME',
        'the settings that gh-mcp-proxy login kept under this name; flags go before it, and it',
        'goes before variables (default: default, after variables; GH_MCP_PROXY_PROFILE)',
      ],
    },
  },
  {
    title: 'Logins of a person (--auth device, browser, oauth)',
    options: {
      'oauth-client-id': [
        '--oauth-client-id ID',
        'the OAuth App or GitHub App to log in with; device: device flow must be enabled in it',
        '(GITHUB_OAUTH_CLIENT_ID)',
      ],
      'oauth-scopes': [
        '--oauth-scopes LIST',
        'scopes to ask for, separated by commas or spaces; not for GitHub Apps',
        '(GITHUB_OAUTH_SCOPES)',
      ],
      'oauth-client-secret-file': [
        '--oauth-client-secret-file FILE',
        "the app's client secret, which browser needs (GITHUB_OAUTH_CLIENT_SECRET_FILE; or the",
        'secret itself in GITHUB_OAUTH_CLIENT_SECRET)',
      ],
      'oauth-callback-port': [
        '--oauth-callback-port PORT',
        'browser, exchange: the port of 127.0.0.1 that the page leads back to (default: any that',
        'is free; GITHUB_OAUTH_CALLBACK_PORT)',
      ],
      issuer: [
        '--issuer URL',
        'oauth: the authorization server, such as https://gitlab.com (GH_MCP_PROXY_ISSUER)',
      ],
    },
  },
  {
    title: 'Installations of a GitHub App (--auth github-app)',
    options: {
      'app-id': ['--app-id ID', "the app's id or client id (GITHUB_APP_ID)"],
      'app-private-key-path': [
        '--app-private-key-path FILE',
        'its private key as PEM (GITHUB_APP_PRIVATE_KEY_PATH; or the key itself in',
        'GITHUB_APP_PRIVATE_KEY)',
      ],
      'app-private-key': [
        '--app-private-key SOURCE',
        'where the key is otherwise: file:PATH, env:NAME, command:COMMAND,',
        'aws-secretsmanager:ID[#JSON-KEY] or aws-kms:KEY (GH_MCP_PROXY_APP_PRIVATE_KEY)',
      ],
      'app-installation-id': [
        '--app-installation-id N',
        'the installation; without it the only one there is (GITHUB_APP_INSTALLATION_ID)',
      ],
      'app-owner': ['--app-owner OWNER', 'the installation of that organization or user (GITHUB_APP_OWNER)'],
      'app-repository': [
        '--app-repository OWNER/REPO',
        'the installation that reaches that repository (GITHUB_APP_REPOSITORY)',
      ],
      'app-repositories': [
        '--app-repositories LIST',
        'tokens for these alone, names separated by commas (GITHUB_APP_REPOSITORIES)',
      ],
      'app-permissions': [
        '--app-permissions LIST',
        'tokens that can do this alone, such as contents:read,issues:write',
        '(GITHUB_APP_PERMISSIONS)',
      ],
    },
  },
  {
    title: 'A broker (--auth exchange); the variable of each is GH_MCP_PROXY_ and its name in capitals',
    options: {
      'exchange-preset': ['--exchange-preset NAME', 'authplane or keycloak: what is particular about them'],
      'exchange-issuer': ['--exchange-issuer URL', 'the broker, whose addresses are looked up there'],
      'exchange-token-endpoint': [
        '--exchange-token-endpoint URL',
        'its token endpoint, where nothing can be looked up',
      ],
      'exchange-client-id': ['--exchange-client-id ID', 'the client that exchanges tokens there'],
      'exchange-client-auth': [
        '--exchange-client-auth HOW',
        'post (default), basic, private-key-jwt or none',
      ],
      'exchange-client-secret-file': [
        '--exchange-client-secret-file FILE',
        'its secret (or the secret itself in GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET)',
      ],
      'exchange-client-key-file': [
        '--exchange-client-key-file FILE',
        'its private key as PEM, for private-key-jwt',
      ],
      'exchange-resource': [
        '--exchange-resource NAME',
        'what the token is for, a URI or a slug; may be repeated',
      ],
      'exchange-audience': ['--exchange-audience NAME', 'whom it is for; may be repeated'],
      'exchange-scopes': ['--exchange-scopes LIST', 'scopes to ask for'],
      'exchange-param': [
        '--exchange-param NAME=VALUE',
        'a further parameter of the request, no secret; may be repeated',
      ],
      'exchange-consent-rule': [
        '--exchange-consent-rule RULE',
        'how the broker says that a person has to consent: "STATUS ERROR POINTER", the pointer',
        '(RFC 6901) leading to the address of the page',
      ],
      'subject-token-file': [
        '--subject-token-file FILE',
        'the token that says for whom; without any of the three a person logs in at the broker',
      ],
      'subject-token-env': ['--subject-token-env NAME', 'the same in a variable'],
      'subject-token-command': ['--subject-token-command COMMAND', 'the same as a command prints it'],
      'subject-token-type': [
        '--subject-token-type TYPE',
        'access_token (default), id_token, jwt, or another one as a URI',
      ],
      'subject-scopes': ['--subject-scopes LIST', 'scopes of the login at the broker'],
    },
  },
  {
    title: 'Programs that have a token (--auth gh, command)',
    options: {
      'gh-user': [
        '--gh-user NAME',
        'which of the accounts that gh is logged in to (default: the active one;',
        'GH_MCP_PROXY_GH_USER)',
      ],
      'token-command': [
        '--token-command COMMAND',
        'a shell command that prints a token, or JSON with token and expires_at',
        '(GH_MCP_PROXY_TOKEN_COMMAND)',
      ],
      'command-timeout': [
        '--command-timeout SECONDS',
        'how long it, or a command that prints a key, may take (default 30;',
        'GH_MCP_PROXY_COMMAND_TIMEOUT)',
      ],
    },
  },
  {
    title: 'Where logins are kept',
    options: {
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
    },
  },
  {
    title: 'The server and its session',
    options: {
      'token-env': [
        '--token-env NAME',
        'the variable in which the server takes its token; may be repeated',
        '(default GITHUB_PERSONAL_ACCESS_TOKEN; GH_MCP_PROXY_TOKEN_ENV)',
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
    },
  },
  {
    title: 'This command',
    options: {
      force: ['--force', 'log in although the stored login works'],
      json: ['--json', 'print JSON, for a script'],
      since: ['--since WHEN', 'from then on: a span such as 30m, 24h or 7d, or a date such as 2030-01-31'],
      limit: ['-n, --limit N', 'the last N entries'],
    },
  },
  {
    title: 'Diagnostics',
    options: {
      'log-level': [
        '--log-level LEVEL',
        'silent, error, warn (default), info or debug, on stderr (GH_MCP_PROXY_LOG_LEVEL)',
      ],
      'log-file': [
        '--log-file FILE',
        'append diagnostics to a file as well, from the level info on (GH_MCP_PROXY_LOG_FILE)',
      ],
    },
  },
];
