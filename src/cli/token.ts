// `gh-mcp-proxy token`: prints the access token alone, for a script that needs one; renewed first where it is due.
// Not for: anything else on stdout. It prints on a terminal as well, as `gh auth token` does.
import type { Credential } from '../auth/token-source.ts';
import { hasExpired } from '../auth/token-source.ts';
import { explanationOf, RefusedError, StorageError, UnreachableError } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { isDue, isSpent } from './due.ts';
import { AuthRequiredError, notLoggedIn, openStore, theLogin, withLogin } from './logins.ts';
import type { OpenLogin, OpenStore } from './logins.ts';
import { loginCommand } from './shell.ts';
import { obtained } from './unattended.ts';
import { settingsLogin } from './which.ts';

export const token: Command = (context) =>
  cancellable(context.clock, async (signal) => {
    const store = await openStore(context);
    const { screen, settings } = context;
    const wanted = settingsLogin(settings);
    if (!wanted) {
      const { accessToken } = await obtained(context, store, signal);
      await screen.result.line(accessToken.reveal());
      return 0;
    }
    const which = await theLogin(context, store.vault, wanted);
    const { accessToken } = await withLogin(context, store, which, (open) =>
      usable(open, context, store, signal),
    );
    await screen.result.line(accessToken.reveal());
    return 0;
  });

async function usable(
  open: OpenLogin,
  context: CommandContext,
  { log }: OpenStore,
  signal: AbortSignal,
): Promise<Credential> {
  const { clock } = context;
  const stored = await open.load().catch((error: unknown) => {
    throw authRequired(error, open, context);
  });
  if (!stored) throw notLoggedIn(open.which, context);
  const now = clock.now();
  const isRenewed = open.source.isRenewable(stored) && !isSpent(stored, now);
  if (!isDue(stored, now) || (!isRenewed && !hasExpired(stored, now))) return stored;
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
  // Of what a broker refuses, most is no matter of a login: its own words say what is.
  if (which.mode === 'exchange' && error.code !== 'consent_required') return error;
  return new AuthRequiredError(error.message, {
    next: `To log in again, run: ${loginCommand(which, context)}`,
  });
}
