// Starting the wrapped server as the leader of a process group of its own, with pipes, and telling a person why
// it did not start. Not for: what its environment holds (environment.ts), or its end (stop.ts).
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf, messageOf, UsageError, UserError } from '../base/errors.ts';

export interface SpawnOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The proxy's own directory when absent. */
  readonly cwd?: string;
}

/**
 * Starts `command` and resolves as soon as the system has accepted it, before it has run a line of its own.
 *
 * On POSIX the process is started within this very call, before it returns; the promise resolves in the same
 * turn of the event loop, so no output and no exit can be missed by listeners added then. On Windows cross-spawn
 * is loaded first, because `npx` and its like are batch files there.
 *
 * The child can still emit `error` later (on Windows cross-spawn does so in the place of `exit` when a batch file
 * turns out not to exist; {@link describeSpawnFailure} explains it): `close` follows in every case.
 * @throws {UserError} it could not be started; nothing of it is left
 */
export async function spawnUpstream(options: SpawnOptions): Promise<ChildProcessWithoutNullStreams> {
  const { command, env, cwd } = options;
  const [file, ...args] = command;
  if (file === undefined || file === '') {
    throw new UsageError('there is no command to run', {
      next: 'Write it after "--": gh-mcp-proxy -- npx -y SERVER',
    });
  }
  const common = { env: { ...env }, ...(cwd === undefined ? {} : { cwd }), stdio: 'pipe' } as const;
  try {
    const child =
      process.platform === 'win32'
        ? ((await import('cross-spawn')).default(file, args, {
            ...common,
            windowsHide: true,
          }) as ChildProcessWithoutNullStreams)
        : spawn(file, args, { ...common, detached: true });
    await started(child);
    return child;
  } catch (error) {
    throw describeSpawnFailure(error, command, cwd);
  }
}

function started(child: ChildProcessWithoutNullStreams): Promise<void> {
  return new Promise((accept, reject) => {
    child.once('spawn', () => {
      child.off('error', reject);
      accept();
    });
    child.once('error', reject);
  });
}

/**
 * What a failed start means and what to do about it. Names the command's first word only: arguments may hold
 * what a person would not like to see in a log, and the environment holds the token.
 */
export function describeSpawnFailure(error: unknown, command: readonly string[], cwd?: string): UserError {
  const file = command[0] ?? '';
  const isPath = /[/\\]/.test(file);
  const cause = error;
  if (cwd !== undefined && kindOf(cwd) !== 'directory') {
    return new UserError(`cannot start "${shown(file)}" in ${cwd}: there is no such directory`, {
      next: 'Give the directory that the server should run in, or leave it out.',
      cause,
    });
  }
  switch (codeOf(error) ?? '') {
    case 'ENOENT': {
      if (/\s/.test(file) && kindOf(resolve(cwd ?? '', file)) === undefined) {
        return new UserError(
          `cannot start "${shown(file)}": the command and its arguments are one single word`,
          {
            next: 'Give each argument as a word of its own: gh-mcp-proxy -- docker run -i --rm IMAGE (in JSON: one string each).',
            cause,
          },
        );
      }
      if (isPath && kindOf(resolve(cwd ?? '', file)) === 'file') {
        return new UserError(
          `cannot start "${file}": the interpreter or loader that it names does not exist`,
          {
            next: 'Look at its first line ("#!..."), and whether it was built for this system.',
            cause,
          },
        );
      }
      return new UserError(
        isPath ? `cannot start "${file}": no such file` : `cannot start "${file}": no such command in PATH`,
        {
          next: isPath
            ? 'Check the path; a relative one starts from the directory that the MCP client runs servers in.'
            : 'Install it, or write its full path: an MCP client may run servers with a shorter PATH than a terminal has.',
          cause,
        },
      );
    }
    case 'EACCES':
      return new UserError(`cannot start "${file}": it is not an executable file, or not for this user`, {
        next: isPath
          ? `Make it executable (chmod +x ${file}), or name the program that runs it (such as: node ${file}).`
          : 'Check the permissions of the file of this name in PATH.',
        cause,
      });
    case 'E2BIG':
      return new UserError(`cannot start "${file}": its arguments and environment are too large together`, {
        next: 'Pass less in the arguments or in the environment.',
        cause,
      });
    case 'EAGAIN':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return new UserError(
        `cannot start "${file}": the system has no room for another process (${codeOf(error)})`,
        {
          next: 'Close other programs, or raise the limits of processes and open files, and try again.',
          cause,
        },
      );
    case 'ERR_INVALID_ARG_VALUE':
      // Node prints the value itself, which may be the token: neither its message nor the cause is kept.
      return new UserError(`cannot start "${shown(file)}": an argument or a variable holds a NUL character`, {
        next: 'Remove it from the command or from the environment.',
      });
    default:
      return new UserError(`cannot start "${shown(file)}": ${messageOf(error)}`, {
        next: 'Run the command by itself in a terminal to see whether it works there.',
        cause,
      });
  }
}

/** The first word of what may be a whole command line, whose rest may hold a secret. */
function shown(file: string): string {
  const [first = '', ...rest] = file.split(/\s+/);
  return rest.length === 0 ? first : `${first} ...`;
}

function kindOf(path: string): 'directory' | 'file' | undefined {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'file';
  } catch {
    return undefined;
  }
}
