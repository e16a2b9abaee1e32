// A command on a pseudo-terminal, made by script(1) of util-linux. Not for: streams apart; a terminal has but one.
import { spawnSync } from 'node:child_process';
import { follow } from './command.ts';
import type { RunningCommand } from './command.ts';
import { builtProxy, spawnInTest } from './spawned.ts';
import type { Surroundings } from './spawned.ts';

/** Why there is no terminal here; empty where there is one. BSD's script(1) takes other options. */
export const noTerminal = ((): string => {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  return stdout?.includes('util-linux') ? '' : 'script(1) of util-linux is not installed';
})();

export interface TerminalOptions extends Surroundings {
  /** Default: 100. */
  readonly columns?: number;
  /** What a shell is to do with one of the streams, such as `2>/dev/null`. */
  readonly redirect?: string;
}

export interface Terminal extends RunningCommand {
  /** Types on the keyboard: `\n` is Enter, `\x03` Ctrl-C. */
  type(keys: string): void;
}

/** Starts `gh-mcp-proxy ARGS` on a terminal. Both streams come as stdout, lines ending in `\r\n`. */
export function openTerminal(
  args: readonly string[],
  { columns = 100, redirect = '', env = {}, ...rest }: TerminalOptions = {},
): Terminal {
  const words = [process.execPath, builtProxy(), ...args].map(
    (word) => `'${word.replaceAll("'", String.raw`'\''`)}'`,
  );
  const line = `stty cols ${columns} rows 50; exec ${words.join(' ')} ${redirect}`;
  const child = spawnInTest(['script', '--quiet', '--return', '--command', line, '/dev/null'], {
    ...rest,
    env: { TERM: 'xterm', SHELL: '/bin/sh', ...env },
  });
  return { ...follow(child), type: (keys) => void child.stdin.write(keys) };
}
