// `gh-mcp-proxy login` where nobody logs in: shows that the settings bring a token, and keeps them as a profile.
// Not for: logins of persons (login.ts).
import type { CommandContext } from './command.ts';
import { agreeToMove, formerLogin, leave } from './former-login.ts';
import { keepProfile } from './kept-profile.ts';
import { openStore } from './logins.ts';
import { SECRET_VARIABLES } from './option-names.ts';
import { done, notice } from './screen.ts';
import { lasting, tried } from './unattended.ts';

/** @throws {RefusedError | UnreachableError} there is no token: nothing is kept */
export async function keepUnattended(context: CommandContext, signal: AbortSignal): Promise<number> {
  const { settings, screen, clock } = context;
  const { say } = screen;
  const { auth, profile } = settings;
  const store = await openStore(context);
  const former = await formerLogin(context, store, undefined);
  const there = { issuer: undefined, label: `--auth ${auth.mode}` };
  if (former) await agreeToMove(former, there, context, signal);
  const { credential, label } = await tried(context, store, signal);
  const fresh = { issuer: undefined, credential, giveBack: () => Promise.resolve() };
  if (former) await leave(former, fresh, context, store, signal);
  await keepProfile(context, store);
  const whose = credential.login === undefined ? '' : ` as ${say.styled('bold', credential.login)}`;
  await say.line(done(say, `Got a token for ${label}${whose}; ${lasting(credential, clock.now())}`));
  await say.line(
    `- Kept: how to get one (--auth ${auth.mode}), as the profile ${profile}; no token, and no secret`,
  );
  const stays =
    auth.mode === 'github-app' && auth.key.kind === 'pem'
      ? `The private key is not kept: ${SECRET_VARIABLES.appPrivateKey} has to be set for each session`
      : undefined;
  if (stays !== undefined) await say.line(notice(say, stays));
  return 0;
}
