// `gh-mcp-proxy audit`: the trail of who had which token when, as a table or as JSON lines. It never holds a secret.
// Not for: writing it (vault/audit-file.ts).
import type { AuditLine } from '../base/audit.ts';
import { UsageError } from '../base/errors.ts';
import { parseGithubHost } from '../github/hosts.ts';
import { readAudit } from '../vault/audit-reader.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { notice } from './screen.ts';
import type { Output } from './screen.ts';
import { dateText, parseSince } from './times.ts';

export const audit: Command = (context) =>
  cancellable(context.clock, async (signal) => {
    const { screen, settings, line } = context;
    const wanted = wantedBy(context);
    const limit = limitOf(context);
    const trail = readAudit(settings.stateDir);
    let found: AuditLine[] = [];
    for await (const entry of trail) {
      signal.throwIfAborted();
      if (!wanted(entry)) continue;
      found.push(entry);
      // Of a trail of 20 MB the last few are kept, without a copy an entry.
      if (found.length > 2 * limit) found = found.slice(-limit);
    }
    const entries = found.slice(-limit);
    if (line.switchedOn('json')) {
      for (const entry of entries) await screen.result.line(JSON.stringify(entry));
    } else if (entries.length > 0) {
      await screen.result.line(table(entries, screen.result));
    } else {
      await screen.say.line('Nothing is noted yet, or nothing that fits.');
    }
    const { damaged } = trail;
    const lines = damaged === 1 ? 'line is' : 'lines are';
    if (damaged > 0) await screen.say.line(notice(screen.say, `${damaged} ${lines} damaged and left out`));
    return 0;
  });

function wantedBy({ line, settings, clock }: CommandContext): (entry: AuditLine) => boolean {
  const since = line.value('since');
  const from = since === undefined ? -Infinity : parseSince(since.text, clock.now());
  const profile = line.value('profile') && settings.profile;
  const host = line.value('gh-host') && parseGithubHost(line.value('gh-host')?.text ?? '').label;
  return (entry) =>
    Date.parse(entry.time) >= from &&
    (profile === undefined || entry.profile === profile) &&
    (host === undefined || entry.host === host);
}

function limitOf({ line }: CommandContext): number {
  const given = line.value('limit');
  if (given === undefined) return Infinity;
  if (/^[1-9]\d{0,8}$/.test(given.text)) return Number(given.text);
  throw new UsageError(`--limit is "${given.text}"`, {
    next: 'It takes a number of entries, such as -n 20.',
  });
}

const COLUMNS = ['TIME', 'EVENT', 'PROFILE', 'ACCOUNT', 'TOKEN', 'GEN', 'PID', 'DETAIL'] as const;

function table(entries: readonly AuditLine[], output: Output): string {
  const rows = entries.map((entry) =>
    [
      dateText(Date.parse(entry.time), 'seconds'),
      entry.event,
      entry.profile,
      entry.login === undefined ? entry.host : `${entry.login}@${entry.host}`,
      entry.token ?? '',
      entry.generation === undefined ? '' : String(entry.generation),
      String(entry.pid),
      entry.detail ?? '',
    ].map(visible),
  );
  const widths = COLUMNS.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [output.styled('bold', lineOf(COLUMNS)), ...rows.map(lineOf)].join('\n');
}

/** A file on a disk may hold anything; a terminal would obey some of it. */
function visible(text: string): string {
  return text.replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, ' ');
}
