// The settings of a run: flags over environment over defaults, checked once and frozen (DESIGN 2.7).
// Not for: reading the command line (options.ts) or acting on it (run.ts).
import path from 'node:path';
import { UsageError } from '../base/errors.ts';
import { LOG_LEVELS } from '../base/log.ts';
import type { LogLevel } from '../base/log.ts';
import { parseGithubHost } from '../github/hosts.ts';
import type { GithubHost } from '../github/hosts.ts';
import { validateTokenEnvName } from '../upstream/environment.ts';
import { defaultStateDir } from '../vault/state-dir.ts';
import { parseFailurePattern } from './auth-failure-pattern.ts';
import type { CommandLine, ValueOption } from './options.ts';

/** Set by a distributor who ships a client id of their own; none is built in. */
const DEFAULT_CLIENT_ID: string | undefined = undefined;
const DEFAULT_TOKEN_ENV = 'GITHUB_PERSONAL_ACCESS_TOKEN';

const STORES = ['memory', 'file'] as const;
const BEFORE_LOGIN = ['placeholder', 'auth-only'] as const;
const OPEN_BROWSER = ['auto', 'always', 'never'] as const;
const ROTATIONS = ['exclusive', 'overlapping'] as const;

export interface Settings {
  readonly command: readonly string[];
  readonly host: GithubHost;
  /** The host was named, so the server is told as well. */
  readonly hostGiven: boolean;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly tokenEnv: readonly string[];
  readonly store: (typeof STORES)[number];
  readonly stateDir: string;
  readonly beforeLogin: (typeof BEFORE_LOGIN)[number];
  readonly openBrowser: (typeof OPEN_BROWSER)[number];
  /** Milliseconds. */
  readonly drainTimeout: number;
  /** What a new token does to the old one; `undefined`: as its source says. */
  readonly rotation: (typeof ROTATIONS)[number] | undefined;
  /** On top of those of the token source. */
  readonly authFailurePatterns: readonly RegExp[];
  readonly logLevel: LogLevel;
}

/** @throws {UsageError} naming the setting that is wrong and what it takes */
export function readSettings(line: CommandLine, env: NodeJS.ProcessEnv): Settings {
  const host = parseGithubHost(line.value('gh-host')?.text ?? 'github.com');
  refuseTwoHosts(line, host, env);
  const tokenEnv = line.values('token-env').flatMap(list);
  tokenEnv.forEach(validateTokenEnvName);
  return Object.freeze({
    command: line.command,
    host,
    hostGiven: line.value('gh-host') !== undefined,
    clientId: clientId(line),
    scopes: list(line.value('oauth-scopes')?.text ?? ''),
    tokenEnv: tokenEnv.length === 0 ? [DEFAULT_TOKEN_ENV] : [...new Set(tokenEnv)],
    store: oneOf(line, 'store', STORES, 'memory'),
    stateDir: stateDir(line, env),
    beforeLogin: oneOf(line, 'before-login', BEFORE_LOGIN, 'placeholder'),
    openBrowser: oneOf(line, 'open-browser', OPEN_BROWSER, 'auto'),
    drainTimeout: seconds(line, 'drain-timeout', 30),
    rotation: oneOf(line, 'rotation', ROTATIONS, undefined),
    authFailurePatterns: authFailurePatterns(line),
    logLevel: oneOf(line, 'log-level', LOG_LEVELS, 'warn'),
  });
}

/** A server that talks to one host must not be handed the token of another. */
function refuseTwoHosts(line: CommandLine, host: GithubHost, env: NodeJS.ProcessEnv): void {
  const inherited = env['GITHUB_HOST'];
  if (inherited === undefined || inherited === '' || line.value('gh-host')?.from !== '--gh-host') return;
  if (parseGithubHost(inherited).loginUrl === host.loginUrl) return;
  throw new UsageError(
    `--gh-host is ${host.label}, but GITHUB_HOST is ${inherited}, which the server would use`,
    {
      next: 'Remove one of the two, or make them the same.',
    },
  );
}

function clientId(line: CommandLine): string | undefined {
  const given = line.value('oauth-client-id');
  if (!given) return DEFAULT_CLIENT_ID;
  // Ids are like Iv23liABCDEF or 178c6fc778ccc68e1d6a; anything else is a secret or a typing error.
  if (/^[A-Za-z0-9._-]{4,100}$/.test(given.text)) return given.text;
  throw new UsageError(`${given.from} is not a client id`, {
    next: 'It is shown on the app\'s settings page as "Client ID", such as Iv23liABCDEFGHIJKLMN.',
  });
}

/** Absolute. An empty name, such as a client makes of a variable that is not set, would mean the working directory. */
function stateDir(line: CommandLine, env: NodeJS.ProcessEnv): string {
  const given = line.value('state-dir');
  if (given?.text.trim() === '')
    throw new UsageError(`${given.from} is empty`, { next: 'Give a directory, or leave the option out.' });
  return path.resolve(given?.text ?? defaultStateDir(env, process.platform));
}

function authFailurePatterns(line: CommandLine): RegExp[] {
  const from = line.value('auth-failure-pattern')?.from ?? '';
  return line.values('auth-failure-pattern').map((text) => parseFailurePattern(text, from));
}

function oneOf<const T extends string, const Otherwise extends T | undefined>(
  line: CommandLine,
  option: ValueOption,
  allowed: readonly T[],
  otherwise: Otherwise,
): T | Otherwise {
  const given = line.value(option);
  if (!given) return otherwise;
  const found = allowed.find((value) => value === given.text);
  if (found !== undefined) return found;
  throw new UsageError(`${given.from} is "${given.text}"`, {
    next: `It takes one of: ${allowed.join(', ')}.`,
  });
}

/** A number of seconds as milliseconds. */
function seconds(line: CommandLine, option: ValueOption, otherwise: number): number {
  const given = line.value(option);
  const value = given ? Number(given.text) : otherwise;
  if (Number.isFinite(value) && value >= 0 && given?.text !== '') return value * 1000;
  throw new UsageError(`${given?.from} is "${given?.text}"`, {
    next: 'It takes a number of seconds, such as 30.',
  });
}

function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}
