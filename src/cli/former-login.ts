// What a profile stood for before a login gave it another host, app or set of scopes: it must not be left lying about,
// nor become somebody else in silence. Not for: another account under the same record; the source asks about that.
import type { Credential } from '../auth/token-source.ts';
import { explanationOf, StorageError, UserError } from '../base/errors.ts';
import type { CommandContext } from './command.ts';
import { withLogin } from './logins.ts';
import type { OpenStore } from './logins.ts';
import { confirm, done, notice } from './screen.ts';
import { exactCommand } from './shell.ts';
import { isSame, profileLogin } from './which.ts';
import type { Which } from './which.ts';

export interface FormerLogin {
  readonly which: Which;
  readonly credential: Credential;
}

/** The stored login of the profile as it is saved, where that is another one than the settings ask for. */
export async function formerLogin(
  context: CommandContext,
  store: OpenStore,
  wanted: Which | undefined,
): Promise<FormerLogin | undefined> {
  const { settings, profiles } = context;
  const saved = profiles.all.get(settings.profile);
  if (!saved) return undefined;
  const which = await profileLogin(settings.profile, saved, context);
  if (!which?.auth || (wanted && isSame(which, wanted))) return undefined;
  try {
    // What is stored, without a source: one that gets tokens by itself would get one.
    const kept = await store.vault.read(which.identity);
    if (kept.kind !== 'record') return undefined;
    const credential = kept.record;
    for (const secret of [credential.accessToken, credential.refreshToken])
      if (secret) store.redactor.add(secret);
    return { which, credential };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    store.log.warn(`the former login of the profile ${settings.profile} stays: ${explanationOf(error)}`);
    return undefined;
  }
}

/**
 * Before anybody is asked for a code: a profile that goes to another place becomes another account for certain.
 * @param there where the profile is to go: an issuer, or what gets tokens without a login
 * @throws {UserError} that was not agreed to
 */
export async function agreeToMove(
  { which, credential }: FormerLogin,
  there: { readonly issuer: string | undefined; readonly label: string },
  context: CommandContext,
  signal: AbortSignal,
): Promise<void> {
  const { profile } = context.settings;
  if (which.identity.issuer === there.issuer) return;
  const was = `he profile ${profile} is logged in to ${accountText(which, credential)}`;
  if (!context.screen.isInteractive) {
    throw new UserError(`t${was}, and this login is for ${there.label}`, { next: waysOn(which, context) });
  }
  const question = `T${was}. Log out there, and give the profile to ${there.label}?`;
  if (!(await confirm(context.screen, question, signal)))
    throw new UserError('nothing was changed', { next: waysOn(which, context) });
}

/** What takes the place of the former login. */
export interface FreshLogin {
  readonly issuer: string | undefined;
  readonly credential: Credential;
  readonly giveBack: () => Promise<unknown>;
}

/**
 * Logs the former login out, once the new one is there. Where that is somebody else on the same host it is asked for
 * first, and the new one is given back if it is not agreed to.
 * @throws {UserError} it was not agreed to
 */
export async function leave(
  former: FormerLogin,
  fresh: FreshLogin,
  context: CommandContext,
  store: OpenStore,
  signal: AbortSignal,
): Promise<void> {
  const { which, credential } = former;
  const { screen } = context;
  const [was, now] = [credential.login, fresh.credential.login];
  const isOther =
    which.identity.issuer === fresh.issuer && was !== undefined && now !== undefined && was !== now;
  if (isOther) {
    const question = `The profile ${which.profile} is logged in as ${was}, and this login is ${now}. Log ${was} out?`;
    const isAgreed = screen.isInteractive && (await confirm(screen, question, signal));
    if (!isAgreed) {
      await fresh.giveBack();
      throw new UserError(
        `the profile ${which.profile} is the login of ${was}, and you logged in as ${now}`,
        {
          next: waysOn(which, context),
        },
      );
    }
  }
  const { unrevoked } = await withLogin(context, store, which, ({ source }) =>
    source.logout(credential, signal),
  );
  await screen.say.line(
    done(screen.say, `Logged out of ${accountText(which, credential)}, the former login of the profile`),
  );
  if (unrevoked !== undefined) await screen.say.line(notice(screen.say, unrevoked));
  await screen.say.line(
    notice(screen.say, 'Servers that run with the former login have to be restarted in their clients.'),
  );
}

/** What a person does who wants neither account to go. */
export function waysOn(which: Which, context: CommandContext): string {
  return (
    `Log out first: ${exactCommand('logout', which, context)}\n` +
    'Or keep both, each under a name of its own: gh-mcp-proxy login --profile NAME'
  );
}

function accountText({ label }: Which, { login }: Credential): string {
  return `${label} account ${login ?? '(name not known)'}`;
}
