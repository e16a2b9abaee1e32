// `gh-mcp-proxy logout`: forgets a login for every window, and revokes its tokens where that is possible.
// Not for: the revocation (auth/, github/revoke.ts), or profiles: those hold nothing secret and stay.
import type { Credential } from '../auth/token-source.ts';
import { explanationOf, StorageError, UserError } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import type { ValueOption } from './option-names.ts';
import { MODE_OPTIONS } from './auth-modes.ts';
import { ambiguous, listLogins, openStore, withLogin } from './logins.ts';
import type { OpenLogin, OpenStore } from './logins.ts';
import { done, notice } from './screen.ts';
import { loginCommand } from './shell.ts';
import { nothingStored } from './unattended.ts';
import { isSame, settingsLogin } from './which.ts';
import type { Which } from './which.ts';

export const logout: Command = (context) =>
  cancellable(context.clock, async (signal) => {
    const { say } = context.screen;
    const store = await openStore(context);
    const which = await choose(context, store);
    if (!which) return nothingStored(context, 'so there is nothing to log out of');
    const { vault } = store;
    if (!which.auth) {
      // How its tokens are got is not known here, but not needed to forget them either.
      await vault.remove(which.identity);
      await say.line(done(say, `Logged out of ${which.label}`));
      await say.line(notice(say, 'Its token was not revoked: it works until it expires.'));
      return 0;
    }
    return withLogin(context, store, which, async (open) => {
      const { was, unrevoked } = await open.source.logout(await stored(open, store), signal);
      const account = was?.login === undefined ? '' : ` account ${say.styled('bold', was.login)}`;
      await say.line(done(say, `Logged out of ${which.label}${account}`));
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

/** What says that one login is meant, and not just any. */
const NAMES: readonly ValueOption[] = ['profile', 'gh-host', ...new Set(Object.values(MODE_OPTIONS).flat())];

/** The one that is named; else the only one there is. `undefined`: there is none, and none is needed. */
async function choose(context: CommandContext, { vault }: OpenStore): Promise<Which | undefined> {
  const { line, settings } = context;
  const fitting = await listLogins(context, vault);
  const wanted = settingsLogin(settings);
  const own =
    wanted && NAMES.some((option) => line.value(option))
      ? fitting.find((which) => isSame(which, wanted))
      : undefined;
  const [first] = fitting;
  if (own) return own;
  if (first && fitting.length === 1) return first;
  if (first) throw ambiguous(context, fitting);
  if (!wanted) return undefined;
  // As gh has it: there is nothing to authenticate for, so the exit code is 1.
  throw new UserError('you are not logged in', { next: `To log in, run: ${loginCommand(wanted, context)}` });
}
