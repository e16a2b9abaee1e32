// Profiles as they are read: which way to a token a name stands for, with its settings. Nothing in them is secret.
// Not for: writing them (profiles-file.ts): the library for that takes 20 ms to load, and `run` only reads.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, messageOf, StorageError, UsageError } from '../base/errors.ts';
import { isTextList, objectOf, parseObject } from '../vault/plain.ts';
import { ALTERNATIVES, ANCHORS, findMode, MODE_OPTIONS } from './auth-modes.ts';
import type { AuthMode } from './auth-modes.ts';
import type { Lookup } from './lookups.ts';
import type { OptionTexts, ValueOption } from './option-names.ts';
import type { CommandLine, Given } from './options.ts';

/** What `login` keeps under a name. */
export interface Profile {
  readonly auth: AuthMode;
  /** As for --gh-host; absent where the mode has nothing to do with GitHub and none was given. */
  readonly host?: string;
  /** What each option of the mode takes. Of a login with scopes they are always there: none is an answer as well. */
  readonly options: OptionTexts;
  /** As for --store; absent: `auto`. */
  readonly store?: string;
  /** As for --passphrase-file: the path, never what is in the file. */
  readonly passphraseFile?: string;
}

export interface Profiles {
  readonly file: string;
  readonly all: ReadonlyMap<string, Profile>;
  /** The file is there and holds no profiles: its bytes (damaged-profiles.ts). */
  readonly damaged: Buffer | undefined;
}

/** In the state directory; `conf` adds the ending. */
export const PROFILES_NAME = 'profiles';
export const DEFAULT_PROFILE = 'default';

/**
 * Every profile there is. Synchronous: one small file, read before anything else can be done.
 * @throws {StorageError} the file is there and cannot be read
 */
export function readProfiles(stateDir: string): Profiles {
  const file = path.join(stateDir, `${PROFILES_NAME}.json`);
  try {
    const bytes = readFileSync(file);
    const all = parseProfiles(bytes.toString('utf8'));
    return { file, all: all ?? new Map(), damaged: all ? undefined : bytes };
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return { file, all: new Map(), damaged: undefined };
    throw new StorageError(`the profiles cannot be read from ${file}: ${messageOf(error)}`, {
      next: 'Give yourself permission to read it, or choose another place with --state-dir (GH_MCP_PROXY_STATE_DIR).',
      cause: error,
    });
  }
}

/** What a text holds; `undefined` where it is not what `login` writes. Profiles that are none are left out. */
function parseProfiles(text: string): Map<string, Profile> | undefined {
  const entries = objectOf(parseObject(text)?.['profiles']);
  if (!entries) return undefined;
  const found = new Map<string, Profile>();
  for (const [name, value] of Object.entries(entries)) {
    const profile = parseProfile(objectOf(value));
    if (profile && isProfileName(name)) found.set(name, profile);
  }
  return found;
}

/** `undefined` also for a mode of a later version: whoever does not know it must not take it for another one. */
function parseProfile(fields: Readonly<Record<string, unknown>> | undefined): Profile | undefined {
  if (!fields) return undefined;
  const { auth = 'device', host, store, passphraseFile } = fields;
  const mode = typeof auth === 'string' ? findMode(auth) : undefined;
  const options = mode && (mode === 'device' ? deviceOptions(fields) : optionsIn(fields['options'], mode));
  if (!mode || !options || (host !== undefined && typeof host !== 'string')) return undefined;
  return {
    auth: mode,
    ...(host !== undefined && { host }),
    options,
    ...(typeof store === 'string' && { store }),
    ...(typeof passphraseFile === 'string' && { passphraseFile }),
  };
}

/** As the first versions wrote them, and still do, so that all versions read each other's. */
function deviceOptions(fields: Readonly<Record<string, unknown>>): OptionTexts | undefined {
  const { host, clientId, scopes = [], options = {} } = fields;
  if (typeof host !== 'string' || typeof clientId !== 'string' || !isTextList(scopes)) return undefined;
  const more = optionsIn(options, 'device');
  return more && { ...more, 'oauth-client-id': [clientId], 'oauth-scopes': [scopes.join(' ')] };
}

/** Options that the mode does not take are left out. */
function optionsIn(value: unknown, mode: AuthMode): OptionTexts | undefined {
  const fields = objectOf(value);
  if (!fields) return undefined;
  const found: Partial<Record<ValueOption, readonly string[]>> = {};
  for (const option of MODE_OPTIONS[mode]) {
    const texts = fields[option];
    if (typeof texts === 'string') found[option] = [texts];
    else if (isTextList(texts)) found[option] = texts;
    else if (texts !== undefined) return undefined;
  }
  return found;
}

function isProfileName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(name);
}

/**
 * The profile's name: what is asked for, else `default`.
 * @throws {UsageError} it is none
 */
export function profileName(line: CommandLine): string {
  const given = line.value('profile');
  if (!given) return DEFAULT_PROFILE;
  if (isProfileName(given.text)) return given.text;
  throw new UsageError(`${given.from} is "${given.text}"`, {
    next: 'A profile\'s name is 1 to 64 letters, digits, ".", "_" or "-", such as work.',
  });
}

/**
 * Looks up what the command line does not say in the profile. Its values belong together: a client id is known at its
 * host only, and scopes were chosen for an app; so where the command line says otherwise, what depends on it does not
 * count. What a profile that was named says of its mode goes before variables, which are there for every proxy.
 * @param mode the one that is taken
 * @param sameHost whether two texts mean one host
 */
export function withProfile(
  line: CommandLine,
  name: string,
  profile: Profile | undefined,
  mode: AuthMode,
  sameHost: (one: string, other: string) => boolean,
): Lookup {
  const hostGiven = line.value('gh-host')?.text;
  if (
    !profile ||
    (profile.host !== undefined && hostGiven !== undefined && !sameHost(hostGiven, profile.host))
  )
    return line;
  const isNamed = line.value('profile') !== undefined;
  const texts: OptionTexts = {
    ...(profile.auth === mode && fitting(profile, line, isNamed)),
    ...(profile.host !== undefined && { 'gh-host': [profile.host] }),
    ...(profile.store !== undefined && { store: [profile.store] }),
    // Two ways to give the passphrase would contradict each other.
    ...(profile.passphraseFile !== undefined &&
      !line.value('passphrase-fd') && { 'passphrase-file': [profile.passphraseFile] }),
  };
  const given = (option: ValueOption): Given | undefined => {
    const own = line.value(option);
    const isFirst = isNamed && MODE_OPTIONS[mode].includes(option);
    return own?.by === 'variable' && isFirst && texts[option] ? undefined : own;
  };
  return {
    value: (option) => {
      const text = texts[option]?.at(-1);
      const from = option === 'gh-host' ? `the profile ${name}` : `--${option} in the profile ${name}`;
      return given(option) ?? (text === undefined ? undefined : { text, from, by: 'profile' });
    },
    values: (option) => (given(option) ? line.values(option) : (texts[option] ?? [])),
  };
}

/** The profile's options of its mode, as far as they belong to what the command line says. */
function fitting({ auth, options }: Profile, { value }: CommandLine, isNamed: boolean): OptionTexts {
  const counts = (option: ValueOption): Given | undefined => {
    const given = value(option);
    return given?.by === 'variable' && isNamed && options[option] ? undefined : given;
  };
  const ofMode = MODE_OPTIONS[auth];
  const changed = ofMode.findIndex((option) => {
    const given = ANCHORS.includes(option) ? counts(option) : undefined;
    return given !== undefined && given.text !== options[option]?.at(-1);
  });
  const kept = changed === -1 ? ofMode : ofMode.slice(0, changed);
  const rivals = new Set(ALTERNATIVES.filter((several) => several.some((option) => counts(option))).flat());
  return Object.fromEntries(
    kept
      .filter((option) => !rivals.has(option))
      .flatMap((option) => {
        const texts = options[option];
        return texts ? [[option, texts]] : [];
      }),
  );
}
