// A log that a test can read. Not for: what reaches stderr; log.ts's own tests are for that.
import type { Log } from '../../src/base/log.ts';

export interface TestLog extends Log {
  /** `level: message`, in order. */
  readonly lines: string[];
}

export function createTestLog(): TestLog {
  const lines: string[] = [];
  const at = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  return { lines, error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}
