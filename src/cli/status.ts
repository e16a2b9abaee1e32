// `gh-mcp-proxy status`: every login there is, whose it is, where it is kept and until when. What is stored is told;
// GitHub is not asked. Not for: how it is printed (status-text.ts).
import { EXIT } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { nobody, statusOf } from './login-status.ts';
import { AuthRequiredError, fitting, listLogins, openStore } from './logins.ts';
import { loginCommand } from './shell.ts';
import { statusJson, statusText } from './status-text.ts';
import { isSame, profileLogin, settingsLogin } from './which.ts';
import type { Which } from './which.ts';

export const status: Command = (context) =>
  cancellable(context.clock, async () => {
    const { screen, line, clock, settings } = context;
    const { vault } = await openStore(context);
    const stored = await listLogins(context, vault);
    const empty = (await emptyProfiles(context)).filter((which) => !stored.some((one) => isSame(one, which)));
    const logins = [
      ...(await Promise.all(stored.map((which) => statusOf(which, vault, context)))),
      ...empty.map((which) => nobody(which, context)),
    ];
    const all = { auth: settings.auth, logins };
    if (line.switchedOn('json')) await screen.result.line(statusJson(all));
    else await screen.result.line(statusText(all, screen.result, clock.now()));
    const wanted = settingsLogin(settings);
    if (!wanted || logins.some(({ state }) => state === 'usable')) return EXIT.ok;
    if (logins.some(({ state }) => state === 'unreadable')) return EXIT.error;
    throw new AuthRequiredError('you are not logged in', {
      next: `To log in, run: ${loginCommand(wanted, context)}`,
    });
  });

/** The profiles that fit what was asked for, as logins. Of one whose host is none, `run` and `login` say so. */
async function emptyProfiles(context: CommandContext): Promise<Which[]> {
  const all = await Promise.all(
    [...context.profiles.all].map(([name, profile]) => profileLogin(name, profile, context)),
  );
  return all.filter((which) => which !== undefined).filter(fitting(context));
}
