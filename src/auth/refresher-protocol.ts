// What a proxy and its refresher say to each other: lines of JSON in pipes that nobody else sees.
// Not for: starting it (refresher-process.ts) or its work (refresher-main.ts).
//
//     proxy       {v, job}            go
//     refresher            ready           {outcome}
//
// Up to `go` nothing is spent: whoever is gone by then is gone, and the lock is free. After it the proxy may go.
import { RefusedError, UnreachableError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { GithubHost } from '../github/hosts.ts';
import { isText, isTextList, isTime, objectOf, parseObject } from '../vault/plain.ts';
import { decodeRecord, encodeRecord } from '../vault/record.ts';
import type { Delegation, RecordIdentity } from '../vault/vault.ts';
import type { ServerDescription } from './login-server.ts';
import type { SaveOutcome, Spending, SpendOutcome } from './spend.ts';
import type { Version } from './version.ts';

/** A running proxy may find the refresher of a later version in its place: each serves its own kind only. */
const PROTOCOL = 2;

export const READY = 'ready';
export const GO = 'go';

export interface Job {
  readonly identity: RecordIdentity;
  readonly server: ServerDescription;
  readonly delegation: Delegation;
  /** The name by which the lock was taken. */
  readonly nonce: string;
  readonly spending: Spending;
}

/** One line, secrets in the clear: only ever written to the refresher's stdin. */
export function encodeJob({ identity, server, delegation, nonce, spending }: Job): string {
  const { base, found } = spending;
  return JSON.stringify({
    v: PROTOCOL,
    identity,
    server: { ...server, clientSecret: server.clientSecret?.reveal() },
    delegation: { ...delegation, key: delegation.key.reveal() },
    nonce,
    base: encodeRecord(base),
    found: found.kind === 'record' ? { ...found, accessToken: found.accessToken.reveal() } : found,
  });
}

/** The job, or `undefined` where the line is none of this version. */
export function decodeJob(line: string): Job | undefined {
  const fields = parseObject(line);
  if (fields?.v !== PROTOCOL || !isText(fields.nonce) || !isText(fields.base)) return undefined;
  const { nonce } = fields;
  const identity = identityOf(objectOf(fields.identity));
  const server = serverOf(objectOf(fields.server));
  const delegation = delegationOf(objectOf(fields.delegation));
  const found = versionIn(objectOf(fields.found));
  const record = decodeRecord(fields.base);
  // A server that renews by anything else is asked by the proxy itself.
  if (!identity || !server || !delegation || !found || !record?.refreshToken) return undefined;
  return { identity, server, delegation, nonce, spending: { base: record, found } };
}

/** One line, secrets in the clear: only ever written to the proxy. */
export function encodeOutcome(outcome: SpendOutcome): string {
  if (outcome.kind === 'renewed') {
    const { kind, save, credential } = outcome;
    return JSON.stringify({ kind, save, credential: encodeRecord(credential) });
  }
  if (outcome.kind === 'refused' || outcome.kind === 'unreachable') {
    const { kind, error } = outcome;
    const { message, next } = error;
    return JSON.stringify({ kind, message, next, ...('code' in error && { code: error.code }) });
  }
  return JSON.stringify(outcome);
}

/** The outcome; a line that is none tells as much as no line at all. */
export function decodeOutcome(line: string): SpendOutcome {
  const fields = parseObject(line);
  const { kind, message, next, code } = fields ?? {};
  if (kind === 'changed') return { kind };
  if (kind === 'renewed' && isText(fields?.credential)) {
    const credential = decodeRecord(fields.credential);
    const save = saveIn(objectOf(fields.save));
    if (credential && save) return { kind, credential, save };
  }
  if (isText(message) && typeof next === 'string') {
    if (kind === 'unreachable') return { kind, error: new UnreachableError(message, { next }) };
    if (kind === 'refused' && isText(code)) return { kind, error: new RefusedError(code, message, { next }) };
  }
  return { kind: 'died' };
}

type Fields = Readonly<Record<string, unknown>> | undefined;

function saveIn(fields: Fields): SaveOutcome | undefined {
  const { kind, why } = fields ?? {};
  if (kind === 'saved' || kind === 'superseded') return { kind };
  return kind === 'failed' && typeof why === 'string' ? { kind, why } : undefined;
}

function versionIn(fields: Fields): Version | undefined {
  const { kind, at, accessToken } = fields ?? {};
  if (kind === 'unreadable' || kind === 'none') return { kind };
  if (kind === 'logged-out' && isTime(at)) return { kind, at };
  return kind === 'record' && isText(accessToken)
    ? { kind, accessToken: new Secret(accessToken) }
    : undefined;
}

function identityOf(fields: Fields): RecordIdentity | undefined {
  const { mode, issuer, clientId, profile, scopes } = fields ?? {};
  if (!isText(mode) || !isText(issuer) || !isText(clientId) || !isText(profile)) return undefined;
  return isTextList(scopes) ? { mode, issuer, clientId, profile, scopes } : undefined;
}

function serverOf(fields: Fields): ServerDescription | undefined {
  const { kind, clientId, clientSecret: secret, issuer } = fields ?? {};
  if (!isText(clientId) || !(secret === undefined || isText(secret))) return undefined;
  const clientSecret = secret === undefined ? undefined : new Secret(secret);
  if (kind === 'oauth') return isText(issuer) ? { kind, issuer, clientId, clientSecret } : undefined;
  const host = hostOf(objectOf(fields?.host));
  return kind === 'github' && host ? { kind, host, clientId, clientSecret } : undefined;
}

function hostOf(fields: Fields): GithubHost | undefined {
  const { label, loginUrl, apiUrl, kind } = fields ?? {};
  if (!isText(label) || !isText(loginUrl) || !isText(apiUrl)) return undefined;
  return kind === 'github.com' || kind === 'ghe.com' || kind === 'ghes'
    ? { label, loginUrl, apiUrl, kind }
    : undefined;
}

function delegationOf(fields: Fields): Delegation | undefined {
  const { stateDir, key, keyKind } = fields ?? {};
  if (!isText(stateDir) || !isText(key) || !isText(keyKind)) return undefined;
  return { stateDir, key: new Secret(key), keyKind };
}
