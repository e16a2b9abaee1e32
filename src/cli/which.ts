// Whose login it is: what names its record in the vault, what a person types to mean it, and what makes its source.
// Not for: which of them a command is about (logins.ts), or the commands as text (shell.ts).
import { exchangeIdentity } from '../auth/exchange/identity.ts';
import { parseGithubHost } from '../github/hosts.ts';
import type { GithubHost } from '../github/hosts.ts';
import { issuerLabel } from '../net/web-address.ts';
import { canonicalIdentity } from '../vault/identity.ts';
import type { RecordIdentity } from '../vault/vault.ts';
import { isUnattended, LOGIN_MODES, MODE_OPTIONS } from './auth-modes.ts';
import type { LoginMode } from './auth-modes.ts';
import { readAuth } from './auth-settings.ts';
import type { Auth, LoginAuth } from './auth.ts';
import type { Lookup } from './lookups.ts';
import type { OptionTexts } from './option-names.ts';
import type { CommandLine } from './options.ts';
import type { Profile } from './profiles.ts';
import type { Settings } from './settings.ts';

/** One login. */
export interface Which {
  readonly mode: LoginMode;
  readonly profile: string;
  /** What names its record. */
  readonly identity: RecordIdentity;
  /** Where it is, as a person knows it, such as `github.com`. */
  readonly label: string;
  /** Where it is GitHub's. */
  readonly host: GithubHost | undefined;
  /** What its mode's options are given. */
  readonly options: OptionTexts;
  /** What makes its source; `undefined` for the record of an exchange whose settings are not known here. */
  readonly auth: LoginAuth | undefined;
}

/** Where texts that stand in no setting are looked up. */
interface Surroundings {
  readonly line: CommandLine;
  readonly env: NodeJS.ProcessEnv;
}

function isLoginAuth(auth: Auth): auth is LoginAuth {
  return !isUnattended(auth.mode);
}

/** The login that the settings mean; `undefined` where they choose a way without one. */
export function settingsLogin({ auth, profile }: Pick<Settings, 'auth' | 'profile'>): Which | undefined {
  return isLoginAuth(auth) ? whichOf(auth, auth.options, profile) : undefined;
}

function whichOf(auth: LoginAuth, options: OptionTexts, profile: string): Which {
  const identity = identityOf(auth, profile);
  const host = auth.mode === 'device' || auth.mode === 'browser' ? auth.host : undefined;
  return {
    mode: auth.mode,
    profile,
    identity,
    label: host?.label ?? issuerLabel(identity.issuer),
    host,
    options,
    auth,
  };
}

function identityOf(auth: LoginAuth, profile: string): RecordIdentity {
  if (auth.mode === 'exchange') return exchangeIdentity(auth.settings, profile);
  const issuer = auth.mode === 'oauth' ? auth.issuer : auth.host.loginUrl;
  return { mode: auth.mode, issuer, clientId: auth.clientId ?? '', profile, scopes: auth.scopes };
}

/** What a profile stands for; `undefined` where that is no login, or somebody wrote nonsense into it. */
export async function profileLogin(
  name: string,
  profile: Profile,
  surroundings: Surroundings,
): Promise<Which | undefined> {
  if (isUnattended(profile.auth)) return undefined;
  return made(profile.auth, profile.options, profile.host ?? 'github.com', name, surroundings);
}

/** The login of a record; `undefined` for one that is none of ours, or a part of another. */
export async function recordLogin(
  identity: RecordIdentity,
  surroundings: Surroundings,
): Promise<Which | undefined> {
  const mode = LOGIN_MODES.find((one) => one === identity.mode);
  const { issuer, clientId, profile, scopes } = identity;
  if (mode === undefined) return undefined;
  if (mode === 'exchange') {
    const label = issuerLabel(issuer);
    return {
      mode,
      profile,
      identity,
      label,
      host: undefined,
      options: exchangeOptions(identity),
      auth: undefined,
    };
  }
  const options: OptionTexts = {
    ...(mode === 'oauth' && { issuer: [issuer] }),
    'oauth-client-id': [clientId],
    'oauth-scopes': [scopes.join(',')],
  };
  return made(mode, options, mode === 'oauth' ? 'github.com' : issuer, profile, surroundings);
}

/** As far as they name it: where the subject's token comes from is not in it, nor how the client proves itself. */
function exchangeOptions({ issuer, clientId, scopes }: RecordIdentity): OptionTexts {
  const after = (start: string): string[] =>
    scopes.filter((scope) => scope.startsWith(start)).map((scope) => scope.slice(start.length));
  return {
    'exchange-issuer': [issuer],
    'exchange-resource': after('resource='),
    'exchange-audience': after('audience='),
    'exchange-client-id': [clientId],
  };
}

async function made(
  mode: LoginMode,
  options: OptionTexts,
  hostText: string,
  profile: string,
  { line, env }: Surroundings,
): Promise<Which | undefined> {
  const look: Lookup = {
    value: (option) => {
      const text = options[option]?.at(-1);
      if (text !== undefined) return { text, from: `--${option}`, by: 'profile' };
      // How this command reaches a server is not part of a login's name.
      return mode === 'exchange' || !MODE_OPTIONS[mode].includes(option) ? undefined : line.value(option);
    },
    values: (option) => options[option] ?? [],
  };
  try {
    const host = parseGithubHost(hostText);
    const auth = await readAuth(mode, { look, env, host, tokenEnv: [] });
    return isLoginAuth(auth) ? whichOf(auth, options, profile) : undefined;
  } catch {
    return undefined;
  }
}

/** Whether both name one record. */
export function isSame(one: Which, other: Which): boolean {
  return canonicalIdentity(one.identity) === canonicalIdentity(other.identity);
}
