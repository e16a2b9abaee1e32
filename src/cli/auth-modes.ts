// The ways to a token that --auth names, and which options are whose. Not for: which way is taken (auth-choice.ts), or what
// the options mean (auth-settings.ts).
import type { ValueOption } from './option-names.ts';

/** Those that a person logs in with: what comes of it is stored, and shared by all windows. */
export const LOGIN_MODES = ['device', 'browser', 'oauth', 'exchange'] as const;
/** Those in which nobody can do anything: each session gets a token of its own, and nothing is stored. */
export const UNATTENDED_MODES = ['github-app', 'gh', 'command', 'env'] as const;

export type LoginMode = (typeof LOGIN_MODES)[number];
export type UnattendedMode = (typeof UNATTENDED_MODES)[number];
export type AuthMode = LoginMode | UnattendedMode;

/**
 * The options of each mode, beside those that all of them take (--gh-host among them). The order tells what depends on
 * what: where an option of {@link ANCHORS} is given other than the profile has it, what stands behind it in the list
 * does not come from the profile either.
 */
export const MODE_OPTIONS: Readonly<Record<AuthMode, readonly ValueOption[]>> = {
  device: ['oauth-client-id', 'oauth-client-secret-file', 'oauth-scopes'],
  browser: ['oauth-callback-port', 'oauth-client-id', 'oauth-client-secret-file', 'oauth-scopes'],
  oauth: ['issuer', 'oauth-client-id', 'oauth-client-secret-file', 'oauth-scopes'],
  exchange: [
    'exchange-preset',
    'exchange-issuer',
    'exchange-token-endpoint',
    'exchange-resource',
    'exchange-audience',
    'exchange-scopes',
    'exchange-param',
    'exchange-consent-rule',
    'subject-token-file',
    'subject-token-env',
    'subject-token-command',
    'subject-token-type',
    'subject-scopes',
    'oauth-callback-port',
    'command-timeout',
    'exchange-client-id',
    'exchange-client-auth',
    'exchange-client-secret-file',
    'exchange-client-key-file',
  ],
  'github-app': [
    'command-timeout',
    'app-id',
    'app-private-key-path',
    'app-private-key',
    'app-installation-id',
    'app-owner',
    'app-repository',
    'app-repositories',
    'app-permissions',
  ],
  gh: ['gh-user'],
  command: ['command-timeout', 'token-command'],
  env: [],
};

export const ANCHORS: readonly ValueOption[] = [
  'issuer',
  'exchange-issuer',
  'exchange-token-endpoint',
  'exchange-client-id',
  'app-id',
  'oauth-client-id',
];

/** Options of which one is enough: what is given by a flag goes before a variable, and that before a profile. */
export const ALTERNATIVES: readonly (readonly ValueOption[])[] = [
  ['app-installation-id', 'app-owner', 'app-repository'],
  ['app-private-key', 'app-private-key-path'],
  ['subject-token-file', 'subject-token-env', 'subject-token-command'],
  ['exchange-client-secret-file', 'exchange-client-key-file'],
];

export function isUnattended(mode: AuthMode): mode is UnattendedMode {
  return UNATTENDED_MODES.some((one) => one === mode);
}

/** The mode of that name, in exactly these letters. */
export function findMode(name: string): AuthMode | undefined {
  return [...LOGIN_MODES, ...UNATTENDED_MODES].find((mode) => mode === name);
}
