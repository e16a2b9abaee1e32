// From the token that a person approved to the credential that is stored: whose it is, whether it may take the place of
// the one before, and what becomes of that one. Not for: how the token was got (login-flow.ts).
import type { Clock } from '../base/clock.ts';
import { delay } from '../base/clock.ts';
import type { RefusedError } from '../base/errors.ts';
import { UnreachableError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { TokenGrant } from '../net/token-grant.ts';
import type { Kept, Lock } from '../vault/vault.ts';
import type { AccountChange } from './account.ts';
import { changeOf } from './account.ts';
import { otherIdentity } from './refusals.ts';
import type { RevokeParts } from './replaced.ts';
import { isAlive, revoke, revokeReplaced } from './replaced.ts';
import type { StoredLogin } from './stored.ts';
import type { Credential, LoginRequest } from './token-source.ts';
import { inTurn } from './turn.ts';
import { versionOf } from './version.ts';

export interface AcceptParts extends RevokeParts {
  readonly stored: StoredLogin;
  readonly newLock: () => Lock;
  readonly clock: Clock;
}

/** Pauses before the second and later tries to learn whose new token it is, in ms. */
const IDENTITY_PAUSES = [500, 2000];

/**
 * Verifies and stores what a login brought. A login that is not stored for want of a disk is used all the same.
 * @param wanted the scopes that were asked for, for an answer that names none
 * @param hurry nobody waits any more: it is stored at once and without a name, for an approval is not lost for want of one
 * @throws {RefusedError} `other_identity`, or `bad_credentials` where the new token is not accepted
 */
export async function accept(
  grant: TokenGrant,
  wanted: readonly string[],
  request: LoginRequest,
  parts: AcceptParts,
  hurry: AbortSignal,
): Promise<Credential> {
  const { stored, newLock, clock, log, audit } = parts;
  const credential = await credentialOf(grant, wanted, parts, hurry);
  const { login } = credential;
  const first = changeOf(accountOf(await stored.peek(), request), login);
  const isConfirmed = first && (await request.confirmIdentity?.(first.was, first.now)) === true;
  const outcome = await inTurn({ lock: newLock(), clock, log }, async () => {
    const kept = await stored.peek();
    const was = accountOf(kept, request);
    const change = changeOf(was, login);
    // Looked at again under the lock: it may be somebody else's by now than when the person was asked.
    if (change && !(isConfirmed && change.was === first.was)) return { kind: 'refused' as const, change };
    if (was !== undefined && login === undefined)
      log.warn(`the login of ${was} is replaced by one of which it is not known whose it is`);
    await stored.save(credential, versionOf(kept));
    return { kind: 'stored' as const, before: kept?.kind === 'record' ? kept.record : request.known };
  });
  if (outcome.kind === 'refused') throw await refused(credential, outcome.change, parts);
  audit.note({ event: 'login', login, token: credential.accessToken });
  const { before } = outcome;
  const isReplaced = before !== undefined && !before.accessToken.equals(credential.accessToken);
  if (isReplaced && isAlive(before, clock.now())) await revokeReplaced(before, parts);
  return credential;
}

/**
 * What a grant is as a credential, with the name of its account where that can be learnt now.
 * @throws {RefusedError} `bad_credentials`: the new token is not accepted
 */
export async function credentialOf(
  grant: TokenGrant,
  wanted: readonly string[],
  parts: Pick<AcceptParts, 'server' | 'clock' | 'log'>,
  hurry: AbortSignal,
): Promise<Credential> {
  const login = await identify(grant.accessToken, parts, hurry);
  return {
    ...grant,
    scopes: grant.scopes ?? wanted,
    ...(login !== undefined && { login }),
    rotation: parts.server.rotationOf(grant),
  };
}

/** The new token of somebody else is not left behind. */
async function refused(
  credential: Credential,
  { was, now }: AccountChange,
  parts: AcceptParts,
): Promise<RefusedError> {
  const { server } = parts;
  const { kind } = await revoke(credential, parts);
  const page = server.accessPage(credential) ?? server.label;
  const left = kind === 'revoked' ? '' : ` The new token could not be revoked: ${now} does so at ${page}.`;
  return otherIdentity(server.label, was, now, left);
}

/** The account's name, or `undefined` where it cannot be learnt now: that is no reason to drop a working token. */
async function identify(
  token: Secret,
  { server, clock, log }: Pick<AcceptParts, 'server' | 'clock' | 'log'>,
  hurry: AbortSignal,
): Promise<string | undefined> {
  for (const pauseMs of [...IDENTITY_PAUSES, undefined]) {
    try {
      return hurry.aborted ? undefined : await server.identify(token, hurry);
    } catch (error) {
      if (hurry.aborted) return undefined;
      if (!(error instanceof UnreachableError)) throw error;
      if (pauseMs === undefined) log.warn(`logged in, but not known as whom: ${error.message}`);
      else await delay(clock, pauseMs, hurry).catch(() => {});
    }
  }
  return undefined;
}

/** Whose login a new one may replace: the stored one's, or where that cannot be read the session's. */
function accountOf(kept: Kept | undefined, { known }: LoginRequest): string | undefined {
  if (!kept) return known?.login;
  return kept.kind === 'record' ? kept.record.login : undefined;
}
