// Diagnostics on stderr, one line each. Not for: a file of them (log-file.ts), what a command prints as its result, or the
// audit trail.

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Values that are cut out of everything that is printed; wire/redact.ts holds the live set. */
export type Redact = (text: string) => string;

export interface Log {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/**
 * A log that writes `gh-mcp-proxy: level: message` lines up to `level`.
 * @param write receives one line with its newline
 * @param redact applied to each line: the last guard, not the first
 */
export function createLog(level: LogLevel, write: (line: string) => void, redact: Redact): Log {
  const highest = LOG_LEVELS.indexOf(level);
  const at = (name: Exclude<LogLevel, 'silent'>) => {
    if (LOG_LEVELS.indexOf(name) > highest) return () => {};
    return (message: string) => write(`gh-mcp-proxy: ${name}: ${redact(message)}\n`);
  };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
