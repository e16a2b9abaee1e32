// A `docker|podman|nerdctl run` command as a wrapped server: what it must have so that input, output and the
// token reach the container. Not for: other commands, which pass unchanged, or stopping the container.
import { UsageError } from '../base/errors.ts';
import { HOST_ENV } from './environment.ts';

const ENGINES = new Set(['docker', 'podman', 'nerdctl']);

/**
 * Flags without a value, before the subcommand. All other flags take one; there are far fewer of these, and
 * engines add them rarely. From `docker --help`, podman's cmd/podman/root.go and nerdctl's main.go.
 */
const GLOBAL_SWITCHES = new Set(
  (
    '-D --debug --debug-full --tls --tlsverify -v --version -h --help -r --remote --noout --syslog --trace ' +
    '--transient-store --experimental --insecure-registry --kube-hide-dupe'
  ).split(' '),
);

/** The same after `run`. From `docker run --help`, podman's common/create.go and nerdctl's container_run.go. */
const RUN_SWITCHES = new Set(
  // docker
  (
    '-d --detach --disable-content-trust --help --init -i --interactive --no-healthcheck --oom-kill-disable ' +
    '--privileged -P --publish-all -q --quiet --read-only --rm --sig-proxy -t --tty --use-api-socket ' +
    // podman
    '--env-host --http-proxy --no-hostname --no-hosts --passwd --read-only-tmpfs --replace --rmi --rootfs ' +
    '--tls-verify --unsetenv-all --syslog --trace ' +
    // nerdctl
    '--debug --debug-full --experimental --insecure-registry'
  ).split(' '),
);

/** What Go's strconv.ParseBool takes for true. */
const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

interface Flag {
  /** `-e` or `--env`; letters written together come one by one. */
  readonly name: string;
  /** `true` for a switch without an explicit value. */
  readonly value: string;
}

interface ContainerRun {
  readonly engine: string;
  /** Where in the command the flags of `run` begin. */
  readonly flagsAt: number;
  readonly flags: readonly Flag[];
}

/**
 * The command with the flags added that carry `names` into the container; any other command unchanged.
 *
 * Added flags come right after `run`. A name that is only in an `--env-file` is added as well: `-e` wins over
 * the file, so that the container gets the token of this login.
 * @param names variables of the child's environment: those of `--token-env`, and `GITHUB_HOST` where it is set
 * @throws {UsageError} the container could not talk over stdio, or a token stands in the command line
 */
export function prepareContainerCommand(command: readonly string[], names: readonly string[]): string[] {
  const run = parseContainerRun(command);
  if (run === undefined) return [...command];
  checkStdio(run);
  checkLiterals(run, names);
  return [...command.slice(0, run.flagsAt), ...environmentFlags(run, names), ...command.slice(run.flagsAt)];
}

function parseContainerRun(command: readonly string[]): ContainerRun | undefined {
  const engine = (command[0] ?? '')
    .replace(/^.*[/\\]/, '')
    .toLowerCase()
    .replace(/\.exe$/, '');
  if (!ENGINES.has(engine)) return undefined;
  let at = readFlags(command, 1, GLOBAL_SWITCHES).end;
  if (command[at] === 'container') at += 1;
  if (command[at] !== 'run') return undefined;
  return { engine, flagsAt: at + 1, flags: readFlags(command, at + 1, RUN_SWITCHES).flags };
}

/**
 * Reads flags up to the first word that is none (the subcommand, the image) as Go's pflag does: `--name value`,
 * `--name=value`, `-n value`, `-nvalue`, `-n=value`, switches written together, `--` as the end.
 */
function readFlags(
  words: readonly string[],
  start: number,
  switches: ReadonlySet<string>,
): { flags: Flag[]; end: number } {
  const flags: Flag[] = [];
  let at = start;
  for (;;) {
    const word = words[at] ?? '';
    if (!word.startsWith('-') || word === '-') return { flags, end: at };
    at += 1;
    if (word === '--') return { flags, end: at };
    if (word.startsWith('--')) {
      const [name, value] = splitOnce(word);
      if (value !== undefined) flags.push({ name, value });
      else if (switches.has(name)) flags.push({ name, value: 'true' });
      else flags.push({ name, value: words[at++] ?? '' });
      continue;
    }
    for (let letter = 1; letter < word.length; letter += 1) {
      const name = `-${word.charAt(letter)}`;
      const rest = word.slice(letter + 1);
      if (switches.has(name) && !rest.startsWith('=')) {
        flags.push({ name, value: 'true' });
        continue;
      }
      if (rest === '') flags.push({ name, value: words[at++] ?? '' });
      else flags.push({ name, value: rest.replace(/^=/, '') });
      break;
    }
  }
}

/** Whether a switch is on: as with pflag, the last mention counts. */
function isOn(run: ContainerRun, short: string, long: string): boolean {
  const last = run.flags.findLast((flag) => flag.name === short || flag.name === long);
  return last !== undefined && TRUE.has(last.value);
}

function checkStdio(run: ContainerRun): void {
  const usual = `Write it as: ${run.engine} run -i --rm IMAGE`;
  if (isOn(run, '-t', '--tty')) {
    throw new UsageError(
      `"${run.engine} run" has -t (--tty): a terminal in the container changes line ends and echoes input, ` +
        'which breaks MCP messages',
      { next: `Remove -t. ${usual}` },
    );
  }
  if (isOn(run, '-d', '--detach')) {
    throw new UsageError(
      `"${run.engine} run" has -d (--detach): a container in the background has no stdin or stdout to talk over`,
      { next: `Remove -d. ${usual}` },
    );
  }
  if (!isOn(run, '-i', '--interactive')) {
    throw new UsageError(
      `"${run.engine} run" has no -i (--interactive): without it the server in the container gets no input`,
      { next: `Add -i right after "run". ${usual}` },
    );
  }
}

/** Each `-e`/`--env` as name and literal value; the value is absent where it is taken from the environment. */
function environmentOf(run: ContainerRun): [name: string, value: string | undefined][] {
  return run.flags
    .filter((flag) => flag.name === '-e' || flag.name === '--env')
    .map((flag) => splitOnce(flag.value));
}

/** A literal `GITHUB_HOST=...` is no secret and stays. The value is never part of the message. */
function checkLiterals(run: ContainerRun, names: readonly string[]): void {
  for (const [name, value] of environmentOf(run)) {
    if (value === undefined || name === HOST_ENV || !names.includes(name)) continue;
    throw new UsageError(
      `"${run.engine} run" sets ${name} to a literal value: everybody on this machine can read it in the list ` +
        'of processes, and the token of the login would not reach the server',
      {
        next: `Write -e ${name} without a value, or leave it out; and revoke that token if it was a real one.`,
      },
    );
  }
}

function environmentFlags(run: ContainerRun, names: readonly string[]): string[] {
  const present = new Set(environmentOf(run).map(([name]) => name));
  return names.flatMap((name) => (present.has(name) ? [] : ['-e', name]));
}

function splitOnce(text: string): [before: string, after: string | undefined] {
  const at = text.indexOf('=');
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
