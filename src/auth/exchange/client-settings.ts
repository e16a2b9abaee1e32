// How the proxy proves to a broker which client it is, as far as settings tell. Not for: doing it (oauth/client-auth.ts).
import { UsageError } from '../../base/errors.ts';
import type { ExchangeTexts } from './options.ts';
import { oneOf, setting, textOf } from './options.ts';
import type { SecretSource } from '../secret-source.ts';

/** Names and secrets of a client; a secret is read when it is needed. */
export type ExchangeClient =
  | { readonly auth: 'none'; readonly clientId: string }
  | { readonly auth: 'post' | 'basic'; readonly clientId: string; readonly secret: NamedSource }
  | { readonly auth: 'private-key-jwt'; readonly clientId: string; readonly key: NamedSource };

/** Where a secret is, and the setting that says so. */
interface NamedSource {
  readonly source: SecretSource;
  readonly what: string;
}

/** Never a flag: anybody on this machine can read a command line. */
const SECRET_VARIABLE = 'GH_MCP_PROXY_EXCHANGE_CLIENT_SECRET';
const BOTH = `${SECRET_VARIABLE} or ${setting('exchange-client-secret-file')}`;

/** @throws {UsageError} no client id; no secret, two of them, or one that is not used */
export function clientOf(texts: ExchangeTexts, env: NodeJS.ProcessEnv): ExchangeClient {
  const clientId = textOf(texts, 'exchange-client-id');
  if (clientId === undefined)
    throw new UsageError('it is not said which client exchanges tokens', {
      next: `Register one at the broker, and give ${setting('exchange-client-id')}.`,
    });
  const given = oneOf(texts, 'exchange-client-auth', ['post', 'basic', 'private-key-jwt', 'none']);
  const key = fileOf(texts, 'exchange-client-key-file');
  const secret = secretOf(texts, env);
  const auth = given ?? (key ? 'private-key-jwt' : 'post');
  if (auth === 'private-key-jwt') {
    if (!key)
      throw new UsageError('the key that the client signs with is missing', {
        next: `Give ${setting('exchange-client-key-file')}: a private key as PEM, RSA or P-256.`,
      });
    if (secret) throw unused(secret, 'the client proves itself by its key', 'exchange-client-key-file');
    return { auth, clientId, key };
  }
  if (key) throw unused(key, `--exchange-client-auth is ${auth}`, 'exchange-client-auth');
  if (auth === 'none') {
    if (secret) throw unused(secret, '--exchange-client-auth is none', 'exchange-client-auth');
    return { auth, clientId };
  }
  if (!secret)
    throw new UsageError(`the secret of the client "${clientId}" is missing`, {
      next: `Give ${BOTH}; or --exchange-client-key-file for a client with a key, or --exchange-client-auth none for a public one.`,
    });
  return { auth, clientId, secret };
}

function secretOf(texts: ExchangeTexts, env: NodeJS.ProcessEnv): NamedSource | undefined {
  const file = fileOf(texts, 'exchange-client-secret-file');
  if (!env[SECRET_VARIABLE]) return file;
  if (file) throw new UsageError('the secret of the client is given twice', { next: `Give either ${BOTH}.` });
  return { source: { kind: 'env', name: SECRET_VARIABLE }, what: SECRET_VARIABLE };
}

function fileOf(
  texts: ExchangeTexts,
  option: 'exchange-client-secret-file' | 'exchange-client-key-file',
): NamedSource | undefined {
  const path = textOf(texts, option);
  return path === undefined ? undefined : { source: { kind: 'file', path }, what: `--${option}` };
}

function unused(
  { what }: NamedSource,
  why: string,
  other: 'exchange-client-key-file' | 'exchange-client-auth',
): UsageError {
  return new UsageError(`${what} is given, but ${why}`, { next: `Leave out ${what}, or change --${other}.` });
}
