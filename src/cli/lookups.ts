// How settings are looked up, and how their texts are read: numbers, paths, words, one of several.
// Not for: which settings there are (settings.ts, auth-settings.ts).
import path from 'node:path';
import { UsageError } from '../base/errors.ts';
import type { AuthMode } from './auth-modes.ts';
import type { ValueOption } from './option-names.ts';
import type { Given } from './options.ts';

/** Of helper commands, in seconds. */
const COMMAND_TIMEOUT = 30;

/** Where settings are looked up: the flag, the variable, the profile. */
export interface Lookup {
  readonly value: (option: ValueOption) => Given | undefined;
  /** Of an option that may be given several times; of one place only. */
  readonly values: (option: ValueOption) => readonly string[];
}

/** @throws {UsageError} it is none of those that are allowed */
export function oneOf<const T extends string, const Otherwise extends T | undefined>(
  { value }: Pick<Lookup, 'value'>,
  option: ValueOption,
  allowed: readonly T[],
  otherwise: Otherwise,
): T | Otherwise {
  const given = value(option);
  if (!given) return otherwise;
  const found = allowed.find((one) => one === given.text);
  if (found !== undefined) return found;
  throw new UsageError(`${given.from} is "${given.text}"`, {
    next: `It takes one of: ${allowed.join(', ')}.`,
  });
}

/** A number of seconds as milliseconds. @param least in seconds */
export function seconds(
  { value }: Pick<Lookup, 'value'>,
  option: ValueOption,
  otherwise: number,
  least = 0,
): number {
  const given = value(option);
  const found = given ? Number(given.text) : otherwise;
  if (Number.isFinite(found) && found >= least && given?.text !== '') return found * 1000;
  throw new UsageError(`${given?.from} is "${given?.text}"`, {
    next: `It takes a number of seconds, such as ${otherwise}.`,
  });
}

/** Absolute. An empty name, such as a client makes of a variable that is not set, would mean the working directory. */
export function pathOf(
  { value }: Pick<Lookup, 'value'>,
  option: ValueOption,
  what: string,
): string | undefined {
  const given = value(option);
  if (given?.text.trim() === '')
    throw new UsageError(`${given.from} is empty`, { next: `Give ${what}, or leave the option out.` });
  return given && path.resolve(given.text);
}

/** The words of a text, separated by commas or spaces. */
export function list(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== '');
}

/**
 * Of options of which one is enough, the one that is given: by flag before by variable, by variable before by profile.
 * @throws {UsageError} two are given in the same way
 */
export function alternative<const T extends ValueOption>(
  { value }: Pick<Lookup, 'value'>,
  options: readonly T[],
): { readonly option: T; readonly given: Given } | undefined {
  const all = options.flatMap((option) => {
    const given = value(option);
    return given ? [{ option, given }] : [];
  });
  for (const by of ['flag', 'variable', 'profile'] as const) {
    const [first, second] = all.filter(({ given }) => given.by === by);
    if (first && second) throw bothGiven(first.given.from, second.given.from);
    if (first) return first;
  }
  return undefined;
}

export function bothGiven(one: string, other: string): UsageError {
  return new UsageError(`both ${one} and ${other} are given`, { next: 'Give one of them.' });
}

/** @throws {UsageError} it is `undefined`: the mode's setting `option` is missing */
export function needed<T>(value: T | undefined, mode: AuthMode, option: string, what: string): T {
  if (value !== undefined) return value;
  throw new UsageError(`--auth ${mode} needs --${option}`, { next: `Give ${what}.` });
}

/** Of helper commands, in ms. */
export function commandTimeout(look: Lookup): number {
  return seconds(look, 'command-timeout', COMMAND_TIMEOUT, 0.1);
}

/** @throws {UsageError} no port */
export function callbackPort({ value }: Lookup): number | undefined {
  const given = value('oauth-callback-port');
  if (!given) return undefined;
  if (/^[1-9]\d{0,4}$/.test(given.text) && Number(given.text) < 65_536) return Number(given.text);
  throw new UsageError(`${given.from} is "${given.text}"`, {
    next: 'It takes the number of a port that is free on this machine, 1 to 65535; without it a free one is taken.',
  });
}
