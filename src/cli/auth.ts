// One way to a token with all that makes its source: a type for each mode. Not for: where that comes from
// (auth-settings.ts), or opening it (source.ts).
import type { KeySource } from '../auth/app/key-source.ts';
import type { ExchangeSettings } from '../auth/exchange/settings.ts';
import type { SecretSource } from '../auth/secret-source.ts';
import type { Secret } from '../base/secret.ts';
import type { GithubHost } from '../github/hosts.ts';
import type { Lookup } from './lookups.ts';

export interface DeviceAuth {
  readonly mode: 'device';
  readonly host: GithubHost;
  /** `undefined`: nobody can log in, and the source says how to get one. */
  readonly clientId: string | undefined;
  readonly clientSecret: SecretSource | undefined;
  readonly scopes: readonly string[];
}

export interface BrowserAuth {
  readonly mode: 'browser';
  readonly host: GithubHost;
  readonly clientId: string;
  readonly clientSecret: SecretSource | undefined;
  readonly scopes: readonly string[];
  /** `undefined`: a random one. */
  readonly callbackPort: number | undefined;
}

export interface OauthAuth {
  readonly mode: 'oauth';
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: SecretSource | undefined;
  readonly scopes: readonly string[];
}

export interface ExchangeAuth {
  readonly mode: 'exchange';
  /** Of the tokens that it gives, where they are GitHub's. */
  readonly host: GithubHost;
  readonly settings: ExchangeSettings;
  /** Of the command that prints the subject's token, in ms. */
  readonly timeoutMs: number;
  /** Of the login at the issuer; `undefined`: a random one. */
  readonly callbackPort: number | undefined;
}

export interface AppAuth {
  readonly mode: 'github-app';
  readonly host: GithubHost;
  readonly appId: string;
  readonly key: KeySource;
  readonly installation:
    | { readonly kind: 'id'; readonly id: number }
    | { readonly kind: 'owner'; readonly owner: string }
    | { readonly kind: 'repository'; readonly owner: string; readonly repository: string }
    | { readonly kind: 'only' };
  readonly repositories: readonly string[];
  readonly permissions: Readonly<Record<string, string>>;
  /** Of a key's command, in ms. */
  readonly timeoutMs: number;
}

interface GhAuth {
  readonly mode: 'gh';
  readonly host: GithubHost;
  readonly user: string | undefined;
}

interface CommandAuth {
  readonly mode: 'command';
  readonly command: string;
  readonly timeoutMs: number;
}

export interface EnvAuth {
  readonly mode: 'env';
  /** The variable that it was taken from. */
  readonly name: string;
  readonly token: Secret;
}

/** Those whose credential is stored: it is named by issuer, client id and scopes. */
export type LoginAuth = DeviceAuth | BrowserAuth | OauthAuth | ExchangeAuth;
type UnattendedAuth = AppAuth | GhAuth | CommandAuth | EnvAuth;
/** One way to a token, with all that makes its source. */
export type Auth = LoginAuth | UnattendedAuth;

/** Where the settings of a way come from, beside its options. */
export interface AuthInput {
  readonly look: Lookup;
  readonly env: NodeJS.ProcessEnv;
  readonly host: GithubHost;
  readonly tokenEnv: readonly string[];
}
