// What a person types next, as it stands in messages. Not for: reading it (options.ts), or what a login is (which.ts).
import type { GithubHost } from '../github/hosts.ts';
import { chooseMode } from './auth-choice.ts';
import { ANCHORS, MODE_OPTIONS } from './auth-modes.ts';
import { list } from './lookups.ts';
import type { OptionTexts, ValueOption } from './option-names.ts';
import type { CommandLine, Given } from './options.ts';
import type { Profiles } from './profiles.ts';
import { DEFAULT_PROFILE } from './profiles.ts';
import type { Which } from './which.ts';

interface Known {
  readonly line: CommandLine;
  readonly profiles: Profiles;
  readonly env: NodeJS.ProcessEnv;
}

type Named = Pick<Which, 'mode' | 'profile' | 'host' | 'options'>;
type Words = readonly (readonly [ValueOption, string])[];

/** `gh-mcp-proxy login` with what it cannot know from the profile. */
export function loginCommand(which: Named, known: Known): string {
  const saved = known.profiles.all.get(which.profile);
  const options = saved?.auth === which.mode ? { ...saved.options, ...which.options } : which.options;
  const isSaved =
    saved?.auth === which.mode &&
    (which.host === undefined || saved.host === hostText(which.host)) &&
    ANCHORS.every(
      (anchor) => !MODE_OPTIONS[which.mode].includes(anchor) || isAlike(anchor, options, saved.options),
    );
  const profile: Words = which.profile === DEFAULT_PROFILE ? [] : [['profile', which.profile]];
  if (isSaved) {
    const changed = MODE_OPTIONS[which.mode].filter((option) => !isAlike(option, options, saved.options));
    return words('login', [...profile, ...changed.flatMap((option) => said(option, options))], known);
  }
  const all = {
    ...which.options,
    // Without it there is no login, and this is what stands in its place in every text.
    ...(which.mode === 'device' && which.options['oauth-client-id'] === undefined && CLIENT_ID),
  };
  return words('login', [...profile, ...whole({ ...which, options: all }, known)], known);
}

const CLIENT_ID: OptionTexts = { 'oauth-client-id': ['CLIENT_ID'] };

/** A command for exactly this login, whatever else is there. @param name such as `logout` */
export function exactCommand(name: string, which: Named, known: Known): string {
  return words(name, [['profile', which.profile], ...whole(which, known)], known);
}

/** All that there is to say of a login, and its mode where that would not be chosen by itself. */
function whole({ mode, host, options, profile }: Named, known: Known): Words {
  const rest: Words = [
    ...(host === undefined || host.kind === 'github.com' ? [] : [['gh-host', hostText(host)] as const]),
    ...MODE_OPTIONS[mode].flatMap((option) => said(option, options)),
  ];
  return isChosen(mode, profile, rest, known) ? rest : [['auth', mode], ...rest];
}

/** Whether `given` leads to `mode`, in this environment and with these profiles. */
function isChosen(
  mode: Named['mode'],
  profile: string,
  given: Words,
  { line, env, profiles }: Known,
): boolean {
  const flags = new Map(given);
  const value = (option: ValueOption): Given | undefined => {
    const text = flags.get(option);
    if (text !== undefined) return { text, from: `--${option}`, by: 'flag' };
    const own = line.value(option);
    return own?.by === 'variable' ? own : undefined;
  };
  // As if the profile were named, and as if it were not: one command names it, another one means the default.
  return [true, false].every(
    (isNamed) =>
      chooseMode({
        value,
        env,
        profile: { name: profile, isNamed, mode: profiles.all.get(profile)?.auth },
        tokenEnv: [],
      }).mode === mode,
  );
}

/** Such as may hold a secret: whoever gave it knows what it was. */
const UNPRINTED: Readonly<Partial<Record<ValueOption, string>>> = {
  'token-command': 'COMMAND',
  'subject-token-command': 'COMMAND',
  'exchange-param': 'NAME=VALUE',
};

function said(option: ValueOption, options: OptionTexts): Words {
  const texts = options[option] ?? [];
  if (option === 'oauth-scopes') {
    const scopes = list(texts.at(-1) ?? '');
    return scopes.length === 0 ? [] : [[option, scopes.join(',')]];
  }
  return texts.map((text) => [option, UNPRINTED[option] ?? text]);
}

function isAlike(option: ValueOption, one: OptionTexts, other: OptionTexts): boolean {
  const [first, second] = [one, other].map((options) => options[option] ?? []);
  if (option === 'oauth-scopes') return sameScopes(list(first?.at(-1) ?? ''), list(second?.at(-1) ?? ''));
  return first?.join('\n') === second?.join('\n');
}

/** A host as --gh-host takes it. */
export function hostText({ loginUrl, label }: GithubHost): string {
  return loginUrl.startsWith('https:') ? label : loginUrl;
}

/** Explanations are written for sessions, where a tool logs in; at a shell a command does. */
export function inShell(text: string, command: string): string {
  return text.replaceAll(
    /\b([Cc])all auth_login\b/g,
    (_, letter: string) => `${letter === 'C' ? 'R' : 'r'}un ${command}`,
  );
}

export function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  const [first, second] = [new Set(one), new Set(other)];
  return first.size === second.size && [...first].every((scope) => second.has(scope));
}

/** The command as a shell reads it. A login in another place than the usual one is found there only. */
function words(name: string, options: Words, { line }: Pick<Known, 'line'>): string {
  const stateDir = line.value('state-dir');
  const all: Words = stateDir?.by === 'flag' ? [...options, ['state-dir', stateDir.text]] : options;
  return [`gh-mcp-proxy ${name}`, ...all.map(([option, text]) => `--${option} ${quoted(text)}`)].join(' ');
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
