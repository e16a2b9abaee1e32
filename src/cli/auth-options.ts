// What was given for the options of a mode, as a profile keeps it and as the next command is given it. Not for: what it
// means (auth-settings.ts).
import path from 'node:path';
import { ALTERNATIVES, MODE_OPTIONS } from './auth-modes.ts';
import type { AuthMode } from './auth-modes.ts';
import { alternative } from './lookups.ts';
import type { Lookup } from './lookups.ts';
import type { OptionTexts, ValueOption } from './option-names.ts';

/** The options of `mode` that count, as they were given, with paths that hold from anywhere. */
export function optionsOf(mode: AuthMode, look: Lookup): OptionTexts {
  const beaten = new Set(
    ALTERNATIVES.flatMap((several) => {
      const chosen = alternative(look, several);
      return several.filter((option) => chosen !== undefined && option !== chosen.option);
    }),
  );
  return Object.fromEntries(
    MODE_OPTIONS[mode].flatMap((option) => {
      const texts = look.values(option).map((text) => lasting(option, text));
      return texts.length === 0 || beaten.has(option) ? [] : [[option, texts]];
    }),
  );
}

const PATHS: ReadonlySet<ValueOption> = new Set([
  'oauth-client-secret-file',
  'app-private-key-path',
  'exchange-client-secret-file',
  'exchange-client-key-file',
  'subject-token-file',
]);

/** A path that begins in the folder of this command means another file in the next one. */
function lasting(option: ValueOption, text: string): string {
  if (PATHS.has(option)) return absolute(text);
  const file = option === 'app-private-key' ? /^file:(.+)$/s.exec(text)?.[1] : undefined;
  return file === undefined ? text : `file:${absolute(file)}`;
}

/** The home directory is found when the file is read. */
function absolute(file: string): string {
  return file.startsWith('~') ? file : path.resolve(file);
}
