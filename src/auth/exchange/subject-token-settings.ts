// Where a subject token comes from, as far as settings tell. Not for: getting it (subject-token*.ts).
import { UsageError } from '../../base/errors.ts';
import type { ExchangeOption, ExchangeTexts } from './options.ts';
import { setting, textOf } from './options.ts';
import type { SecretSource } from '../secret-source.ts';

export type SubjectSettings =
  | {
      readonly kind: 'given';
      readonly source: SecretSource;
      /** The option, for errors, such as `--subject-token-file`. */
      readonly what: string;
      readonly type: string;
    }
  /** A person logs in at the issuer. */
  | { readonly kind: 'login'; readonly scopes: readonly string[]; readonly type: string };

const TYPES = 'urn:ietf:params:oauth:token-type:';
/** RFC 8693, section 3. */
const SHORT_TYPES = ['access_token', 'refresh_token', 'id_token', 'saml1', 'saml2', 'jwt'];
const SOURCES = ['subject-token-file', 'subject-token-env', 'subject-token-command'] as const;

/**
 * @param hasIssuer whether there is somebody to log in at
 * @throws {UsageError} several sources, none, or an option that does not go with the source
 */
export function subjectOf(texts: ExchangeTexts, hasIssuer: boolean): SubjectSettings {
  const given = SOURCES.filter((option) => textOf(texts, option) !== undefined);
  const [option, ...more] = given;
  if (more.length > 0)
    throw new UsageError(
      `the subject token is given in more than one way: ${given.map((one) => `--${one}`).join(', ')}`,
      {
        next: 'Give one of them.',
      },
    );
  const type = typeOf(texts);
  const scopes = (textOf(texts, 'subject-scopes') ?? '').split(/\s+/).filter(Boolean);
  if (option !== undefined) {
    if (scopes.length > 0)
      throw new UsageError(
        `${setting('subject-scopes')} is for a login at the issuer, but --${option} is given`,
        {
          next: 'Leave one of the two out.',
        },
      );
    return {
      kind: 'given',
      source: sourceOf(option, textOf(texts, option) ?? ''),
      what: `--${option}`,
      type,
    };
  }
  if (!hasIssuer)
    throw new UsageError('there is no subject token to exchange', {
      next: `Give one of ${SOURCES.map((one) => `--${one}`).join(', ')}; or --exchange-issuer, so that persons can log in there.`,
    });
  if (!/:(?:access_token|jwt)$/.test(type))
    throw new UsageError(
      `${setting('subject-token-type')} is ${type}, but a login at the issuer brings an access token`,
      {
        next: `Leave it out, or give one of ${SOURCES.map((one) => `--${one}`).join(', ')}.`,
      },
    );
  return { kind: 'login', scopes, type };
}

function sourceOf(option: ExchangeOption, text: string): SecretSource {
  if (option === 'subject-token-file') return { kind: 'file', path: text };
  if (option === 'subject-token-command') return { kind: 'command', command: text };
  if (!/^[A-Za-z_]\w*$/.test(text))
    throw new UsageError(`${setting('subject-token-env')} is not the name of a variable`, {
      next: 'Give the name of the variable that holds the subject token, not the token.',
    });
  return { kind: 'env', name: text };
}

function typeOf(texts: ExchangeTexts): string {
  const text = textOf(texts, 'subject-token-type') ?? 'access_token';
  if (SHORT_TYPES.includes(text)) return TYPES + text;
  if (/^[a-z][a-z0-9+.-]*:\S+$/i.test(text)) return text;
  throw new UsageError(`${setting('subject-token-type')} is "${text}"`, {
    next: `It is a URI, or one of: ${SHORT_TYPES.join(', ')}.`,
  });
}
