// Reads the command line: which command it is, and what was given for each of its options, by flag or by variable.
// Not for: what options mean together (settings.ts), or the help (help.ts).
import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '../base/errors.ts';
import { looksLikeToken, secretIn } from '../upstream/environment.ts';
import { SECRET_VARIABLES, SHORT, SWITCHES, VALUE_OPTIONS } from './option-names.ts';
import type { Switch, ValueOption } from './option-names.ts';
import { findCommand, RUN, unknownWord } from './verbs.ts';
import type { Verb } from './verbs.ts';

/** A value with the name under which a person knows it: `--gh-host`, the variable's name, or a profile's. */
export interface Given {
  readonly text: string;
  readonly from: string;
  /** In the order in which they count. */
  readonly by: 'flag' | 'variable' | 'profile';
}

export interface CommandLine {
  /** What is to be done: `run` where no command is named. */
  readonly verb: Verb;
  readonly help: boolean;
  readonly version: boolean;
  /** Of options that the verb does not take: `undefined`, whatever the environment says. */
  readonly value: (option: ValueOption) => Given | undefined;
  /** Every value of an option that may be given several times. */
  readonly values: (option: ValueOption) => readonly string[];
  readonly switchedOn: (option: Switch) => boolean;
  /** The wrapped command: what stands after `--`. */
  readonly command: readonly string[];
}

export const HOW_TO_START = 'gh-mcp-proxy [options] -- COMMAND [ARGUMENTS...]';

type Parsed = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/**
 * Reads the command line; a flag wins over its environment variable.
 * @throws {UsageError} an unknown command or option, an option of another command, one without its value, or nothing to run
 */
export function readCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const split = argv.indexOf('--');
  const own = split === -1 ? argv : argv.slice(0, split);
  const command = split === -1 ? [] : argv.slice(split + 1);
  const { values, positionals } = parse(own);
  const verb = verbOf(positionals);
  const help = values['help'] === true;
  const version = values['version'] === true;
  refuseOptionsOfOthers(verb, values);
  if (verb.name !== 'run' && split !== -1) {
    throw new UsageError(`gh-mcp-proxy ${verb.name} starts no server, so nothing goes after it behind "--"`, {
      next: `Leave "--" and what follows it out; a server is started by: ${HOW_TO_START}`,
    });
  }
  if (verb.name === 'run' && !help && !version && command.length === 0) {
    const what = split === -1 ? 'there is no "--"' : 'nothing stands after "--"';
    throw new UsageError(`no server to run: ${what}`, {
      next: `Usage: ${HOW_TO_START}\nOr a command; gh-mcp-proxy --help lists them.`,
    });
  }
  return { verb, help, version, command, ...reader(verb, values, env) };
}

/** The variable that gives an option where its flag does not. */
function variable(option: ValueOption | Switch): string | undefined {
  return option in VALUE_OPTIONS ? VALUE_OPTIONS[option as ValueOption] : SWITCHES[option as Switch];
}

/** What was given for each option, by flag or by variable. */
function reader(
  verb: Verb,
  values: Parsed,
  env: NodeJS.ProcessEnv,
): Pick<CommandLine, 'value' | 'values' | 'switchedOn'> {
  const nameOf = (option: ValueOption | Switch): string =>
    values[option] === undefined ? (variable(option) ?? `--${option}`) : `--${option}`;
  const all = (option: ValueOption): readonly string[] => {
    if (!verb.options.includes(option)) return [];
    const given = values[option] ?? env[variable(option) ?? ''] ?? [];
    const texts = (Array.isArray(given) ? given : given === '' ? [] : [given]).filter(isText);
    // Before anybody says what is wrong with it and prints it.
    for (const text of texts) {
      const secret = secretIn(text);
      if (secret !== undefined) throw misplacedSecret(`${nameOf(option)} was given`, secret);
    }
    return texts;
  };
  return {
    values: all,
    value: (option) => {
      const text = all(option).at(-1);
      if (text === undefined) return undefined;
      return { text, from: nameOf(option), by: values[option] === undefined ? 'variable' : 'flag' };
    },
    switchedOn: (option) =>
      verb.options.includes(option) &&
      (values[option] === true || isOn(env[variable(option) ?? ''], nameOf(option))),
  };
}

/** What a variable that switches says, in the words that people use. */
function isOn(text: string | undefined, from: string): boolean {
  if (text === undefined || /^(?:|0|false|no|off)$/i.test(text)) return false;
  if (/^(?:1|true|yes|on)$/i.test(text)) return true;
  throw new UsageError(`${from} is ${looksLikeToken(text) ? 'what looks like a token' : `"${text}"`}`, {
    next: 'It takes 1 or 0.',
  });
}

function verbOf([word, ...more]: readonly string[]): Verb {
  for (const one of [word, ...more]) {
    const secret = one === undefined ? undefined : secretIn(one);
    if (secret !== undefined) throw misplacedSecret('the command line has', secret);
  }
  if (word === undefined) return RUN;
  const verb = findCommand(word);
  if (!verb) throw unknownWord(word, HOW_TO_START);
  if (more.length > 0) {
    throw new UsageError(`gh-mcp-proxy ${word} takes options only, and "${more[0]}" is none`, {
      next: `See gh-mcp-proxy ${word} --help.`,
    });
  }
  return verb;
}

/** Variables are another thing: they may be there for the proxies that a person runs. */
function refuseOptionsOfOthers(verb: Verb, values: Parsed): void {
  const stray = Object.keys(values).find(
    (name) => name !== 'help' && name !== 'version' && !verb.options.some((option) => option === name),
  );
  if (stray === undefined) return;
  const whose = verb.name === 'run' ? 'an option of a command' : `no option of gh-mcp-proxy ${verb.name}`;
  throw new UsageError(`--${stray} is ${whose}${verb.name === 'run' ? ', and none is named' : ''}`, {
    next: `See gh-mcp-proxy ${verb.name === 'run' ? '' : `${verb.name} `}--help for the options.`,
  });
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** @param where followed by what was found there */
function misplacedSecret(where: string, secret: 'token' | 'private key'): UsageError {
  if (secret === 'private key') {
    return new UsageError(`${where} what looks like a private key; no option takes one`, {
      next: `Give the path of a file with it, or put the key itself into ${SECRET_VARIABLES.appPrivateKey}; where others could read it, make a new one.`,
    });
  }
  return new UsageError(`${where} what looks like a token; no option takes one`, {
    next: 'Remove it and revoke that token, for others could read it there; the login is made by gh-mcp-proxy login, or by auth_login in the client.',
  });
}

function parse(args: readonly string[]): { readonly values: Parsed; readonly positionals: string[] } {
  const options: Record<string, { type: 'string' | 'boolean'; multiple?: boolean; short?: string }> = {};
  const define = (name: string, type: 'string' | 'boolean'): void => {
    const short = SHORT[name];
    options[name] = { type, multiple: type === 'string', ...(short !== undefined && { short }) };
  };
  for (const name of ['help', 'version', ...Object.keys(SWITCHES)]) define(name, 'boolean');
  for (const name of Object.keys(VALUE_OPTIONS)) define(name, 'string');
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    // Node's message names the option, without its value. What it goes on to advise is about Node's own "--".
    const [first = ''] = messageOf(error).split(/\.(?:\s|$)/);
    const withoutValue = /^Option '(?:-\w, )?([^ ']+).* argument (?:missing|is ambiguous)$/.exec(first)?.[1];
    throw new UsageError(withoutValue === undefined ? first : `${withoutValue} needs a value`, {
      next: 'See gh-mcp-proxy --help for the options.',
    });
  }
}
