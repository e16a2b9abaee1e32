// What is known of one stored login without asking anybody: whose it is, until when, and why it cannot be used.
// Not for: which logins there are (logins.ts), or how it is printed (status-text.ts).
import type { Credential } from '../auth/token-source.ts';
import { hasExpired } from '../auth/token-source.ts';
import { explanationOf, StorageError } from '../base/errors.ts';
import { fingerprintOf } from '../vault/audit-file.ts';
import type { Vault } from '../vault/vault.ts';
import type { CommandContext } from './command.ts';
import { isDue, isRenewable } from './due.ts';
import { inShell, loginCommand } from './shell.ts';
import type { Which } from './which.ts';

/** One login, or a profile without one. */
export interface LoginStatus {
  readonly which: Which;
  /**
   * `usable` also where the token has expired and is renewed without a person; `expired`: a person has to log in;
   * `unreadable`: it is there and cannot be opened; `none`: a profile that nobody is logged in under.
   */
  readonly state: 'usable' | 'expired' | 'unreadable' | 'none';
  /** As told to a person, such as `keychain`. */
  readonly store: string | undefined;
  readonly account: string | undefined;
  /** Of the token, as it was granted. */
  readonly scopes: readonly string[];
  /** Milliseconds since the epoch; `undefined`: does not expire, or not known. */
  readonly expiresAt: number | undefined;
  readonly refreshTokenExpiresAt: number | undefined;
  /** Whether proxies renew it without a person. */
  readonly isRenewed: boolean;
  /** It is about to be renewed, by whoever uses it next. */
  readonly isDue: boolean;
  /** The first 8 hex digits of its SHA-256, as in the audit trail. */
  readonly fingerprint: string | undefined;
  /** Why it is not usable and what to do, as sentences. */
  readonly problem: string | undefined;
}

/** Of a login that the vault lists. */
export async function statusOf(which: Which, vault: Vault, context: CommandContext): Promise<LoginStatus> {
  const { identity } = which;
  const store = await vault.describe(identity);
  try {
    const kept = await vault.read(identity);
    return kept.kind === 'record'
      ? { ...(await describe(which, kept.record, context)), store }
      : nobody(which, context);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const problem = inShell(explanationOf(error), loginCommand(which, context));
    return { ...NOTHING, which, state: 'unreadable', store, problem };
  }
}

const NOTHING = {
  store: undefined,
  account: undefined,
  scopes: [],
  expiresAt: undefined,
  refreshTokenExpiresAt: undefined,
  isRenewed: false,
  isDue: false,
  fingerprint: undefined,
} as const;

async function describe(which: Which, record: Credential, context: CommandContext): Promise<LoginStatus> {
  const now = context.clock.now();
  const isRenewed = renewsItself(which) || isRenewable(record, now);
  const isOver = hasExpired(record, now) && !isRenewed;
  return {
    which,
    state: isOver ? 'expired' : 'usable',
    store: undefined,
    account: record.login,
    scopes: record.scopes,
    expiresAt: record.expiresAt,
    refreshTokenExpiresAt: record.refreshTokenExpiresAt,
    isRenewed,
    isDue: isRenewed && isDue(record, now),
    fingerprint: await fingerprintOf(record.accessToken),
    problem: isOver ? `To log in again, run: ${loginCommand(which, context)}` : undefined,
  };
}

/** A broker is asked for another token, with nothing that would be stored here. */
function renewsItself({ mode }: Which): boolean {
  return mode === 'exchange';
}

/** Of a profile that nobody is logged in under. */
export function nobody(which: Which, context: CommandContext): LoginStatus {
  return { ...NOTHING, which, state: 'none', problem: `To log in, run: ${loginCommand(which, context)}` };
}
