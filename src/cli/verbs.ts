// What gh-mcp-proxy can be told to do, and which options each of it takes. Not for: doing it (commands.ts knows where
// the code is), or the help (help.ts).
import { UsageError } from '../base/errors.ts';
import { MODE_OPTIONS } from './auth-modes.ts';
import type { Switch, ValueOption } from './option-names.ts';

/** Those that a person names. */
export type CommandName = 'login' | 'logout' | 'status' | 'token' | 'refresh' | 'audit';

export interface Verb {
  /** `run` where no command is named. */
  readonly name: CommandName | 'run';
  /** One line for the list of commands. */
  readonly summary: string;
  readonly options: readonly (ValueOption | Switch)[];
}

/** Which way to a token it is, whose login, where it is kept, and what is said about it. */
const LOGIN_OPTIONS: readonly ValueOption[] = [
  'auth',
  ...new Set(Object.values(MODE_OPTIONS).flat()),
  'profile',
  'gh-host',
  'token-env',
  'store',
  'passphrase-file',
  'passphrase-fd',
  'state-dir',
  'log-level',
  'log-file',
];

/** What is done where no command is named. */
export const RUN: Verb = {
  name: 'run',
  summary: 'wrap a server',
  options: [
    ...LOGIN_OPTIONS,
    'auth-tools',
    'before-login',
    'open-browser',
    'drain-timeout',
    'rotation',
    'auth-failure-pattern',
  ],
};

export const COMMANDS: readonly Verb[] = [
  {
    name: 'login',
    summary: 'log in, and keep the settings as a profile',
    options: [...LOGIN_OPTIONS, 'open-browser', 'force'],
  },
  {
    name: 'logout',
    summary: 'forget a login, and revoke its token where that is possible',
    options: LOGIN_OPTIONS,
  },
  {
    name: 'status',
    summary: 'show how a token is got, and every login: whose, where it is kept, until when',
    options: [...LOGIN_OPTIONS, 'json'],
  },
  {
    name: 'token',
    summary: 'print the access token, renewed first where it is due',
    options: LOGIN_OPTIONS,
  },
  {
    name: 'refresh',
    summary: 'renew the access token now',
    options: LOGIN_OPTIONS,
  },
  {
    name: 'audit',
    summary: 'show who had which token when',
    options: ['profile', 'gh-host', 'state-dir', 'json', 'since', 'limit', 'log-level', 'log-file'],
  },
];

/** The command of that name, in exactly these letters. */
export function findCommand(name: string): Verb | undefined {
  return COMMANDS.find((verb) => verb.name === name);
}

/** For a word that is no command: the one that was most likely meant, and how a server is started. */
export function unknownWord(word: string, howToStart: string): UsageError {
  const [nearest] = COMMANDS.map(({ name }) => ({ name, edits: edits(word, name) })).toSorted(
    (one, other) => one.edits - other.edits,
  );
  const isNear = nearest !== undefined && nearest.edits <= Math.max(1, Math.floor(nearest.name.length / 3));
  return new UsageError(`"${word}" is not a command of gh-mcp-proxy`, {
    next: isNear
      ? `Did you mean: gh-mcp-proxy ${nearest.name}`
      : `The commands are ${COMMANDS.map(({ name }) => name).join(', ')}. A server's command goes after "--": ${howToStart}`,
  });
}

/** How many letters have to be changed, added, taken away or swapped with the next (optimal string alignment). */
function edits(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, at) => at)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= from.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          at(row - 1, column - 1) + (isSame ? 0 : 1),
          isSwapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(from.length, to.length);
}
