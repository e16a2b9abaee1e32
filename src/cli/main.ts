// The command line from its arguments to an exit code: the only place where errors become text.
// Not for: commands themselves (run.ts).
import { EXIT, messageOf, UserError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { helpText, readCommandLine } from './options.ts';
import { run } from './run.ts';
import { readSettings } from './settings.ts';

/** Runs gh-mcp-proxy with `argv` (without node and the script) and resolves with its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const line = readCommandLine(argv, process.env);
    if (line.help) {
      process.stdout.write(helpText(VERSION));
      return EXIT.ok;
    }
    if (line.version) {
      process.stdout.write(`${VERSION}\n`);
      return EXIT.ok;
    }
    return await run(readSettings(line, process.env), VERSION);
  } catch (error) {
    process.stderr.write(`gh-mcp-proxy: ${messageOf(error)}\n`);
    if (error instanceof UserError && error.next !== '') process.stderr.write(`${error.next}\n`);
    return error instanceof UserError ? error.exitCode : EXIT.error;
  }
}
