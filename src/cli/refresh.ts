// `gh-mcp-proxy refresh`: renews the access token now; windows that are open take the new one over by themselves.
// Not for: doing it in time, which the proxies see to.
import { UserError } from '../base/errors.ts';
import { cancellable } from './cancel.ts';
import type { Command } from './command.ts';
import { notLoggedIn, openStore, theLogin, withLogin } from './logins.ts';
import { done, notice } from './screen.ts';
import { dateText, spanText } from './times.ts';
import { authRequired } from './token.ts';
import { nothingStored } from './unattended.ts';
import { settingsLogin } from './which.ts';

export const refresh: Command = (context) =>
  cancellable(context.clock, async (signal) => {
    const { clock, screen } = context;
    const { say } = screen;
    const store = await openStore(context);
    const wanted = settingsLogin(context.settings);
    if (!wanted) return nothingStored(context, 'so there is nothing to renew');
    const which = await theLogin(context, store.vault, wanted);
    return withLogin(context, store, which, async (open) => {
      const stored = await open.load();
      if (!stored) throw notLoggedIn(which, context);
      const account = `${which.label} account ${say.styled('bold', stored.login ?? '(name not known)')}`;
      if (!open.source.isRenewable(stored) && stored.expiresAt === undefined) {
        await say.line(notice(say, `The token of ${account} does not expire: there is nothing to renew`));
        return 0;
      }
      await open.mustBeAbleToStore();
      const fresh = await open.source.refresh(stored, signal).catch((error: unknown) => {
        throw authRequired(error, open, context);
      });
      const { expiresAt } = fresh;
      const until =
        expiresAt === undefined
          ? 'it does not expire'
          : `it expires in ${spanText(Math.max(expiresAt - clock.now(), 0))} (${dateText(expiresAt)})`;
      await say.line(done(say, `Renewed the token of ${account}; ${until}`));
      if (await open.isStored(fresh)) return 0;
      throw new UserError('the new token could not be stored, and the old one is dead', {
        next: 'Mend what is said above, and log in again.',
      });
    });
  });
