// `gh-mcp-proxy status`: every login there is, whose it is, where it is kept and until when. What is stored is told;
// GitHub is not asked. Not for: how it is printed (status-text.ts).
import { EXIT } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { nobody, statusOf } from './login-status.ts';
import { AuthRequiredError, isSame, listLogins, openStore, whichOf } from './logins.ts';
import { loginCommand } from './shell.ts';
import type { Which } from './shell.ts';
import { statusJson, statusText } from './status-text.ts';

export const status: Command = (context) =>
  cancellable(context.clock, async () => {
    const { screen, line, clock } = context;
    const { vault } = await openStore(context);
    const stored = await listLogins(context, vault);
    const empty = emptyProfiles(context).filter((which) => !stored.some((one) => isSame(one, which)));
    const all = [
      ...(await Promise.all(stored.map((which) => statusOf(which, vault, context)))),
      ...empty.map((which) => nobody(which, context)),
    ];
    if (line.switchedOn('json')) await screen.result.line(statusJson(all));
    else if (all.length > 0) await screen.result.line(statusText(all, screen.result, clock.now()));
    if (all.some(({ state }) => state === 'usable')) return EXIT.ok;
    if (all.some(({ state }) => state === 'unreadable')) return EXIT.error;
    throw new AuthRequiredError('you are not logged in', {
      next: `To log in, run: ${loginCommand(context.settings, context)}`,
    });
  });

/** The profiles that fit what was asked for, as logins. Of one whose host is none, `run` and `login` say so. */
function emptyProfiles({ profiles, line, settings }: CommandContext): Which[] {
  return [...profiles.all]
    .flatMap(([name, profile]) => whichOf(name, profile) ?? [])
    .filter(
      ({ profile, host }) =>
        (!line.value('profile') || profile === settings.profile) &&
        (!line.value('gh-host') || host.loginUrl === settings.host.loginUrl),
    );
}
