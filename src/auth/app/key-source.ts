// Where the private key of a GitHub App is, as a setting names it: a file, a variable, a command, or a service of AWS.
// Not for: reading it (signer.ts) or what has to be in it (private-key.ts).
import { UsageError } from '../../base/errors.ts';
import type { Secret } from '../../base/secret.ts';
import type { SecretSource } from '../secret-source.ts';
import { parseSecretSource } from '../secret-source.ts';

/** A key that comes here and signs here, or one that never leaves the service and signs there. */
export type KeySource = { readonly setting?: string } & (
  | SecretSource
  /** The key itself; `from` is the variable that held it, such as `GITHUB_APP_PRIVATE_KEY`. */
  | { readonly kind: 'pem'; readonly pem: Secret; readonly from: string }
  /** `id`: a name or an ARN. `jsonKey`: the secret is a JSON object, and the key is the text under that name. */
  | { readonly kind: 'aws-secretsmanager'; readonly id: string; readonly jsonKey?: string }
  /** `keyId`: a key id, `alias/NAME`, or the ARN of either. */
  | { readonly kind: 'aws-kms'; readonly keyId: string }
);

/** One line for each form, as errors and the help show them. */
const FORMS = [
  'file:PATH',
  'env:NAME',
  'command:COMMAND',
  'aws-secretsmanager:ID-OR-ARN, with #JSON-KEY after it where the secret is JSON',
  'aws-kms:KEY-ID, aws-kms:alias/NAME or aws-kms:ARN',
];

/**
 * @param text such as `aws-kms:alias/github-app`
 * @param setting that holds it, such as `--app-private-key`
 * @throws {UsageError} anything that {@link FORMS} does not have; it is not repeated, for it may be the key itself
 */
export function parseKeySource(text: string, setting: string): KeySource {
  const [, kind = '', rest = ''] = /^([a-z-]+):(.*)$/s.exec(text.trim()) ?? [];
  switch (kind) {
    case 'file':
    case 'env':
    case 'command':
      return { ...parseSecretSource(text, setting), setting };
    case 'aws-secretsmanager':
      return { ...parseSecret(rest, setting), setting };
    case 'aws-kms':
      return { kind, keyId: identifier(rest, { kind, service: 'kms', setting }), setting };
    default:
      throw new UsageError(`${setting} names where the private key is: ${FORMS.join('; ')}`, {
        next: text.includes('-----BEGIN')
          ? 'It holds a key itself: take it out, for anybody on this machine can read a command line. The key can be in a file (--app-private-key-path) or in the variable GITHUB_APP_PRIVATE_KEY.'
          : 'A path alone belongs to --app-private-key-path.',
      });
  }
}

/** As errors name it: the setting that was parsed, else the one that has this kind to itself. */
export function settingOf(source: KeySource): string {
  if (source.setting !== undefined) return source.setting;
  if (source.kind === 'pem') return source.from;
  if (source.kind === 'file') return '--app-private-key-path (GITHUB_APP_PRIVATE_KEY_PATH)';
  return '--app-private-key (GH_MCP_PROXY_APP_PRIVATE_KEY)';
}

/** The names of secrets have no `#` in them. */
function parseSecret(text: string, setting: string): Extract<KeySource, { kind: 'aws-secretsmanager' }> {
  const kind = 'aws-secretsmanager';
  const hash = text.indexOf('#');
  const id = identifier(hash === -1 ? text : text.slice(0, hash), {
    kind,
    service: 'secretsmanager',
    setting,
  });
  if (hash === -1) return { kind, id };
  const jsonKey = text.slice(hash + 1);
  if (jsonKey === '') throw new UsageError(`${setting} has no name of a JSON key after the #`);
  return { kind, id, jsonKey };
}

function identifier(
  text: string,
  { kind, service, setting }: { kind: string; service: string; setting: string },
): string {
  const id = text.trim();
  if (id === '') throw new UsageError(`${setting} has nothing after ${kind}:`);
  if (/\s/.test(id)) throw new UsageError(`${setting} has a space in what follows ${kind}:`);
  const arn = parseArn(id);
  if (arn && arn.service !== service)
    throw new UsageError(`${setting} has an ARN of ${arn.service || 'no service'} after ${kind}:`, {
      next: `Give one that begins with arn:aws:${service}:.`,
    });
  return id;
}

/** What an ARN tells of where its resource is; `undefined` for what is none. */
export function parseArn(id: string): { readonly service: string; readonly region: string } | undefined {
  const [prefix, , service = '', region = ''] = id.split(':');
  return prefix === 'arn' ? { service, region } : undefined;
}
