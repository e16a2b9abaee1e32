// A `docker|podman|nerdctl run` command as a wrapped server: what it must have so that input, output and the
// token reach the container. Not for: other commands, which pass unchanged, or the container's end (container-lifetime.ts).
import { UsageError } from '../base/errors.ts';
import { environmentOf, isOn, mentions, parseContainerRun } from './container-command.ts';
import type { ContainerRun } from './container-command.ts';
import { HOST_ENV } from './environment.ts';

/**
 * The command with the flags added that carry `names` into the container, and `--rm`; any other command unchanged.
 *
 * A server is started anew with every token, and a container that stays keeps its token, in plain, in its
 * configuration. So `--rm` is added where nothing is said of it; `--rm=false` stands (container-lifetime.ts).
 *
 * Added flags come right after `run`. A name that is only in an `--env-file` is added as well: `-e` wins over
 * the file, so that the container gets the token of this login.
 * @param names variables of the child's environment: those of `--token-env`, and `GITHUB_HOST` where it is set
 * @throws {UsageError} the container could not talk over stdio, or there could only be one, or a token stands in
 * the command line
 */
export function prepareContainerCommand(command: readonly string[], names: readonly string[]): string[] {
  const run = parseContainerRun(command);
  if (run === undefined) return [...command];
  checkStdio(run);
  checkMany(run);
  checkLiterals(run, names);
  const added = [...removalFlag(run), ...environmentFlags(run, names)];
  return [...command.slice(0, run.flagsAt), ...added, ...command.slice(run.flagsAt)];
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

/**
 * A name, and a file with the id, can be given to one container only. Here there are several: a new one starts before
 * the old one is gone, and each window of a client has its own. Another name than the one that was asked for would be
 * no use to whoever asked, and to leave the flag out would be a silence that is noticed late.
 */
function checkMany(run: ContainerRun): void {
  if (mentions(run, '--name')) {
    throw new UsageError(
      `"${run.engine} run" has --name: the container for the next token is started before the last one is gone, and ` +
        `each window of a client has its own, but ${run.engine} gives a name to one container only`,
      {
        next:
          'Remove --name. To find the containers of this server, give them a label (--label github-mcp) and run: ' +
          `${run.engine} ps --filter label=github-mcp`,
      },
    );
  }
  if (mentions(run, '--cidfile')) {
    throw new UsageError(
      `"${run.engine} run" has --cidfile: ${run.engine} does not start a container while that file is there, so none ` +
        'could be started for the next token',
      { next: 'Remove --cidfile. Each container gets one of its own here, and both are removed at the end.' },
    );
  }
}

/** None beside a restart policy, which an engine does not take together with it. */
function removalFlag(run: ContainerRun): string[] {
  return mentions(run, '--rm') || mentions(run, '--restart') ? [] : ['--rm'];
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
