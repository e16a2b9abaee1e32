// Diagnostics that also go to a file (`--log-file`), for those whose client shows no stderr or forgets it.
// Not for: rotation; the file is only ever appended to, so that logrotate's copytruncate works with it.
import { constants, openSync, writeSync } from 'node:fs';
import type { Clock } from './clock.ts';
import { codeOf, messageOf, StorageError } from './errors.ts';
import type { Log, LogLevel, Redact } from './log.ts';
import { LOG_LEVELS } from './log.ts';

export interface LogFileOptions {
  /** The level of stderr: the file has `info` at the least, for it is looked into afterwards. */
  readonly level: LogLevel;
  /** Applied to each line, like that of stderr. */
  readonly redact: Redact;
  readonly clock: Clock;
}

/** A FIFO that nobody reads must not hold up the start; of a file the flag changes nothing. Windows has none. */
const NEVER_WAIT = process.platform === 'win32' ? 0 : constants.O_NONBLOCK;
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NEVER_WAIT;

/**
 * The same log, whose lines also go to `file` as `2030-01-31T12:00:00.000Z [pid] level: message`; several processes may
 * share it. Each is written before the call returns, so that what led to a crash is in it. A line that cannot be
 * written is lost, and `log` told of it once.
 * @throws {StorageError} the file cannot be opened
 */
export function withLogFile(log: Log, file: string, { level, redact, clock }: LogFileOptions): Log {
  const descriptor = openLog(file);
  const highest = Math.max(LOG_LEVELS.indexOf(level), LOG_LEVELS.indexOf('info'));
  let hasFailed = false;

  const write = (line: string): void => {
    try {
      writeSync(descriptor, line);
    } catch (error) {
      if (!hasFailed) log.warn(`the log file ${file} cannot be written: ${messageOf(error)}`);
      hasFailed = true;
    }
  };

  const at = (name: Exclude<LogLevel, 'silent'>) => {
    if (LOG_LEVELS.indexOf(name) > highest) return (message: string) => log[name](message);
    return (message: string) => {
      log[name](message);
      // Indented, so that no message can pass for the beginning of another one.
      const text = redact(message).replaceAll(/\r?\n|\r/g, '\n  ');
      write(`${new Date(clock.now()).toISOString()} [${process.pid}] ${name}: ${text}\n`);
    };
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** With mode 0600 where it is made; one that is there keeps its own. */
function openLog(file: string): number {
  try {
    return openSync(file, APPEND, 0o600);
  } catch (error) {
    const next =
      codeOf(error) === 'ENOENT'
        ? 'Make its directory first, or choose another file with --log-file.'
        : 'Choose another file with --log-file, or give yourself permission to write to it.';
    throw new StorageError(`cannot open the log file ${file}: ${messageOf(error)}`, { next, cause: error });
  }
}
