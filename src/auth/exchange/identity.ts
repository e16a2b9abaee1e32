// What names the record of a login at a broker (`--auth exchange`), and what it shares with others there.
// Not for: the source itself (exchange.ts).
import { createHash } from 'node:crypto';
import type { RecordIdentity } from '../../vault/vault.ts';
import { brokerAddress } from './address.ts';
import type { ExchangeSettings } from './settings.ts';

export function exchangeIdentity(settings: ExchangeSettings, profile: string): RecordIdentity {
  const { client, scopes } = settings;
  return {
    mode: 'exchange',
    issuer: brokerAddress(settings),
    clientId: client.clientId,
    profile,
    scopes: [...new Set(scopes), ...marksOf(settings)],
  };
}

/**
 * What names the lock under which a service's token is asked for: a person's logins with other scopes, of another profile
 * or by another subject token have records of their own, but one refresh token at the broker. Nothing is stored under it.
 */
export function grantIdentity(settings: ExchangeSettings): RecordIdentity {
  const scopes = [targetOf(settings)];
  return { mode: 'exchange-grant', issuer: brokerAddress(settings), clientId: '', profile: '', scopes };
}

/** What makes two exchanges different beside issuer, client and scopes, as texts among the scopes. */
export function marksOf({ resources, audiences, params, subject }: ExchangeSettings): readonly string[] {
  return [
    ...resources.map((text) => `resource=${text}`),
    ...audiences.map((text) => `audience=${text}`),
    // A value may be a token.
    ...params.map(([name, value]) => `param=${name}:${shortHash(value)}`),
    `subject=${subject.kind === 'login' ? 'login' : nameOf(subject.source)}`,
  ];
}

/** What the token is for, such as `github`. */
export function targetOf({ resources, audiences, params }: ExchangeSettings): string {
  const issuers = params.filter(([name]) => name === 'requested_issuer').map(([, value]) => value);
  return [...resources, ...audiences, ...issuers].join(' and ');
}

function nameOf(source: Extract<ExchangeSettings['subject'], { kind: 'given' }>['source']): string {
  if (source.kind === 'file') return `file:${source.path}`;
  return source.kind === 'env' ? `env:${source.name}` : `command:${shortHash(source.command)}`;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
