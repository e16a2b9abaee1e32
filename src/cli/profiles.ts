// Profiles as they are read: which host, client id and scopes a name stands for. Nothing in them is secret.
// Not for: writing them (profiles-file.ts): the library for that takes 20 ms to load, and `run` only reads.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { codeOf, messageOf, StorageError, UsageError } from '../base/errors.ts';
import { isTextList, objectOf, parseObject } from '../vault/plain.ts';
import type { ValueOption } from './option-names.ts';
import type { CommandLine, Given } from './options.ts';

/** What `login` keeps under a name. Each value is what its option takes. */
export interface Profile {
  /** As for --gh-host. */
  readonly host: string;
  /** As for --oauth-client-id. */
  readonly clientId: string;
  readonly scopes: readonly string[];
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

function parseProfile(fields: Readonly<Record<string, unknown>> | undefined): Profile | undefined {
  if (!fields) return undefined;
  const { host, clientId, scopes = [], store, passphraseFile } = fields;
  if (typeof host !== 'string' || typeof clientId !== 'string') return undefined;
  if (!isTextList(scopes)) return undefined;
  return {
    host,
    clientId,
    scopes,
    ...(typeof store === 'string' && { store }),
    ...(typeof passphraseFile === 'string' && { passphraseFile }),
  };
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

/** Where settings are looked up: the flag, else its variable, else the profile. */
export type Lookup = (option: ValueOption) => Given | undefined;

/**
 * Looks up what the command line does not say in the profile. Its values belong together: a client id is known at its
 * host only, and scopes were chosen for an app; so where a flag says otherwise, what depends on it does not count.
 * @param sameHost whether two texts mean one host
 */
export function withProfile(
  line: CommandLine,
  name: string,
  profile: Profile | undefined,
  sameHost: (one: string, other: string) => boolean,
): Lookup {
  if (!profile) return line.value;
  const hostGiven = line.value('gh-host');
  const clientGiven = line.value('oauth-client-id');
  const isItsHost = !hostGiven || sameHost(hostGiven.text, profile.host);
  const isItsApp = isItsHost && (!clientGiven || clientGiven.text === profile.clientId);
  const texts: Partial<Record<ValueOption, string | undefined>> = {
    ...(isItsHost && {
      'gh-host': profile.host,
      'oauth-client-id': profile.clientId,
      store: profile.store,
      'passphrase-file': profile.passphraseFile,
    }),
    ...(isItsApp && { 'oauth-scopes': profile.scopes.join(' ') }),
  };
  // Two ways to give the passphrase would contradict each other.
  if (line.value('passphrase-fd')) delete texts['passphrase-file'];
  return (option) => {
    const given = line.value(option);
    const text = texts[option];
    const from = option === 'gh-host' ? `the profile ${name}` : `--${option} in the profile ${name}`;
    return given ?? (text === undefined ? undefined : { text, from });
  };
}
