// `gh-mcp-proxy login`: logs a person in at a shell, and keeps host, client id and scopes as a profile, so that every
// window of every client finds the login. Not for: the flow (auth/) or what is shown of it (login-screen.ts).
import type { Credential, LoginPrompt } from '../auth/token-source.ts';
import { hasExpired } from '../auth/token-source.ts';
import { registrationSteps } from '../auth/register-app.ts';
import { RefusedError, StorageError, UsageError, UserError } from '../base/errors.ts';
import { createHttp } from '../github/http.ts';
import { fetchLogin } from '../github/identity.ts';
import { onLocalDesktop, openPage } from './browser.ts';
import { cancellable } from './cancel.ts';
import type { Command, CommandContext } from './command.ts';
import { agreeToMove, formerLogin, leave, waysOn } from './former-login.ts';
import { showCode } from './login-screen.ts';
import { openStore, withLogin } from './logins.ts';
import type { OpenLogin, OpenStore } from './logins.ts';
import type { Profile } from './profiles.ts';
import { confirm, done, notice } from './screen.ts';
import { hostText, loginCommand } from './shell.ts';

export const login: Command = (context) => cancellable(context.clock, (signal) => run(context, signal));

async function run(context: CommandContext, signal: AbortSignal): Promise<number> {
  const { settings, screen } = context;
  refuseWhatCannotLast(context);
  const store = await openStore(context);
  const former = await formerLogin(context, store);
  if (former) await agreeToMove(former, context, signal);
  return withLogin(context, store, settings, async (open) => {
    const kept = context.line.switchedOn('force') ? undefined : await working(open, context, store, signal);
    const credential = kept ?? (await logIn(open, context, store, signal));
    if (former) await leave(former, { open, credential }, context, store, signal);
    await save(context, store);
    const account = credential.login ?? 'an account whose name could not be learnt';
    const where = `${settings.host.label} account ${screen.say.styled('bold', account)}`;
    if (kept) {
      await screen.say.line(done(screen.say, `Logged in to ${where} already. To log in again, add --force.`));
    } else {
      await screen.say.line(done(screen.say, `Logged in as ${screen.say.styled('bold', account)}`));
    }
    await screen.say.line(`- Kept in: ${await open.source.store()}, as the profile ${settings.profile}`);
    return 0;
  });
}

function refuseWhatCannotLast(context: CommandContext): void {
  const { settings } = context;
  if (settings.clientId === undefined) {
    const last = `Run: ${loginCommand(settings, context)}`;
    throw new UsageError('no client id is given', { next: registrationSteps(settings.host, last) });
  }
  if (settings.store === 'memory') {
    throw new UsageError('with --store memory the login would end together with this command', {
      next: 'Leave --store out, or give keychain or file.',
    });
  }
}

/** The stored credential, if GitHub accepts it; renewed first where it has expired. */
async function working(
  open: OpenLogin,
  { settings, clock }: CommandContext,
  { log }: OpenStore,
  signal: AbortSignal,
): Promise<Credential | undefined> {
  const stored = await open.load();
  if (!stored) return undefined;
  try {
    const credential = hasExpired(stored, clock.now()) ? await open.source.refresh(stored, signal) : stored;
    const http = createHttp(clock);
    await fetchLogin({ host: settings.host, token: credential.accessToken, http, signal });
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
  const known = await open.load();
  await open.mustBeAbleToStore();
  const settled = new AbortController();
  let shown: Promise<void> = Promise.resolve();
  const ended = async (): Promise<void> => {
    settled.abort();
    await shown;
  };
  const onPrompt = (prompt: LoginPrompt): void => {
    const opens = wantsBrowser(context) ? (url: string) => openPage(url, log) : undefined;
    shown = showCode(prompt, { screen, openPage: opens, signal: AbortSignal.any([signal, settled.signal]) });
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

/** So that `mcp.json` needs the name at most. Nothing of it is secret. */
async function save(context: CommandContext, { log }: OpenStore): Promise<void> {
  const { settings, screen } = context;
  const { host, clientId, scopes, store, passphrase, profile: name } = settings;
  if (clientId === undefined) return;
  const profile: Profile = {
    host: hostText(host),
    clientId,
    scopes,
    ...(store !== 'auto' && { store }),
    ...(passphrase?.kind === 'file' && { passphraseFile: passphrase.path }),
  };
  try {
    const { saveProfile } = await import('./profiles-file.ts');
    await saveProfile(settings.stateDir, name, profile, log);
  } catch (error) {
    // The login is there all the same.
    if (!(error instanceof StorageError)) throw error;
    await screen.say.line(notice(screen.say, `${error.message}. ${error.next}`));
  }
}
