// What every command is given, and what it is. Not for: which commands there are (verbs.ts), or where (commands.ts).
import type { Clock } from '../base/clock.ts';
import type { CommandLine } from './options.ts';
import type { Profiles } from './profiles.ts';
import type { Screen } from './screen.ts';
import type { Settings } from './settings.ts';

export interface CommandContext {
  readonly line: CommandLine;
  readonly settings: Settings;
  readonly profiles: Profiles;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Options, parsed and acted upon.
 * @returns the exit code
 * @throws {UserError} told and turned into an exit code by main.ts
 */
export type Command = (context: CommandContext) => Promise<number>;
