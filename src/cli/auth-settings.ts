// What the settings of each way to a token mean, checked before anything starts. Not for: choosing the way
// (auth-choice.ts), or opening it (source.ts).
import type { SecretSource } from '../auth/secret-source.ts';
import { UsageError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import { isSafe, parseUrl } from '../net/web-address.ts';
import type { Auth, AuthInput, DeviceAuth, EnvAuth } from './auth.ts';
import type { AuthMode } from './auth-modes.ts';
import { callbackPort, commandTimeout, list, needed } from './lookups.ts';
import type { Lookup } from './lookups.ts';
import { SECRET_VARIABLES } from './option-names.ts';

/** Set by a distributor who ships a client id of their own; none is built in. */
const DEFAULT_CLIENT_ID: string | undefined = undefined;

/**
 * The settings of one mode. The code for the larger ones is loaded here, when they are chosen.
 * @throws {UsageError} naming the setting that is wrong or missing, and what it takes
 */
export function readAuth(mode: AuthMode, input: AuthInput): Auth | Promise<Auth> {
  const { look, host } = input;
  switch (mode) {
    case 'device':
      return { mode, host, ...app(input), clientId: clientId(look, GITHUB_ID) ?? DEFAULT_CLIENT_ID };
    case 'browser':
      return {
        mode,
        host,
        ...app(input),
        clientId: needed(clientId(look, GITHUB_ID), mode, 'oauth-client-id', 'the app to log in with'),
        callbackPort: callbackPort(look),
      };
    case 'oauth':
      return {
        mode,
        issuer: issuer(look),
        ...app(input),
        clientId: needed(clientId(look, ANY_ID), mode, 'oauth-client-id', 'the id that its server gave you'),
      };
    case 'exchange':
      return import('./exchange-options.ts').then(({ readExchange }) => readExchange(input));
    case 'github-app':
      return import('./app-options.ts').then(({ readApp }) => readApp(input));
    case 'gh':
      return { mode, host, user: ghUser(look) };
    case 'command':
      return { mode, command: tokenCommand(look), timeoutMs: commandTimeout(look) };
    case 'env':
      break;
  }
  return tokenInEnv(input);
}

/** What modes with a client id share. */
function app({ look, env }: AuthInput): Pick<DeviceAuth, 'clientSecret' | 'scopes'> {
  return {
    clientSecret: clientSecret(look, env),
    scopes: list(look.value('oauth-scopes')?.text ?? ''),
  };
}

/** Where it is; it is read when the source is opened. */
function clientSecret({ value }: Lookup, env: NodeJS.ProcessEnv): SecretSource | undefined {
  const file = value('oauth-client-secret-file');
  const name = SECRET_VARIABLES.oauthClientSecret;
  if (env[name] && file?.by !== 'flag') return { kind: 'env', name };
  if (file?.text.trim() === '')
    throw new UsageError(`${file.from} is empty`, { next: 'Give a file, or leave the option out.' });
  return file && { kind: 'file', path: file.text };
}

const GITHUB_ID = {
  pattern: /^[A-Za-z0-9._-]{4,100}$/,
  next: 'It is shown on the app\'s settings page as "Client ID", such as Iv23liABCDEFGHIJKLMN.',
};
const ANY_ID = {
  pattern: /^[\x21-\x7e]{1,255}$/,
  next: 'It is what the authorization server calls your client or application, one word.',
};

function clientId({ value }: Lookup, { pattern, next }: typeof GITHUB_ID): string | undefined {
  const given = value('oauth-client-id');
  // Anything else is a secret or a typing error, and not printed.
  if (!given || pattern.test(given.text)) return given?.text;
  throw new UsageError(`${given.from} is not a client id`, { next });
}

/** As it was given: an issuer is compared letter by letter (RFC 8414, 3.3). */
function issuer({ value }: Lookup): string {
  const given = needed(value('issuer'), 'oauth', 'issuer', 'the URL of the authorization server');
  const text = given.text.trim();
  const url = parseUrl(text);
  if (url && isSafe(url) && url.username + url.password + url.search + url.hash === '') return text;
  throw new UsageError(`${given.from} is not the URL of an authorization server`, {
    next: 'It takes an https:// URL without user name, query or fragment, such as https://gitlab.com; http:// only for loopback.',
  });
}

function ghUser({ value }: Lookup): string | undefined {
  const given = value('gh-user');
  if (!given || /^[\w.-]{1,100}$/.test(given.text)) return given?.text;
  throw new UsageError(`${given.from} is "${given.text}", which is no account's name`, {
    next: 'gh auth status lists the accounts that gh is logged in to.',
  });
}

/** Never printed: a command may have a secret in it. */
function tokenCommand({ value }: Lookup): string {
  const given = needed(
    value('token-command'),
    'command',
    'token-command',
    'a shell command that prints a token',
  );
  if (given.text.trim() !== '') return given.text;
  throw new UsageError(`${given.from} is empty`, { next: 'Give a shell command that prints a token.' });
}

/** The first that is set: the others get the same token. */
function tokenInEnv({ env, tokenEnv }: AuthInput): EnvAuth {
  const name = tokenEnv.find((one) => env[one]);
  const token = name === undefined ? undefined : env[name];
  if (name !== undefined && token !== undefined) return { mode: 'env', name, token: new Secret(token) };
  const none = tokenEnv.length === 1 ? 'is not set' : 'are not set';
  throw new UsageError(`--auth env passes a token on, but ${tokenEnv.join(' and ')} ${none}`, {
    next: 'Set it where the client is started, or name the variable that holds the token with --token-env.',
  });
}
