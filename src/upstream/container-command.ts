// Reading a `docker|podman|nerdctl run` command line, as the engines themselves do. Not for: what such a command must
// have as a wrapped server (container.ts), or the container that it starts (container-lifetime.ts).

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
    '--tls-verify --unsetenv-all --remote --syslog --trace ' +
    // nerdctl
    '--debug --debug-full --experimental --insecure-registry'
  ).split(' '),
);

/**
 * Global flags that say where the container is kept, and that podman and nerdctl also take after `run`: whoever looks
 * for the container later has to look there.
 */
const PLACES = new Set(
  (
    '--address --connection --data-root --host --identity --namespace --remote --root --runroot ' +
    '--storage-driver --url'
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

export interface ContainerRun {
  /** `docker`, `podman` or `nerdctl`, however it is spelt in the command. */
  readonly engine: string;
  /** What tells the engine which host, context or namespace is meant: as it stands before the subcommand, and after. */
  readonly globalFlags: readonly string[];
  /** Where in the command the flags of `run` begin. */
  readonly flagsAt: number;
  readonly flags: readonly Flag[];
}

/** The parts of a `run` command; `undefined` for any other one. */
export function parseContainerRun(command: readonly string[]): ContainerRun | undefined {
  const engine = (command[0] ?? '')
    .replace(/^.*[/\\]/, '')
    .toLowerCase()
    .replace(/\.exe$/, '');
  if (!ENGINES.has(engine)) return undefined;
  const globalEnd = readFlags(command, 1, GLOBAL_SWITCHES).end;
  let at = globalEnd;
  if (command[at] === 'container') at += 1;
  if (command[at] !== 'run') return undefined;
  const { flags } = readFlags(command, at + 1, RUN_SWITCHES);
  const places = flags.filter(({ name }) => PLACES.has(name)).map(({ name, value }) => `${name}=${value}`);
  return { engine, globalFlags: [...command.slice(1, globalEnd), ...places], flagsAt: at + 1, flags };
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

/** Whether a flag is there, whatever its value. */
export function mentions(run: ContainerRun, name: string): boolean {
  return run.flags.some((flag) => flag.name === name);
}

/** Whether a switch, by any of its names, is on: as with pflag, the last mention counts. */
export function isOn(run: ContainerRun, ...names: string[]): boolean {
  const last = run.flags.findLast((flag) => names.includes(flag.name));
  return last !== undefined && TRUE.has(last.value);
}

/** Each `-e`/`--env` as name and literal value; the value is absent where it is taken from the environment. */
export function environmentOf(run: ContainerRun): [name: string, value: string | undefined][] {
  return run.flags
    .filter((flag) => flag.name === '-e' || flag.name === '--env')
    .map((flag) => splitOnce(flag.value));
}

function splitOnce(text: string): [before: string, after: string | undefined] {
  const at = text.indexOf('=');
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
