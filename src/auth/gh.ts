// The token source of `--auth gh`: the login that GitHub's own command line, gh, keeps.
// Not for: how gh is asked and what it answers (gh-cli.ts), or logging in there: that is gh's.
import { githubAuthFailure } from '../github/auth-failure.ts';
import type { GithubHost } from '../github/hosts.ts';
import { activeAccount, askForToken } from './gh-cli.ts';
import type { GhAnswer, GhQuestion } from './gh-cli.ts';
import { refusalOf, remedyOf } from './gh-refusal.ts';
import type { WantedAccount } from './gh-refusal.ts';
import type { SourceContext } from './source-context.ts';
import type { Credential, TokenSource } from './token-source.ts';
import { createUnattendedSource } from './unattended.ts';

export interface GhSourceOptions extends SourceContext {
  readonly host: GithubHost;
  /** `--gh-user`; else gh's active account at the start. */
  readonly user: string | undefined;
  /** gh's, less its own token variables. `GH_CONFIG_DIR` and `GH_PATH` mean there what they mean to gh. */
  readonly env: NodeJS.ProcessEnv;
}

/**
 * A session keeps the account that it began with: `gh auth switch` in a terminal must not make an agent act as somebody
 * else in the middle of its work.
 */
export function createGhSource(options: GhSourceOptions): TokenSource {
  const { host, user, env, clock, conceal } = options;

  const obtain = async (signal: AbortSignal, stale?: Credential): Promise<Credential> => {
    const question = { host: host.label, env, signal };
    const answer = await answerFor(question, { configured: user, kept: stale?.login });
    if (answer.kind !== 'token')
      throw await refusalOf(answer, question, { configured: user, kept: stale?.login });
    const { token, login } = answer;
    conceal?.(token);
    if (stale?.accessToken.equals(token)) return stale;
    return {
      accessToken: token,
      issuedAt: clock.now(),
      scopes: [],
      rotation: 'overlapping',
      ...(login !== undefined && { login }),
    };
  };

  return createUnattendedSource({
    ...options,
    mode: 'gh',
    hostLabel: host.label,
    authFailure: githubAuthFailure,
    remedy: remedyOf(host.label, user),
    obtain,
  });
}

/** The token of the account that is meant, or of the active one, with the account's name. */
async function answerFor(
  question: GhQuestion,
  { configured, kept }: WantedAccount,
): Promise<GhAnswer & { readonly login?: string | undefined }> {
  const user = configured ?? kept;
  if (user !== undefined) {
    const answer = await askForToken({ ...question, user });
    // Before 2.40 gh has one account a host, and no way to name it.
    if (configured !== undefined || answer.kind !== 'no-such-flag') return { ...answer, login: user };
  }
  const [answer, login] = await Promise.all([
    askForToken({ ...question, user: undefined }),
    activeAccount(question),
  ]);
  return { ...answer, login };
}

export { ghIsLoggedIn } from './gh-cli.ts';
