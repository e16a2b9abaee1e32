// What a person types next, as it stands in messages. Not for: reading it (options.ts).
import type { GithubHost } from '../github/hosts.ts';
import type { CommandLine } from './options.ts';
import type { Profiles } from './profiles.ts';
import { DEFAULT_PROFILE } from './profiles.ts';

/** Whose login it is: what names a record in the vault, with its host. */
export interface Which {
  readonly host: GithubHost;
  readonly clientId: string | undefined;
  readonly scopes: readonly string[];
  readonly profile: string;
}

interface Known {
  readonly line: CommandLine;
  readonly profiles: Profiles;
}

/** `gh-mcp-proxy login` with what it cannot know from the profile. */
export function loginCommand(which: Which, { line, profiles }: Known): string {
  const saved = profiles.all.get(which.profile);
  const host = hostText(which.host);
  const isSaved = saved?.host === host && saved.clientId === (which.clientId ?? saved.clientId);
  return words([
    'gh-mcp-proxy login',
    ...(which.profile === DEFAULT_PROFILE ? [] : ['--profile', which.profile]),
    ...(isSaved ? [] : whose({ ...which, clientId: which.clientId ?? 'CLIENT_ID' })),
    ...(isSaved && sameScopes(saved.scopes, which.scopes) ? [] : scopesOf(which)),
    ...whereFrom(line),
  ]);
}

/** A command for exactly this login, whatever else is there. @param name such as `logout` */
export function exactCommand(name: string, which: Which, { line }: Pick<Known, 'line'>): string {
  return words([
    `gh-mcp-proxy ${name} --profile`,
    which.profile,
    ...whose(which),
    ...scopesOf(which),
    ...whereFrom(line),
  ]);
}

/** A host as --gh-host takes it. */
export function hostText({ loginUrl, label }: GithubHost): string {
  return loginUrl.startsWith('https:') ? label : loginUrl;
}

/** Explanations are written for sessions, where a tool logs in; at a shell a command does. */
export function inShell(text: string, command: string): string {
  return text.replaceAll(
    /\b([Cc])all auth_login\b/g,
    (_, letter: string) => `${letter === 'C' ? 'R' : 'r'}un ${command}`,
  );
}

export function sameScopes(one: readonly string[], other: readonly string[]): boolean {
  const [first, second] = [new Set(one), new Set(other)];
  return first.size === second.size && [...first].every((scope) => second.has(scope));
}

function whose({ host, clientId }: Which): string[] {
  return [
    ...(host.kind === 'github.com' ? [] : ['--gh-host', hostText(host)]),
    ...(clientId === undefined ? [] : ['--oauth-client-id', clientId]),
  ];
}

function scopesOf({ scopes }: Which): string[] {
  return scopes.length === 0 ? [] : ['--oauth-scopes', scopes.join(',')];
}

/** A login in another place than the usual one is found there only. */
function whereFrom(line: CommandLine): string[] {
  const stateDir = line.value('state-dir');
  return stateDir?.from === '--state-dir' ? ['--state-dir', stateDir.text] : [];
}

function words(parts: readonly string[]): string {
  return parts
    .map((part, at) =>
      at === 0 || /^[\w@%+=:,./-]+$/.test(part) ? part : `'${part.replaceAll("'", String.raw`'\''`)}'`,
    )
    .join(' ');
}
