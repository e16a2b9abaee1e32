// GitHub's command line as a program to ask: its login's token, its active account, its accounts (gh 2.17 and later).
// Not for: what its refusals mean to a person (gh-refusal.ts).
import { messageOf } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { plainToken } from './command-output.ts';
import { endOf } from './helper-command.ts';
import { runToEnd } from './helper-process.ts';
import type { HelperEnd } from './helper-process.ts';

export interface GhQuestion {
  /** As gh knows it: `github.com`, `octo.ghe.com`. */
  readonly host: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export type GhAnswer =
  | { readonly kind: 'token'; readonly token: Secret }
  /** gh knows no such account, or none at all at that host. */
  | { readonly kind: 'no-login' }
  /** `--user` came with 2.40. */
  | { readonly kind: 'no-such-flag' }
  /** `gh auth token` came with 2.17. */
  | { readonly kind: 'no-such-command' }
  | { readonly kind: 'no-gh' }
  | { readonly kind: 'too-long' }
  /** As the predicate of a sentence. */
  | { readonly kind: 'failed'; readonly how: string };

/** gh reads two files and a keychain, which may ask a person to be unlocked. In ms. */
export const GH_TIMEOUT = 30_000;
/** For what is good to know, and no more. In ms. */
const SHORT_TIMEOUT = 5_000;
/** {@link ghIsLoggedIn} is asked in the middle of something else. In ms. */
const LOOK_TIMEOUT = 3_000;

/**
 * `gh auth token`. No network: it comes from gh's configuration or keychain.
 * @throws the signal's reason
 */
export async function askForToken({
  user,
  ...question
}: GhQuestion & { readonly user: string | undefined }): Promise<GhAnswer> {
  const account = user === undefined ? [] : ['--user', user];
  const end = await gh(['auth', 'token', '--hostname', question.host, ...account], question, GH_TIMEOUT);
  if (end.kind === 'done') return tokenIn(end.stdout);
  if (end.kind === 'too-long') return end;
  if (end.kind === 'too-much') return { kind: 'failed', how: 'printed far too much for a token' };
  if (end.kind === 'not-started')
    return end.code === 'ENOENT'
      ? { kind: 'no-gh' }
      : { kind: 'failed', how: `could not be started (${end.why})` };
  if (end.stderr.includes('no oauth token')) return { kind: 'no-login' };
  if (end.stderr.includes('unknown flag: --user')) return { kind: 'no-such-flag' };
  if (/unknown (?:command|flag)/.test(end.stderr)) return { kind: 'no-such-command' };
  return { kind: 'failed', how: endOf(end) };
}

function tokenIn(stdout: string): GhAnswer {
  try {
    return { kind: 'token', token: plainToken(stdout.trim(), 'gh') };
  } catch (error) {
    return { kind: 'failed', how: messageOf(error).replace(/^gh /, '') };
  }
}

/** The name of the account whose token gh gives; `undefined` where it does not tell. No network. */
export async function activeAccount(question: GhQuestion): Promise<string | undefined> {
  const end = await gh(['config', 'get', 'user', '--host', question.host], question, SHORT_TIMEOUT);
  const name = end.kind === 'done' ? end.stdout.trim() : '';
  return ACCOUNT.test(name) ? name : undefined;
}

/** The accounts that gh has at a host. It asks the host about each, which it does not wait for where it takes too long. */
export async function accountsOf(question: GhQuestion): Promise<readonly string[]> {
  const end = await gh(['auth', 'status', '--hostname', question.host], question, SHORT_TIMEOUT);
  const text = end.kind === 'done' ? end.stdout : end.kind === 'failed' ? end.stderr : '';
  return [...new Set([...text.matchAll(/ account ([\w-]{1,100}) \(/g)].map(([, name = '']) => name))];
}

/** Whether `--auth gh` would find a token just now. Never rejects, and takes 3 s at the most. */
export async function ghIsLoggedIn(host: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const question = { host, env, signal: new AbortController().signal };
  try {
    const end = await gh(['auth', 'token', '--hostname', host], question, LOOK_TIMEOUT);
    return end.kind === 'done' && tokenIn(end.stdout).kind === 'token';
  } catch {
    return false;
  }
}

/** GitHub's names, those of managed users (`monalisa_octo`) included. */
const ACCOUNT = /^[\w-]{1,100}$/;

function gh(args: readonly string[], { env, signal }: GhQuestion, timeoutMs: number): Promise<HelperEnd> {
  // As gh's own extensions find it (go-gh, pkg/auth): where a client's PATH is shorter than a terminal's.
  const file = env['GH_PATH'] || 'gh';
  return runToEnd({ command: [file, ...args], env: environmentOf(env), timeoutMs, signal });
}

/**
 * gh prefers these to its own login (go-gh, pkg/auth), and prints them as if they were it: a token that a client has in its
 * environment for another purpose.
 */
const TOKENS = ['GH_TOKEN', 'GITHUB_TOKEN', 'GH_ENTERPRISE_TOKEN', 'GITHUB_ENTERPRISE_TOKEN'];
/** They put colours, or what gh says to a server, into what is read here. */
const NOISE = ['GH_FORCE_TTY', 'CLICOLOR_FORCE', 'GH_DEBUG', 'DEBUG'];

function environmentOf(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const out = new Set([...TOKENS, ...NOISE]);
  const kept = Object.entries(env).filter(([name]) => !out.has(name.toUpperCase()));
  return { ...Object.fromEntries(kept), GH_PROMPT_DISABLED: '1', GH_NO_UPDATE_NOTIFIER: '1', NO_COLOR: '1' };
}
