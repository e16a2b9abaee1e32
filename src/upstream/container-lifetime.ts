// The container of one generation: started with a cidfile of its own, removed when the generation has ended. It is
// no child of the command line tool that started it, so the stop ladder ends the tool and may leave the container.
// Not for: what a `run` command must have (container.ts), or the tool's own end (stop.ts).
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { readSync, realpathSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { isOn, mentions, parseContainerRun } from './container-command.ts';
import type { ContainerRun } from './container-command.ts';

/**
 * How long the end of a generation waits for the engine, in ms: with the stop ladder before it the goodbye stays under
 * 2 s (DESIGN 2.5). An engine that needs longer goes on by itself; podman asks a container for 10 s before it kills.
 */
const PATIENCE = 500;
/** What docker, podman and nerdctl write: 32 random bytes. Nothing else becomes an argument. */
const CONTAINER_ID = /^[0-9a-f]{64}$/;
/** How the engines say that there is nothing to do any more. */
const GONE =
  /no such container|no container with|removal .*already in progress|container( \S+)? is not running|state improper/i;
/** Of what the engine says about a failure so much is read, in bytes. */
const LONGEST_ERROR = 1000;

export interface ContainerOptions {
  readonly command: readonly string[];
  /** That of the generation, less its token: it may hold what the engine is found by, such as DOCKER_HOST. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Container {
  /** What is to be started in the place of the command. */
  readonly command: readonly string[];
  /**
   * Removes the container, if it may still be there, and the cidfile. Never rejects; takes {@link PATIENCE} at most.
   * To be called when the command line tool has ended, however it did.
   * @param exitCode the tool's; null where a signal ended it, or where it never started
   */
  remove(exitCode: number | null): Promise<void>;
}

/** Prepares the container of a `run` command; `undefined` for any other command. Starts nothing. */
export function containerOf(options: ContainerOptions): Container | undefined {
  const { command, env, log } = options;
  const run = parseContainerRun(command);
  if (run === undefined || mentions(run, '--cidfile') || !sharesFiles(command)) return undefined;
  let folder: string;
  try {
    folder = privateFolder(command[0] ?? '', env);
  } catch (error) {
    log.warn(
      `no place for the container's id (${messageOf(error)}): a container that hangs will be left running`,
    );
    return undefined;
  }
  // A name in a folder that is new and nobody else's: engines refuse a file that is there already.
  const cidfile = path.join(folder, 'cid');
  return {
    command: [...command.slice(0, run.flagsAt), '--cidfile', cidfile, ...command.slice(run.flagsAt)],
    async remove(exitCode) {
      const id = readId(cidfile);
      // With --rm the tool ends with 0 only after the container is gone. Any other code may also be the tool's own
      // (a lost connection to the engine), while the container runs on.
      if (id !== undefined && !(exitCode === 0 && isOn(run, '--rm')))
        await runToEnd(removalCommand(command, run, id), folder, options);
      clear(folder);
    },
  };
}

/**
 * The engine's command that takes a container away, volumes without a name included, as `--rm` would have. Where a
 * person said `--rm=false` the container is ended and kept.
 */
function removalCommand(command: readonly string[], run: ContainerRun, id: string): string[] {
  const keep = mentions(run, '--rm') && !isOn(run, '--rm');
  return [command[0] ?? run.engine, ...run.globalFlags, ...(keep ? ['kill'] : ['rm', '-f', '-v']), id];
}

/** Docker's Windows program, called from Linux (WSL), cannot write to a path of Linux. */
function sharesFiles([file = '']: readonly string[]): boolean {
  return process.platform === 'win32' || !/\.exe$/i.test(file);
}

/** A new folder, mode 0700. A snap sees neither the system's temporary folder nor hidden ones, only its own. */
function privateFolder(engine: string, env: Readonly<Record<string, string>>): string {
  let parent = tmpdir();
  if (isSnap(engine, env['PATH'])) {
    parent = path.join(env['HOME'] ?? homedir(), 'snap', path.basename(engine), 'common');
    mkdirSync(parent, { recursive: true });
  }
  return mkdtempSync(path.join(parent, 'gh-mcp-proxy-'));
}

/** Commands of snaps are links to the program `snap`. */
function isSnap(engine: string, search = ''): boolean {
  if (process.platform !== 'linux') return false;
  const places = engine.includes('/') ? [engine] : search.split(':').map((place) => path.join(place, engine));
  const found = places.find((place) => existsSync(place));
  return found !== undefined && path.basename(realpathSync(found)) === 'snap';
}

/** Empty while the image is pulled, and absent where podman has removed the container itself. */
function readId(cidfile: string): string | undefined {
  try {
    const id = readFileSync(cidfile, 'latin1').trim();
    return CONTAINER_ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Runs the engine's command detached, with no pipe of ours: it survives this process when it is slow. Resolves at its
 * end or after {@link PATIENCE}; tells a person only of what may have left a container behind.
 */
async function runToEnd(
  command: readonly string[],
  folder: string,
  options: ContainerOptions,
): Promise<void> {
  const { env, clock, log } = options;
  const [file = '', ...args] = command;
  const start = process.platform === 'win32' ? (await import('cross-spawn')).default : spawn;
  log.debug(`removing the container: ${command.join(' ')}`);
  await new Promise<void>((resolve) => {
    const stderr = openSync(path.join(folder, 'errors'), 'w+', 0o600);
    const limit = clock.after(PATIENCE, () => {
      log.debug('the engine goes on removing the container by itself');
      resolve();
    });
    const end = (failure: string | undefined): void => {
      closeSync(stderr);
      limit.cancel();
      if (failure !== undefined)
        log.warn(`a container may be left: ${failure}. Remove it by: ${command.join(' ')}`);
      resolve();
    };
    const child = start(file, args, {
      env: { ...env },
      stdio: ['ignore', 'ignore', stderr],
      detached: true,
      windowsHide: true,
    });
    child.once('error', (error) => end(messageOf(error)));
    child.once('exit', (code, signal) => {
      const said = code === 0 ? '' : readErrors(stderr);
      end(code === 0 || GONE.test(said) ? undefined : `${file} ended with ${signal ?? code} (${said})`);
    });
    child.unref();
  }).catch((error: unknown) => log.warn(`a container may be left: ${messageOf(error)}`));
}

/** By its descriptor, as the file may be gone by now; from its beginning, as the engine moved the position. */
function readErrors(descriptor: number): string {
  const bytes = Buffer.alloc(LONGEST_ERROR);
  return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, LONGEST_ERROR, 0)).trim();
}

/** On Windows a file that the engine still holds stays; it is empty, and in the temporary folder. */
function clear(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // Nothing to do about it, and no reason to trouble anybody.
  }
}
