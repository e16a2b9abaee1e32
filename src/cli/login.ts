// `gh-mcp-proxy login`: logs a person in at a shell, and keeps the settings as a profile, so that every window of every
// client finds the login. Not for: the flow (auth/) or what is shown of it (login-screen.ts).
import type { Credential, LoginPrompt } from '../auth/token-source.ts';
import { hasExpired } from '../auth/token-source.ts';
import { registrationSteps } from '../auth/register-app.ts';
import { RefusedError, StorageError, UsageError, UserError } from '../base/errors.ts';
import { onLocalDesktop, openPage } from './browser.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { agreeToMove, formerLogin, leave, waysOn } from './former-login.ts';
import { showPrompt } from './login-screen.ts';
import { openStore, withLogin } from './logins.ts';
import type { OpenLogin, OpenStore } from './logins.ts';
import { keepProfile } from './kept-profile.ts';
import { confirm, done } from './screen.ts';
import { loginCommand } from './shell.ts';
import { keepUnattended } from './unattended-login.ts';
import { settingsLogin } from './which.ts';
import type { Which } from './which.ts';

export const login: Command = (context) =>
  cancellable(context.clock, (signal) => {
    const wanted = settingsLogin(context.settings);
    return wanted ? run(context, wanted, signal) : keepUnattended(context, signal);
  });

async function run(context: CommandContext, wanted: Which, signal: AbortSignal): Promise<number> {
  const { settings, screen } = context;
  refuseWhatCannotLast(context, wanted);
  const store = await openStore(context);
  const former = await formerLogin(context, store, wanted);
  const { issuer } = wanted.identity;
  if (former) await agreeToMove(former, { issuer, label: wanted.label }, context, signal);
  return withLogin(context, store, wanted, async (open) => {
    const begun = context.clock.now();
    const kept = context.line.switchedOn('force') ? undefined : await working(open, context, store, signal);
    const credential = kept ?? (await logIn(open, context, store, signal));
    const giveBack = (): Promise<unknown> => open.source.logout(credential, signal);
    if (former) await leave(former, { issuer, credential, giveBack }, context, store, signal);
    await keepProfile(context, store);
    const account = credential.login ?? 'an account whose name could not be learnt';
    const where = `${wanted.label} account ${screen.say.styled('bold', account)}`;
    // A broker may have given the first token just now, without a person.
    if (kept && (wanted.mode !== 'exchange' || kept.issuedAt < begun)) {
      await screen.say.line(done(screen.say, `Logged in to ${where} already. To log in again, add --force.`));
    } else {
      await screen.say.line(done(screen.say, `Logged in as ${screen.say.styled('bold', account)}`));
    }
    await screen.say.line(`- Kept in: ${await open.source.store()}, as the profile ${settings.profile}`);
    return 0;
  });
}

function refuseWhatCannotLast(context: CommandContext, wanted: Which): void {
  const { settings } = context;
  if (wanted.identity.clientId === '') {
    const last = `Run: ${loginCommand(wanted, context)}`;
    throw new UsageError('no client id is given', { next: registrationSteps(settings.host, last) });
  }
  if (settings.store === 'memory') {
    throw new UsageError('with --store memory the login would end together with this command', {
      next: 'Leave --store out, or give keychain or file.',
    });
  }
}

/** The stored credential, if the server accepts it; renewed first where it has expired. */
async function working(
  open: OpenLogin,
  { clock }: CommandContext,
  { log }: OpenStore,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  try {
    const stored = await open.load();
    if (!stored) return undefined;
    const credential = hasExpired(stored, clock.now()) ? await open.source.refresh(stored, signal) : stored;
    await open.source.identify?.(credential, signal);
    return credential;
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    log.info(`the stored login is not accepted any more: ${error.message}`);
    return undefined;
  }
}

async function logIn(
  open: OpenLogin,
  context: CommandContext,
  { log }: OpenStore,
  signal: AbortSignal,
): Promise<Credential> {
  const { settings, screen } = context;
  const known = await open.load().catch((error: unknown) => {
    // A source that gets tokens without a person could not: that is what the person is here for.
    if (!(error instanceof RefusedError)) throw error;
    return undefined;
  });
  await open.mustBeAbleToStore();
  let settled = new AbortController();
  let shown: Promise<void> = Promise.resolve();
  const ended = async (): Promise<void> => {
    settled.abort();
    await shown;
  };
  const openBrowser = wantsBrowser(context) ? (url: string) => openPage(url, log) : undefined;
  const onPrompt = (prompt: LoginPrompt): void => {
    // The one before, where there is one, waits for nothing any more.
    const before = ended();
    settled = new AbortController();
    const ends = AbortSignal.any([signal, settled.signal]);
    shown = before.then(() => showPrompt(prompt, { screen, openPage: openBrowser, signal: ends }));
  };
  const confirmIdentity = async (was: string, now: string): Promise<boolean> => {
    await ended();
    const question = `The profile ${settings.profile} is logged in as ${was}, and this login is ${now}. Log ${was} out?`;
    return confirm(screen, question, signal);
  };
  try {
    const credential = await open.source.login(
      {
        scopes: [],
        onPrompt,
        ...(known && { known }),
        ...(screen.isInteractive && { confirmIdentity }),
      },
      signal,
    );
    await ended();
    await screen.say.line(done(screen.say, 'Authentication complete.'));
    await mustBeStored(open, credential);
    return credential;
  } catch (error) {
    await ended();
    throw otherIdentity(error, open, context);
  }
}

function wantsBrowser({ settings, env, screen }: CommandContext): boolean {
  if (settings.openBrowser !== 'auto') return settings.openBrowser === 'always';
  return screen.isInteractive && onLocalDesktop(env, process.platform);
}

/** The source uses a credential that it could not store, as a session goes on with it. This command ends. */
async function mustBeStored(open: OpenLogin, credential: Credential): Promise<void> {
  if (await open.isStored(credential)) return;
  throw new StorageError('the login could not be stored, so it ends with this command', {
    next: 'Mend what is said above, and log in again.',
  });
}

/** A refusal to become somebody else, with the commands for the ways on from there. */
function otherIdentity(error: unknown, { which }: OpenLogin, context: CommandContext): unknown {
  if (!(error instanceof RefusedError) || error.code !== 'other_identity') return error;
  return new UserError(error.message, { next: `${error.next}\n${waysOn(which, context)}` });
}
