// What the commands do where nobody logs in: a token is got when it is wanted, and nothing is stored.
// Not for: sessions (run.ts), or the sources (auth/).
import type { Credential } from '../auth/token-source.ts';
import type { CommandContext } from './command.ts';
import { withSource } from './logins.ts';
import type { OpenStore } from './logins.ts';
import { notice } from './screen.ts';
import { spanText, dateText } from './times.ts';

/** Says why a command has nothing to do. @param so what follows, such as `so there is nothing to renew` */
export async function nothingStored({ settings, screen }: CommandContext, so: string): Promise<number> {
  const { mode, because } = settings.auth;
  const text = `Nothing is stored with --auth ${mode} (chosen because ${because}), ${so}`;
  await screen.say.line(notice(screen.say, text));
  return 0;
}

/**
 * A token for whoever asked, who owns it from then on: it is not revoked.
 * @throws {RefusedError | UnreachableError} there is none
 */
export function obtained(
  context: CommandContext,
  store: OpenStore,
  signal: AbortSignal,
): Promise<Credential> {
  const { auth, profile } = context.settings;
  return withSource(context, store, auth, profile, async (source) => {
    const credential = await source.login({ scopes: [], onPrompt: () => {} }, signal);
    store.redactor.add(credential.accessToken);
    return credential;
  });
}

/** A token as proof that the settings work; it is given up again. */
export function tried(
  context: CommandContext,
  store: OpenStore,
  signal: AbortSignal,
): Promise<{ readonly credential: Credential; readonly label: string }> {
  const { auth, profile } = context.settings;
  return withSource(context, store, auth, profile, async (source) => {
    const credential = await source.login({ scopes: [], onPrompt: () => {} }, signal);
    store.redactor.add(credential.accessToken);
    await source.release(credential, signal);
    return { credential, label: source.hostLabel };
  });
}

/** Until when, for a person. @param now milliseconds since the epoch */
export function lasting({ expiresAt }: Credential, now: number): string {
  if (expiresAt === undefined) return 'nobody says when such a token expires';
  return `such a token lasts ${spanText(Math.max(expiresAt - now, 0))} (until ${dateText(expiresAt)})`;
}
