// The command line from its arguments to an exit code: the only place where errors become text.
// Not for: commands themselves (commands.ts) or serving a client (run.ts).
import { systemClock } from '../base/clock.ts';
import { EXIT, messageOf, UserError } from '../base/errors.ts';
import { createLog } from '../base/log.ts';
import { VERSION } from '../base/version.ts';
import { maskTokens } from '../base/mask.ts';
import { readCommandLine } from './options.ts';
import type { CommandLine } from './options.ts';
import { readProfiles } from './profiles.ts';
import type { Profiles } from './profiles.ts';
import { run } from './run.ts';
import { readSettings, readStateDir } from './settings.ts';
import { inShell } from './shell.ts';
import type { CommandName } from './verbs.ts';

/** Runs gh-mcp-proxy with `argv` (without node and the script) and resolves with its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    const line = readCommandLine(argv, process.env);
    const { name } = line.verb;
    if (line.help) return await help(line);
    if (line.version) {
      process.stdout.write(`${VERSION}\n`);
      return EXIT.ok;
    }
    const profiles = await profilesOf(line);
    if (name === 'run') return await run(await readSettings(line, process.env, profiles), VERSION);
    return await command(name, line, profiles);
  } catch (error) {
    tell(error);
    return error instanceof UserError ? error.exitCode : EXIT.error;
  }
}

/** What happened, why, and the next command. Whatever it is about, no token is in it. */
function tell(error: unknown): void {
  const next = error instanceof UserError && error.next !== '' ? `${error.next}\n` : '';
  const text = `gh-mcp-proxy: ${messageOf(error)}\n${next}`;
  process.stderr.write(maskTokens(inShell(text, 'gh-mcp-proxy login')));
}

async function help({ verb }: CommandLine): Promise<number> {
  const { commandHelp, helpText } = await import('./help.ts');
  const { name, options } = verb;
  process.stdout.write(name === 'run' ? helpText(VERSION, options) : commandHelp(name, options));
  return EXIT.ok;
}

async function profilesOf(line: CommandLine): Promise<Profiles> {
  const profiles = readProfiles(readStateDir(line, process.env));
  if (profiles.damaged) {
    const log = createLog('warn', (text) => process.stderr.write(text), maskTokens);
    const { keepProfilesAside } = await import('./damaged-profiles.ts');
    await keepProfilesAside(profiles.file, profiles.damaged, log);
  }
  return profiles;
}

async function command(name: CommandName, line: CommandLine, profiles: Profiles): Promise<number> {
  const [{ COMMAND_CODE }, { createScreen }] = await Promise.all([
    import('./commands.ts'),
    import('./screen.ts'),
  ]);
  // Node's own report has the error as it is, which may hold anything.
  process.on('uncaughtException', (error) => {
    process.stderr.write(`gh-mcp-proxy: internal error: ${maskTokens(error.stack ?? error.message)}\n`);
    process.exit(EXIT.error);
  });
  const settings = await readSettings(line, process.env, profiles);
  const screen = createScreen(process, process.env);
  return COMMAND_CODE[name]({ line, settings, profiles, screen, clock: systemClock, env: process.env });
}
