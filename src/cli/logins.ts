// Which of the stored logins a command is about, and its token source. Not for: what is done with it.
import type { Credential, TokenSource } from '../auth/token-source.ts';
import { EXIT, explanationOf, StorageError, UserError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { parseGithubHost } from '../github/hosts.ts';
import type { RecordIdentity, Vault } from '../vault/vault.ts';
import { Redactor } from '../wire/redact.ts';
import type { CommandContext } from './command.ts';
import { maskTokens } from './mask.ts';
import { DEFAULT_PROFILE } from './profiles.ts';
import type { Profile } from './profiles.ts';
import { exactCommand, inShell, loginCommand, sameScopes } from './shell.ts';
import type { Which } from './shell.ts';
import { openLog, openSource, openVaultOf } from './source.ts';

/** Nobody is logged in, or not any more: exit code 4, and the command that mends it. */
export class AuthRequiredError extends UserError {
  override readonly exitCode = EXIT.authRequired;
}

/** The vault of a command, with a log that prints no secret. */
export interface OpenStore {
  readonly vault: Vault;
  readonly log: Log;
  readonly redactor: Redactor;
}

/** One login, opened. */
export interface OpenLogin {
  readonly which: Which;
  readonly source: TokenSource;
  /** What is stored of it; its secrets are kept out of what is printed from here on. */
  load(): Promise<Credential | undefined>;
  /** Whether it lies in the vault, or one that came later; {@link load} also has what could not be stored. */
  isStored(credential: Credential): Promise<boolean>;
  /**
   * To be asked before a code is shown or a refresh token is spent: what comes of it would end with this command.
   * @throws {StorageError} nothing can be stored: there is no key, or no writing
   */
  mustBeAbleToStore(): Promise<void>;
}

export async function openStore(context: CommandContext): Promise<OpenStore> {
  const { settings } = context;
  const redactor = new Redactor();
  const command = loginCommand(settings, context);
  const log = openLog(settings, (text) => inShell(maskTokens(redactor.text(text)), command));
  return { vault: await openVaultOf(settings, log), log, redactor };
}

/** Does `work` with one login; what it noted for the audit trail is written before this returns. */
export async function withLogin<T>(
  context: CommandContext,
  { vault, log, redactor }: OpenStore,
  which: Which,
  work: (login: OpenLogin) => Promise<T>,
): Promise<T> {
  const { source, audit } = openSource(context.settings, which, vault, log, context.env);
  const load = async (): Promise<Credential | undefined> => {
    const stored = await source.load();
    for (const secret of [stored?.accessToken, stored?.refreshToken]) if (secret) redactor.add(secret);
    return stored;
  };
  const isStored = async (credential: Credential): Promise<boolean> => {
    // Tries once more to store what could not be stored.
    await load();
    const kept = await vault.read(identityOf(which)).catch((error: unknown) => {
      if (!(error instanceof StorageError)) throw error;
      log.warn(explanationOf(error));
    });
    if (kept?.kind !== 'record') return false;
    const { accessToken, issuedAt } = kept.record;
    // A later login or refresh by a window that is open has put its own there.
    return accessToken.equals(credential.accessToken) || issuedAt > credential.issuedAt;
  };
  const mustBeAbleToStore = async (): Promise<void> => {
    const { sharing } = vault;
    await sharing?.delegate(identityOf(which));
    // Taking a lock makes a file. Where another process has it, that one could.
    await (await sharing?.lock(identityOf(which), 'refresh').tryTake())?.release();
  };
  try {
    return await work({ which, source, load, isStored, mustBeAbleToStore });
  } finally {
    await audit.flush();
  }
}

/** Every stored login that fits what the flags and the environment say; what a profile says narrows nothing. */
export async function listLogins({ line }: CommandContext, vault: Vault): Promise<Which[]> {
  const profile = line.value('profile')?.text;
  const host = line.value('gh-host')?.text;
  const clientId = line.value('oauth-client-id')?.text;
  const scopes = line
    .value('oauth-scopes')
    ?.text.split(/[\s,]+/)
    .filter((scope) => scope !== '');
  const all = (await vault.list()).flatMap((identity) => asWhich(identity) ?? []);
  return all.filter(
    (which) =>
      (profile === undefined || which.profile === profile) &&
      (host === undefined || which.host.loginUrl === parseGithubHost(host).loginUrl) &&
      (clientId === undefined || which.clientId === clientId) &&
      (scopes === undefined || sameScopes(which.scopes, scopes)),
  );
}

/** What names the record of a login in the vault. */
export function identityOf({ host, clientId = '', profile, scopes }: Which): RecordIdentity {
  return { mode: 'device', issuer: host.loginUrl, clientId, profile, scopes };
}

/** Of an identity whose issuer is none of GitHub's hosts: `undefined`. */
function asWhich({ issuer, clientId, profile, scopes }: RecordIdentity): Which | undefined {
  try {
    return { host: parseGithubHost(issuer), clientId, profile, scopes };
  } catch {
    return undefined;
  }
}

export function isSame(one: Which, other: Which): boolean {
  return (
    one.host.loginUrl === other.host.loginUrl &&
    one.clientId === other.clientId &&
    one.profile === other.profile &&
    sameScopes(one.scopes, other.scopes)
  );
}

/** What a profile stands for; `undefined` where somebody wrote a host into it that is none. */
export function whichOf(name: string, { host, clientId, scopes }: Profile): Which | undefined {
  return asWhich({ mode: 'device', issuer: host, clientId, scopes, profile: name });
}

/**
 * The login whose token is wanted: the one that the settings name, else the only one under that profile. Never that of
 * another profile: it may be another person's.
 * @throws {AuthRequiredError} there is none
 * @throws {UserError} there are several
 */
export async function theLogin(context: CommandContext, vault: Vault): Promise<Which> {
  const { settings } = context;
  const fitting = await listLogins(context, vault);
  const own = fitting.find((which) => isSame(which, settings));
  if (own) return own;
  const ofProfile = fitting.filter(
    ({ profile, clientId }) =>
      profile === settings.profile && (settings.clientId === undefined || clientId === settings.clientId),
  );
  if (ofProfile.length > 1) throw ambiguous(context, ofProfile);
  const [only] = ofProfile;
  if (only) return only;
  throw notLoggedIn(settings, context, fitting);
}

/** Several logins, each with what names it. */
export function ambiguous(context: CommandContext, logins: readonly Which[]): UserError {
  return new UserError(`there are ${logins.length} logins`, {
    next: ['Say which one:', ...logins.map((which) => exactly(which, context))].join('\n  '),
  });
}

/** @param others logins that were not asked for, but may have been meant */
export function notLoggedIn(
  which: Which,
  context: CommandContext,
  others: readonly Which[] = [],
): AuthRequiredError {
  const { profile, host } = which;
  const where = profile === DEFAULT_PROFILE ? host.label : `${host.label} under the profile ${profile}`;
  const elsewhere = ['There are other logins:', ...others.map((other) => exactly(other, context))];
  return new AuthRequiredError(`you are not logged in to ${where}`, {
    next: [
      `To log in, run: ${loginCommand(which, context)}`,
      ...(others.length === 0 ? [] : [elsewhere.join('\n  ')]),
    ].join('\n'),
  });
}

/** This very command, for one login and no other. */
function exactly(which: Which, context: CommandContext): string {
  return exactCommand(context.line.verb.name, which, context);
}
