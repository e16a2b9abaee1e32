// The settings of one run of the program: flags over environment over profile over defaults, checked once and frozen
// (DESIGN 2.7). Not for: reading the command line (options.ts) or profiles (profiles.ts), or acting on any of it.
import path from 'node:path';
import { messageOf, UsageError } from '../base/errors.ts';
import { LOG_LEVELS } from '../base/log.ts';
import type { LogLevel } from '../base/log.ts';
import { parseGithubHost } from '../github/hosts.ts';
import type { GithubHost } from '../github/hosts.ts';
import { validateTokenEnvName } from '../upstream/environment.ts';
import type { Passphrase } from '../vault/open.ts';
import { defaultStateDir } from '../vault/state-dir.ts';
import { parseFailurePattern } from './auth-failure-pattern.ts';
import type { ValueOption } from './option-names.ts';
import type { CommandLine, Given } from './options.ts';
import { profileName, withProfile } from './profiles.ts';
import type { Lookup, Profile, Profiles } from './profiles.ts';

/** Set by a distributor who ships a client id of their own; none is built in. */
const DEFAULT_CLIENT_ID: string | undefined = undefined;
const DEFAULT_TOKEN_ENV = 'GITHUB_PERSONAL_ACCESS_TOKEN';

const STORES = ['auto', 'keychain', 'file', 'memory'] as const;
const BEFORE_LOGIN = ['placeholder', 'auth-only'] as const;
const OPEN_BROWSER = ['auto', 'always', 'never'] as const;
const ROTATIONS = ['exclusive', 'overlapping'] as const;

export interface Settings {
  readonly command: readonly string[];
  readonly profile: string;
  readonly host: GithubHost;
  /** The host was named, so the server is told as well. */
  readonly hostGiven: boolean;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly tokenEnv: readonly string[];
  readonly store: (typeof STORES)[number];
  readonly passphrase: Passphrase | undefined;
  readonly stateDir: string;
  /** `--store memory` without a state directory: not a single file is written. */
  readonly writesNothing: boolean;
  readonly authTools: boolean;
  readonly beforeLogin: (typeof BEFORE_LOGIN)[number];
  readonly openBrowser: (typeof OPEN_BROWSER)[number];
  /** Milliseconds. */
  readonly drainTimeout: number;
  /** What a new token does to the old one; `undefined`: as its source says. */
  readonly rotation: (typeof ROTATIONS)[number] | undefined;
  /** On top of those of the token source. */
  readonly authFailurePatterns: readonly RegExp[];
  readonly logLevel: LogLevel;
  readonly logFile: string | undefined;
}

/**
 * @param profiles those of {@link readStateDir}; none where it is left out
 * @throws {UsageError} naming the setting that is wrong and what it takes
 */
export function readSettings(
  line: CommandLine,
  env: NodeJS.ProcessEnv,
  profiles?: Pick<Profiles, 'all' | 'file'>,
): Settings {
  const profile = profileName(line);
  const stored = profiles?.all.get(profile);
  const look = withProfile(line, profile, stored, sameHost);
  const host = hostOf(look);
  refuseTwoHosts(line, host, env);
  if (stored) refuseOtherHost(line, profile, stored);
  const tokenEnv = line.values('token-env').flatMap(list);
  tokenEnv.forEach(validateTokenEnvName);
  const settings = {
    command: line.command,
    profile,
    host,
    hostGiven: line.value('gh-host') !== undefined || host.kind !== 'github.com',
    clientId: clientId(look),
    scopes: list(look('oauth-scopes')?.text ?? ''),
    tokenEnv: tokenEnv.length === 0 ? [DEFAULT_TOKEN_ENV] : [...new Set(tokenEnv)],
    store: oneOf(look, 'store', STORES, 'auto'),
    passphrase: passphrase(look),
    stateDir: readStateDir(line, env),
    writesNothing: look('store')?.text === 'memory' && line.value('state-dir') === undefined,
    authTools: line.switchedOn('auth-tools'),
    beforeLogin: oneOf(look, 'before-login', BEFORE_LOGIN, 'placeholder'),
    openBrowser: oneOf(look, 'open-browser', OPEN_BROWSER, 'auto'),
    drainTimeout: seconds(look, 'drain-timeout', 30),
    rotation: oneOf(look, 'rotation', ROTATIONS, undefined),
    authFailurePatterns: authFailurePatterns(line),
    logLevel: oneOf(look, 'log-level', LOG_LEVELS, 'warn'),
    logFile: pathOf(look, 'log-file', 'a file'),
  };
  // A typing error would otherwise look like a login that was lost.
  if (line.verb.name === 'run' && line.value('profile') && !stored && settings.clientId === undefined)
    throw noSuchProfile(settings, profiles);
  return Object.freeze(settings);
}

/** Absolute. It has to be known before the profiles in it are. */
export function readStateDir(line: CommandLine, env: NodeJS.ProcessEnv): string {
  return pathOf(line.value, 'state-dir', 'a directory') ?? defaultStateDir(env, process.platform);
}

/** Whether both mean one host; a text that is none is another one than any. */
function sameHost(one: string, other: string): boolean {
  try {
    return parseGithubHost(one).loginUrl === parseGithubHost(other).loginUrl;
  } catch {
    return false;
  }
}

function hostOf(look: Lookup): GithubHost {
  const given = look('gh-host');
  try {
    return parseGithubHost(given?.text ?? 'github.com');
  } catch (error) {
    if (!given?.from.startsWith('the profile ')) throw error;
    throw new UsageError(`${given.from} does not name a host: ${messageOf(error)}`, {
      next: 'Log in again with --gh-host, which writes the profile anew.',
    });
  }
}

/** A server that talks to one host must not be handed the token of another. */
function refuseTwoHosts(line: CommandLine, host: GithubHost, env: NodeJS.ProcessEnv): void {
  const inherited = env['GITHUB_HOST'];
  if (inherited === undefined || inherited === '' || line.value('gh-host')?.from !== '--gh-host') return;
  // Nothing but a server takes it from there; a command does as its flag says.
  if (line.verb.name !== 'run' || parseGithubHost(inherited).loginUrl === host.loginUrl) return;
  throw new UsageError(
    `--gh-host is ${host.label}, but GITHUB_HOST is ${inherited}, which the server would use`,
    {
      next: 'Remove one of the two, or make them the same.',
    },
  );
}

/** Whoever names a profile means its account: another host beside it is a mistake. `login` may move a profile. */
function refuseOtherHost(line: CommandLine, name: string, profile: Profile): void {
  const given = line.value('gh-host');
  if (!given || !line.value('profile') || line.verb.name === 'login') return;
  if (line.verb.name === 'audit' || sameHost(given.text, profile.host)) return;
  throw new UsageError(`the profile ${name} is for ${profile.host}, but ${given.from} is ${given.text}`, {
    next: 'Remove one of the two, or name another profile.',
  });
}

function noSuchProfile(
  { profile, stateDir }: Settings,
  profiles: Pick<Profiles, 'file'> | undefined,
): UsageError {
  return new UsageError(`there is no profile ${profile} in ${profiles?.file ?? stateDir}`, {
    next: `Make it: gh-mcp-proxy login --profile ${profile} --oauth-client-id CLIENT_ID (and --gh-host HOST, if it is not github.com).`,
  });
}

function clientId(look: Lookup): string | undefined {
  const given = look('oauth-client-id');
  if (!given) return DEFAULT_CLIENT_ID;
  // Ids are like Iv23liABCDEF or 178c6fc778ccc68e1d6a; anything else is a secret or a typing error.
  if (/^[A-Za-z0-9._-]{4,100}$/.test(given.text)) return given.text;
  throw new UsageError(`${given.from} is not a client id`, {
    next: 'It is shown on the app\'s settings page as "Client ID", such as Iv23liABCDEFGHIJKLMN.',
  });
}

/** Where the passphrase is; it is read when a record needs it. */
function passphrase(look: Lookup): Passphrase | undefined {
  const file = pathOf(look, 'passphrase-file', 'a file');
  const fd = look('passphrase-fd');
  if (!fd) return file === undefined ? undefined : { kind: 'file', path: file };
  if (file !== undefined) {
    throw new UsageError(`both --passphrase-fd and ${look('passphrase-file')?.from ?? ''} are given`, {
      next: 'Give one of them.',
    });
  }
  if (!/^\d{1,4}$/.test(fd.text) || Number(fd.text) < 3) {
    throw new UsageError(`--passphrase-fd is "${fd.text}"`, {
      next: 'It takes the number of an open file, 3 or more, such as --passphrase-fd 3 3<FILE.',
    });
  }
  return { kind: 'fd', fd: Number(fd.text) };
}

/** Absolute. An empty name, such as a client makes of a variable that is not set, would mean the working directory. */
function pathOf(look: Lookup, option: ValueOption, what: string): string | undefined {
  const given = look(option);
  if (given?.text.trim() === '')
    throw new UsageError(`${given.from} is empty`, { next: `Give ${what}, or leave the option out.` });
  return given && path.resolve(given.text);
}

function authFailurePatterns(line: CommandLine): RegExp[] {
  const from = line.value('auth-failure-pattern')?.from ?? '';
  return line.values('auth-failure-pattern').map((text) => parseFailurePattern(text, from));
}

function oneOf<const T extends string, const Otherwise extends T | undefined>(
  look: Lookup,
  option: ValueOption,
  allowed: readonly T[],
  otherwise: Otherwise,
): T | Otherwise {
  const given = look(option);
  if (!given) return otherwise;
  const found = allowed.find((value) => value === given.text);
  if (found !== undefined) return found;
  throw new UsageError(`${given.from} is "${given.text}"`, {
    next: `It takes one of: ${allowed.join(', ')}.`,
  });
}

/** A number of seconds as milliseconds. */
function seconds(look: Lookup, option: ValueOption, otherwise: number): number {
  const given: Given | undefined = look(option);
  const value = given ? Number(given.text) : otherwise;
  if (Number.isFinite(value) && value >= 0 && given?.text !== '') return value * 1000;
  throw new UsageError(`${given?.from} is "${given?.text}"`, {
    next: 'It takes a number of seconds, such as 30.',
  });
}

function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}
