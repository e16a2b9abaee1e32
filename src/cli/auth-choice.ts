// Which way to a token is taken, and why: what --auth says, else what is configured (DESIGN 2.7, `auto`). Pure: it reads
// names and whether they are given. Not for: what the options of a way mean, or what is missing (auth-settings.ts).
import { UsageError } from '../base/errors.ts';
import { findMode, LOGIN_MODES, MODE_OPTIONS, UNATTENDED_MODES } from './auth-modes.ts';
import type { AuthMode } from './auth-modes.ts';
import { SECRET_VARIABLES } from './option-names.ts';
import type { ValueOption } from './option-names.ts';
import type { Given } from './options.ts';

export interface ModeChoice {
  readonly mode: AuthMode;
  /** What follows "because", such as `--app-id is given`. */
  readonly because: string;
  /** By a flag or by the name of a profile: whoever typed this command meant it. */
  readonly isDeliberate: boolean;
}

export interface ChoiceInput {
  /** What is given by flag or variable. */
  readonly value: (option: ValueOption) => Given | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** The profile whose name counts; `mode` is undefined where there is none of that name. */
  readonly profile: { readonly name: string; readonly isNamed: boolean; readonly mode: AuthMode | undefined };
  /** The variables that hold the server's token; empty where one that is set there is nobody's business. */
  readonly tokenEnv: readonly string[];
}

type By = Given['by'];

const ALL_MODES: readonly AuthMode[] = [...LOGIN_MODES, ...UNATTENDED_MODES];
const MODE_ONLY: ReadonlySet<ValueOption> = new Set(Object.values(MODE_OPTIONS).flat());

/**
 * Flags count first, then a profile that is named, then variables, then the default profile; within each the order is
 * github-app, exchange, oauth, browser, device, command. `gh` is taken where it is asked for by name only.
 * @throws {UsageError} --auth names no mode
 */
export function chooseMode(input: ChoiceInput): ModeChoice {
  const { value, profile } = input;
  const flags = [...MODE_ONLY].filter((option) => value(option)?.by === 'flag');
  const takesFlags = (mode: AuthMode): boolean =>
    flags.every((option) => MODE_OPTIONS[mode].includes(option));
  const asked = askedFor(value('auth'));
  if (asked?.by === 'flag') return asked.choice;
  const ofProfile = profile.mode && {
    mode: profile.mode,
    because: `the profile ${profile.name} says so`,
    isDeliberate: profile.isNamed,
  };
  if (ofProfile && profile.isNamed && takesFlags(ofProfile.mode)) return ofProfile;
  if (asked && takesFlags(asked.choice.mode)) return asked.choice;
  return (
    configured(input, 'flag') ??
    (profile.isNamed ? ofProfile : undefined) ??
    configured(input, 'variable') ??
    ofProfile ??
    passThrough(input) ?? { mode: 'device', because: 'nothing else is configured', isDeliberate: false }
  );
}

function askedFor(given: Given | undefined): { readonly by: By; readonly choice: ModeChoice } | undefined {
  if (!given || given.text === 'auto') return undefined;
  const mode = findMode(given.text);
  if (mode)
    return { by: given.by, choice: { mode, because: reason(given), isDeliberate: given.by === 'flag' } };
  throw new UsageError(`${given.from} is "${given.text}"`, {
    next: `It takes one of: auto, ${ALL_MODES.join(', ')}.`,
  });
}

/** The first mode that something given by `by` asks for. */
function configured({ value, env }: ChoiceInput, by: By): ModeChoice | undefined {
  const first = (...options: readonly ValueOption[]): Given | undefined =>
    options.map((option) => value(option)).find((given) => given?.by === by);
  const chosen = (mode: AuthMode, because: string): ModeChoice => ({
    mode,
    because,
    isDeliberate: by === 'flag',
  });
  const plain = (mode: AuthMode, ...options: readonly ValueOption[]): ModeChoice | undefined => {
    const given = first(...options);
    return given && chosen(mode, reason(given));
  };
  const oauth = (): ModeChoice | undefined => {
    const issuer = value('issuer');
    // The client id may come in another way than the issuer, and says by itself nothing of where it is known.
    return issuer && first('issuer', 'oauth-client-id') && chosen('oauth', reason(issuer));
  };
  const browser = (): ModeChoice | undefined => {
    const id = value('oauth-client-id');
    const beside = value('oauth-callback-port') ?? secretVariable(env) ?? value('oauth-client-secret-file');
    if (!id || !beside || (id.by !== by && beside.by !== by)) return undefined;
    return chosen('browser', `${reason(id)} together with ${beside.from}`);
  };
  return (
    plain('github-app', 'app-id') ??
    plain('exchange', 'exchange-issuer', 'exchange-token-endpoint') ??
    oauth() ??
    browser() ??
    plain('device', 'oauth-client-id') ??
    plain('command', 'token-command')
  );
}

function secretVariable(env: NodeJS.ProcessEnv): Given | undefined {
  const from = SECRET_VARIABLES.oauthClientSecret;
  return env[from] ? { text: '', from, by: 'variable' } : undefined;
}

/** A token that is there already. Whoever names a profile that is not there has mistyped it. */
function passThrough({ env, tokenEnv, profile }: ChoiceInput): ModeChoice | undefined {
  const name = profile.isNamed ? undefined : tokenEnv.find((one) => env[one]);
  if (name === undefined) return undefined;
  return { mode: 'env', because: `${name} is set and nothing else is configured`, isDeliberate: false };
}

function reason({ from, by }: Given): string {
  return by === 'flag' ? `${from} is given` : `${from} is set`;
}

/**
 * A flag that the mode does not take was meant for another one; of a variable that may be, for it is set for every
 * proxy that a person runs.
 * @returns the variables that do not count
 * @throws {UsageError} naming the flag and what chose the mode
 */
export function settingsOfOthers(
  { mode, because }: Pick<ModeChoice, 'mode' | 'because'>,
  value: ChoiceInput['value'],
): readonly string[] {
  const others = [...MODE_ONLY]
    .filter((option) => !MODE_OPTIONS[mode].includes(option))
    .flatMap((option) => {
      const given = value(option);
      return given ? [{ option, given }] : [];
    });
  const stray = others.find(({ given }) => given.by === 'flag');
  if (!stray) return others.map(({ given }) => given.from);
  const whose = ALL_MODES.filter((one) => MODE_OPTIONS[one].includes(stray.option));
  throw new UsageError(
    `${stray.given.from} is a setting of --auth ${whose.join(' or ')}, but the mode is ${mode}, because ${because}`,
    { next: `Leave ${stray.given.from} out, or say --auth ${whose[0] ?? ''}.` },
  );
}
