// Which of the stored logins a command is about, and its token source. Not for: what is done with it, or what a login is
// made of (which.ts).
import type { Credential, TokenSource } from '../auth/token-source.ts';
import { EXIT, explanationOf, StorageError, UserError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { parseGithubHost } from '../github/hosts.ts';
import type { Vault } from '../vault/vault.ts';
import { Redactor } from '../wire/redact.ts';
import type { Auth } from './auth.ts';
import type { CommandContext } from './command.ts';
import { list } from './lookups.ts';
import { maskTokens } from '../base/mask.ts';
import type { ValueOption } from './option-names.ts';
import { DEFAULT_PROFILE } from './profiles.ts';
import { exactCommand, inShell, loginCommand, sameScopes } from './shell.ts';
import { openLog, openSource, openVaultOf } from './source.ts';
import { isSame, profileLogin, recordLogin, settingsLogin } from './which.ts';
import type { Which } from './which.ts';

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
  const which = settingsLogin(settings);
  const command = which ? loginCommand(which, context) : 'gh-mcp-proxy login';
  const log = openLog(settings, (text) => inShell(maskTokens(redactor.text(text)), command));
  return { vault: await openVaultOf(settings, log), log, redactor };
}

/** Does `work` with a source; what it noted for the audit trail is written before this returns. */
export async function withSource<T>(
  context: CommandContext,
  { vault, log, redactor }: OpenStore,
  auth: Auth,
  profile: string,
  work: (source: TokenSource) => Promise<T>,
): Promise<T> {
  const { settings, env } = context;
  const conceal = redactor.add.bind(redactor);
  const { source, audit } = await openSource(settings, auth, { profile, vault, log, env, conceal });
  try {
    return await work(source);
  } finally {
    await audit.flush();
  }
}

/**
 * Does `work` with one login.
 * @throws {UserError} how its source is made is not known here
 */
export function withLogin<T>(
  context: CommandContext,
  store: OpenStore,
  which: Which,
  work: (login: OpenLogin) => Promise<T>,
): Promise<T> {
  if (!which.auth) throw settingsMissing(which, context);
  return withSource(context, store, which.auth, which.profile, (source) =>
    work({ which, source, ...storing(which, source, store) }),
  );
}

function storing(
  { identity }: Which,
  source: TokenSource,
  { vault, log, redactor }: OpenStore,
): Pick<OpenLogin, 'load' | 'isStored' | 'mustBeAbleToStore'> {
  const load = async (): Promise<Credential | undefined> => {
    const stored = await source.load();
    for (const secret of [stored?.accessToken, stored?.refreshToken]) if (secret) redactor.add(secret);
    return stored;
  };
  const isStored = async (credential: Credential): Promise<boolean> => {
    // Tries once more to store what could not be stored.
    await load();
    const kept = await vault.read(identity).catch((error: unknown) => {
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
    await sharing?.delegate(identity);
    // Taking a lock makes a file. Where another process has it, that one could.
    await (await sharing?.lock(identity, 'refresh').tryTake())?.release();
  };
  return { load, isStored, mustBeAbleToStore };
}

/** Every stored login that fits what the flags and the environment say; what a profile says narrows nothing. */
export async function listLogins(context: CommandContext, vault: Vault): Promise<Which[]> {
  const fits = fitting(context);
  const found: Which[] = [];
  for (const identity of await vault.list()) {
    const which = await recordLogin(identity, context);
    if (which && fits(which)) found.push(await withSettings(which, context));
  }
  return found;
}

/** Whether a login fits what the flags and the environment say. */
export function fitting({ line }: CommandContext): (which: Which) => boolean {
  const text = (option: ValueOption): string | undefined => line.value(option)?.text;
  // Variables of the other modes are there for every proxy that is run, and no question about this one.
  const flag = (...options: ValueOption[]): string | undefined =>
    options.map((option) => line.value(option)).find((given) => given?.by === 'flag')?.text;
  const [profile, host, scopes] = [text('profile'), text('gh-host'), text('oauth-scopes')];
  const [auth, issuer, clientId] = [flag('auth'), flag('issuer'), text('oauth-client-id')];
  const broker = flag('exchange-issuer', 'exchange-token-endpoint');
  const brokersId = flag('exchange-client-id');
  return ({ mode, identity, host: its }) =>
    (profile === undefined || identity.profile === profile) &&
    (auth === undefined || auth === 'auto' || auth === mode) &&
    (host === undefined || its === undefined || its.loginUrl === parseGithubHost(host).loginUrl) &&
    (issuer === undefined || identity.issuer === issuer.trim()) &&
    (broker === undefined || (mode === 'exchange' && identity.issuer === broker)) &&
    (brokersId === undefined || (mode === 'exchange' && identity.clientId === brokersId)) &&
    (clientId === undefined || (mode !== 'exchange' && identity.clientId === clientId)) &&
    (scopes === undefined || (mode !== 'exchange' && sameScopes(identity.scopes, list(scopes))));
}

/**
 * The settings or the profile tell what a record does not: how an exchange is made, and the secret of a client. What names
 * the login stays as the record has it.
 */
async function withSettings(which: Which, context: CommandContext): Promise<Which> {
  const known = await knownLogin(which, context);
  if (!known) return which;
  return which.auth ? { ...which, auth: known.auth } : known;
}

async function knownLogin(which: Which, context: CommandContext): Promise<Which | undefined> {
  const own = settingsLogin(context.settings);
  if (own && isSame(own, which)) return own;
  const saved = context.profiles.all.get(which.profile);
  const login = saved && (await profileLogin(which.profile, saved, context));
  return login && isSame(login, which) ? login : undefined;
}

/**
 * The login whose token is wanted: the one that the settings name, else the only one under that profile. Never that of
 * another profile: it may be another person's.
 * @throws {AuthRequiredError} there is none
 * @throws {UserError} there are several
 */
export async function theLogin(context: CommandContext, vault: Vault, wanted: Which): Promise<Which> {
  const all = await listLogins(context, vault);
  const own = all.find((which) => isSame(which, wanted));
  if (own) return own;
  const { clientId } = wanted.identity;
  const ofProfile = all.filter(
    ({ profile, mode, identity }) =>
      profile === wanted.profile &&
      // Nothing is said of which: any that is there will do.
      (clientId === '' || (mode === wanted.mode && identity.clientId === clientId)),
  );
  if (ofProfile.length > 1) throw ambiguous(context, ofProfile);
  const [only] = ofProfile;
  if (only) return only;
  // A broker may give a token to whoever has consented before: its source finds out.
  if (wanted.mode === 'exchange') return wanted;
  throw notLoggedIn(wanted, context, all);
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
  const { profile, label } = which;
  const where = profile === DEFAULT_PROFILE ? label : `${label} under the profile ${profile}`;
  const elsewhere = ['There are other logins:', ...others.map((other) => exactly(other, context))];
  return new AuthRequiredError(`you are not logged in to ${where}`, {
    next: [
      `To log in, run: ${loginCommand(which, context)}`,
      ...(others.length === 0 ? [] : [elsewhere.join('\n  ')]),
    ].join('\n'),
  });
}

function settingsMissing(which: Which, { line }: CommandContext): UserError {
  return new UserError(`how the tokens from ${which.label} are got is not known here`, {
    next: `Give gh-mcp-proxy ${line.verb.name} the same --exchange and --subject options as the server's command in mcp.json.`,
  });
}

/** This very command, for one login and no other. */
function exactly(which: Which, context: CommandContext): string {
  return exactCommand(context.line.verb.name, which, context);
}
