// The settings of one run of the program: flags over environment over profile over defaults, checked once and frozen
// (DESIGN 2.7). Not for: reading the command line (options.ts) or profiles (profiles.ts), or acting on any of it.
import { messageOf, UsageError } from '../base/errors.ts';
import { LOG_LEVELS } from '../base/log.ts';
import type { LogLevel } from '../base/log.ts';
import { parseGithubHost } from '../github/hosts.ts';
import type { GithubHost } from '../github/hosts.ts';
import { validateTokenEnvName } from '../upstream/environment.ts';
import type { Passphrase } from '../vault/open.ts';
import { defaultStateDir } from '../vault/state-dir.ts';
import { chooseMode, settingsOfOthers } from './auth-choice.ts';
import type { ModeChoice } from './auth-choice.ts';
import { parseFailurePattern } from './auth-failure-pattern.ts';
import { isUnattended } from './auth-modes.ts';
import type { Auth } from './auth.ts';
import { optionsOf } from './auth-options.ts';
import { readAuth } from './auth-settings.ts';
import { bothGiven, list, oneOf, pathOf, seconds } from './lookups.ts';
import type { Lookup } from './lookups.ts';
import type { OptionTexts } from './option-names.ts';
import type { CommandLine } from './options.ts';
import { profileName, withProfile } from './profiles.ts';
import type { Profile, Profiles } from './profiles.ts';

const DEFAULT_TOKEN_ENV = 'GITHUB_PERSONAL_ACCESS_TOKEN';

const STORES = ['auto', 'keychain', 'file', 'memory'] as const;
const BEFORE_LOGIN = ['placeholder', 'auth-only'] as const;
const OPEN_BROWSER = ['auto', 'always', 'never'] as const;
const ROTATIONS = ['exclusive', 'overlapping'] as const;

/** What goes on with a token that is set already, where nothing is configured; the others are about logins. */
const PASSES_THROUGH: ReadonlySet<string> = new Set(['run', 'status']);

/** The way to a token that is taken, why, and what a profile keeps of it. */
export type AuthChoice = Auth &
  Pick<ModeChoice, 'because' | 'isDeliberate'> & {
    readonly options: OptionTexts;
    /** Variables that are set for other ways. */
    readonly ignored: readonly string[];
  };

export interface Settings {
  readonly command: readonly string[];
  readonly profile: string;
  readonly auth: AuthChoice;
  readonly host: GithubHost;
  /** The host was named, so the server is told as well. */
  readonly hostGiven: boolean;
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
export async function readSettings(
  line: CommandLine,
  env: NodeJS.ProcessEnv,
  profiles?: Pick<Profiles, 'all' | 'file'>,
): Promise<Settings> {
  const profile = profileName(line);
  const stored = profiles?.all.get(profile);
  const tokenEnv = tokenEnvOf(line);
  const choice = chosen(line, env, profile, stored, tokenEnv);
  const ignored = settingsOfOthers(choice, line.value);
  const look = withProfile(line, profile, stored, choice.mode, sameHost);
  const host = hostOf(look);
  refuseTwoHosts(line, host, env);
  if (stored) refuseOtherHost(line, profile, stored);
  refuseStore(line, choice);
  const settings = {
    command: line.command,
    profile,
    host,
    hostGiven: line.value('gh-host') !== undefined || host.kind !== 'github.com',
    tokenEnv,
    store: oneOf(look, 'store', STORES, 'auto'),
    passphrase: passphrase(look),
    stateDir: readStateDir(line, env),
    writesNothing: look.value('store')?.text === 'memory' && line.value('state-dir') === undefined,
    authTools: line.switchedOn('auth-tools'),
    beforeLogin: oneOf(look, 'before-login', BEFORE_LOGIN, 'placeholder'),
    openBrowser: oneOf(look, 'open-browser', OPEN_BROWSER, 'auto'),
    drainTimeout: seconds(look, 'drain-timeout', 30),
    rotation: oneOf(look, 'rotation', ROTATIONS, undefined),
    authFailurePatterns: authFailurePatterns(line),
    logLevel: oneOf(look, 'log-level', LOG_LEVELS, 'warn'),
    logFile: pathOf(look, 'log-file', 'a file'),
  };
  const auth = await readAuth(choice.mode, { look, env, host, tokenEnv });
  // A typing error would otherwise look like a login that was lost.
  const isNothing = auth.mode === 'device' && auth.clientId === undefined;
  if (line.verb.name === 'run' && line.value('profile') && !stored && isNothing)
    throw noSuchProfile(settings, profiles);
  const { because, isDeliberate } = choice;
  const options = optionsOf(choice.mode, look);
  return Object.freeze({ ...settings, auth: { ...auth, because, isDeliberate, options, ignored } });
}

/** Which way to a token the settings choose. */
function chosen(
  line: CommandLine,
  env: NodeJS.ProcessEnv,
  name: string,
  stored: Profile | undefined,
  tokenEnv: readonly string[],
): ModeChoice {
  // One that takes no --auth asks for no token.
  if (!line.verb.options.includes('auth'))
    return { mode: 'device', because: 'no token is needed', isDeliberate: false };
  return chooseMode({
    value: line.value,
    env,
    profile: { name, isNamed: line.value('profile') !== undefined, mode: stored?.auth },
    tokenEnv: PASSES_THROUGH.has(line.verb.name) ? tokenEnv : [],
  });
}

function tokenEnvOf(line: CommandLine): readonly string[] {
  const names = line.values('token-env').flatMap(list);
  names.forEach(validateTokenEnvName);
  return names.length === 0 ? [DEFAULT_TOKEN_ENV] : [...new Set(names)];
}

/** A flag that has no effect was a mistake; a variable or a profile says it for every mode. */
function refuseStore(line: CommandLine, { mode, because }: ModeChoice): void {
  const store = line.value('store');
  if (!isUnattended(mode) || store?.by !== 'flag' || !/^(?:keychain|file)$/.test(store.text)) return;
  throw new UsageError(
    `--store ${store.text} has nothing to store: the mode is ${mode}, because ${because}, and its tokens are kept in memory only`,
    { next: 'Leave --store out, or choose another mode with --auth.' },
  );
}

/** Absolute. It has to be known before the profiles in it are. */
export function readStateDir(line: CommandLine, env: NodeJS.ProcessEnv): string {
  return pathOf(line, 'state-dir', 'a directory') ?? defaultStateDir(env, process.platform);
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
  const given = look.value('gh-host');
  try {
    return parseGithubHost(given?.text ?? 'github.com');
  } catch (error) {
    if (given?.by !== 'profile') throw error;
    throw new UsageError(`${given.from} does not name a host: ${messageOf(error)}`, {
      next: 'Log in again with --gh-host, which writes the profile anew.',
    });
  }
}

/** A server that talks to one host must not be handed the token of another. */
function refuseTwoHosts(line: CommandLine, host: GithubHost, env: NodeJS.ProcessEnv): void {
  const inherited = env['GITHUB_HOST'];
  if (inherited === undefined || inherited === '' || line.value('gh-host')?.by !== 'flag') return;
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
  if (line.verb.name === 'audit' || profile.host === undefined || sameHost(given.text, profile.host)) return;
  throw new UsageError(`the profile ${name} is for ${profile.host}, but ${given.from} is ${given.text}`, {
    next: 'Remove one of the two, or name another profile.',
  });
}

function noSuchProfile(
  { profile, stateDir }: Pick<Settings, 'profile' | 'stateDir'>,
  profiles: Pick<Profiles, 'file'> | undefined,
): UsageError {
  return new UsageError(`there is no profile ${profile} in ${profiles?.file ?? stateDir}`, {
    next: `Make it: gh-mcp-proxy login --profile ${profile} --oauth-client-id CLIENT_ID (and --gh-host HOST, if it is not github.com).`,
  });
}

/** Where the passphrase is; it is read when a record needs it. */
function passphrase(look: Lookup): Passphrase | undefined {
  const file = pathOf(look, 'passphrase-file', 'a file');
  const fd = look.value('passphrase-fd');
  if (!fd) return file === undefined ? undefined : { kind: 'file', path: file };
  if (file !== undefined) throw bothGiven('--passphrase-fd', look.value('passphrase-file')?.from ?? '');
  if (!/^\d{1,4}$/.test(fd.text) || Number(fd.text) < 3) {
    throw new UsageError(`--passphrase-fd is "${fd.text}"`, {
      next: 'It takes the number of an open file, 3 or more, such as --passphrase-fd 3 3<FILE.',
    });
  }
  return { kind: 'fd', fd: Number(fd.text) };
}

function authFailurePatterns(line: CommandLine): RegExp[] {
  const from = line.value('auth-failure-pattern')?.from ?? '';
  return line.values('auth-failure-pattern').map((text) => parseFailurePattern(text, from));
}
