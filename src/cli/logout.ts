// `gh-mcp-proxy logout`: forgets a login for every window, and revokes its tokens where that is possible.
// Not for: the revocation (auth/, github/revoke.ts), or profiles: those hold nothing secret and stay.
import type { Credential } from '../auth/token-source.ts';
import { explanationOf, StorageError, UserError } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { ambiguous, isSame, listLogins, openStore, withLogin } from './logins.ts';
import type { OpenLogin, OpenStore } from './logins.ts';
import { done, notice } from './screen.ts';
import { loginCommand } from './shell.ts';
import type { Which } from './shell.ts';

export const logout: Command = (context) =>
  cancellable(context.clock, async (signal) => {
    const { say } = context.screen;
    const store = await openStore(context);
    const which = await choose(context, store);
    return withLogin(context, store, which, async (open) => {
      const { was, unrevoked } = await open.source.logout(await stored(open, store), signal);
      const account = was?.login === undefined ? '' : ` account ${say.styled('bold', was.login)}`;
      await say.line(done(say, `Logged out of ${which.host.label}${account}`));
      if (unrevoked !== undefined) await say.line(notice(say, unrevoked));
      return 0;
    });
  });

/** What can be opened of it: one whose key is gone is forgotten all the same. */
async function stored(open: OpenLogin, { log }: OpenStore): Promise<Credential | undefined> {
  try {
    return await open.load();
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.warn(`the login cannot be opened, so its token cannot be revoked: ${explanationOf(error)}`);
    return undefined;
  }
}

/** The one that is named; else the only one there is. */
async function choose(context: CommandContext, { vault }: OpenStore): Promise<Which> {
  const { line, settings } = context;
  const fitting = await listLogins(context, vault);
  const isNamed = ['profile', 'gh-host', 'oauth-client-id', 'oauth-scopes'] as const;
  const own = isNamed.some((option) => line.value(option))
    ? fitting.find((which) => isSame(which, settings))
    : undefined;
  const [first] = fitting;
  if (own) return own;
  if (first && fitting.length === 1) return first;
  if (first) throw ambiguous(context, fitting);
  // As gh has it: there is nothing to authenticate for, so the exit code is 1.
  throw new UserError('you are not logged in', {
    next: `To log in, run: ${loginCommand(settings, context)}`,
  });
}
