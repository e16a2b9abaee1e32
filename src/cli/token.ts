// `gh-mcp-proxy token`: prints the access token alone, for a script that needs one; renewed first where it is due.
// Not for: anything else on stdout. It prints on a terminal as well, as `gh auth token` does.
import type { Credential } from '../auth/token-source.ts';
import { hasExpired } from '../auth/token-source.ts';
import { explanationOf, RefusedError, StorageError, UnreachableError } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { isDue, isRenewable } from './due.ts';
import { AuthRequiredError, notLoggedIn, openStore, theLogin, withLogin } from './logins.ts';
import type { OpenLogin, OpenStore } from './logins.ts';
import { loginCommand } from './shell.ts';

export const token: Command = (context) =>
  cancellable(context.clock, async (signal) => {
    const store = await openStore(context);
    const which = await theLogin(context, store.vault);
    const { accessToken } = await withLogin(context, store, which, (open) =>
      usable(open, context, store, signal),
    );
    await context.screen.result.line(accessToken.reveal());
    return 0;
  });

async function usable(
  open: OpenLogin,
  context: CommandContext,
  { log }: OpenStore,
  signal: AbortSignal,
): Promise<Credential> {
  const { clock } = context;
  const stored = await open.load();
  if (!stored) throw notLoggedIn(open.which, context);
  if (!isDue(stored, clock.now()) || (!isRenewable(stored, clock.now()) && !hasExpired(stored, clock.now())))
    return stored;
  try {
    await open.mustBeAbleToStore();
    return await open.source.refresh(stored, signal);
  } catch (error) {
    // It works to its last second, renewed or not.
    const isKnown = [UnreachableError, RefusedError, StorageError].some((known) => error instanceof known);
    if (isKnown && !hasExpired(stored, clock.now())) {
      log.warn(`the token could not be renewed, and will soon expire: ${explanationOf(error)}`);
      return stored;
    }
    throw authRequired(error, open, context);
  }
}

/** What only a person mends: exit code 4, and how. */
export function authRequired(error: unknown, { which }: OpenLogin, context: CommandContext): unknown {
  if (!(error instanceof RefusedError)) return error;
  return new AuthRequiredError(error.message, {
    next: `To log in again, run: ${loginCommand(which, context)}`,
  });
}
