// Why gh gave no token, for a person: each with the command that mends it. Not for: how gh is asked (gh-cli.ts).
import { RefusedError, UnreachableError } from '../base/errors.ts';
import type { UserError } from '../base/errors.ts';
import { accountsOf, GH_TIMEOUT } from './gh-cli.ts';
import type { GhAnswer, GhQuestion } from './gh-cli.ts';

type NoToken = Exclude<GhAnswer, { kind: 'token' }>;

/** Whose token it is to be; the active account's where neither is known. */
export interface WantedAccount {
  /** `--gh-user`. */
  readonly configured: string | undefined;
  /** Whose token the session began with. */
  readonly kept: string | undefined;
}

export async function refusalOf(
  answer: NoToken,
  question: GhQuestion,
  wanted: WantedAccount,
): Promise<UserError> {
  const { host } = question;
  if (answer.kind === 'no-login') return notLoggedIn(question, wanted);
  if (answer.kind === 'too-long')
    return new UnreachableError(`gh did not end within ${GH_TIMEOUT / 1000} s and was stopped`, {
      next: `Its keychain may be locked. In a terminal, run: gh auth token --hostname ${host}`,
    });
  if (answer.kind === 'failed')
    return refused('gh_failed', `gh, which is asked for the token of ${host}, ${answer.how}`, {
      next: `In a terminal, run: gh auth status --hostname ${host}`,
    });
  return refused(...TEXTS[answer.kind](host));
}

type Refusal = readonly [code: string, message: string, options: { readonly next: string }];

const TEXTS: Readonly<Record<'no-gh' | 'no-such-flag' | 'no-such-command', (host: string) => Refusal>> = {
  'no-gh': (host) => [
    'gh_missing',
    "--auth gh needs GitHub's command line, and there is no gh in this PATH, which may be shorter than a terminal's",
    {
      next: `Install it (https://cli.github.com) and run: gh auth login --hostname ${host}. Where it is installed, give its full path as GH_PATH in the "env" of this server's entry in mcp.json.`,
    },
  ],
  'no-such-flag': () => [
    'gh_too_old',
    'this gh has one account a host: --gh-user needs version 2.40 or later',
    { next: 'Update gh; or leave --gh-user out.' },
  ],
  'no-such-command': () => [
    'gh_too_old',
    'this gh cannot print its token: --auth gh needs version 2.17 or later',
    { next: 'Update gh.' },
  ],
};

async function notLoggedIn(question: GhQuestion, { configured, kept }: WantedAccount): Promise<RefusedError> {
  const { host } = question;
  const user = configured ?? kept;
  const login = `gh auth login --hostname ${host}`;
  const others = user === undefined ? [] : await accountsOf(question);
  if (user !== undefined && others.length > 0) {
    const change =
      configured === undefined
        ? `It has ${others.join(', ')}: to go on with its active account, restart this server in the client.`
        : `It has ${others.map((name) => `--gh-user ${name}`).join(', ')}.`;
    return refused('gh_no_account', `gh is not logged in to ${host} as ${user}`, {
      next: `${change} For ${user}, run in a terminal: ${login}`,
    });
  }
  if (host.includes(':'))
    return refused('gh_no_login', `gh keeps no login for a host with a port, as ${host} is`, {
      next: 'Use another --auth, such as device.',
    });
  return refused('gh_no_login', `gh is not logged in to ${host}`, { next: `In a terminal, run: ${login}` });
}

/** What brings another token where gh keeps the one that was refused. @param user as it was configured */
export function remedyOf(host: string, user: string | undefined): string {
  const refresh = `gh auth refresh --hostname ${host}`;
  const command =
    user === undefined ? refresh : `gh auth switch --hostname ${host} --user ${user} && ${refresh}`;
  return `In a terminal, run: ${command}`;
}

function refused(code: string, message: string, options: { readonly next: string }): RefusedError {
  return new RefusedError(code, message, options);
}
