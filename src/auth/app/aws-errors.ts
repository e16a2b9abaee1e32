// What AWS or its SDK failed with, in words for a person: which setting, which permission, which command.
// Not for: anything else that is in an error of the SDK; those hold the request, with its signature and session token.
import { codeOf, messageOf, RefusedError, UnreachableError } from '../../base/errors.ts';
import type { UserError } from '../../base/errors.ts';
import { asObject } from '../../net/http.ts';
import { unreachable } from '../../net/network-error.ts';

/** What was asked, as far as errors name it. */
export interface AwsQuestion {
  readonly service: 'KMS' | 'Secrets Manager';
  /** Such as `kms:Sign`. */
  readonly action: string;
  /** As the setting names it: an id, a name, an alias or an ARN. */
  readonly resource: string;
  /** Such as `--app-private-key`. */
  readonly setting: string;
  /** Unknown where none could be found. */
  readonly region: string | undefined;
}

/** What an error becomes: `code` of a RefusedError, or what is out of reach. */
type Explanation = (question: AwsQuestion, error: unknown) => UserError;

const refused =
  (
    code: string,
    message: (asked: AwsQuestion) => string,
    next: (asked: AwsQuestion) => string,
  ): Explanation =>
  (asked) =>
    new RefusedError(code, message(asked), { next: next(asked) });

const denied: Explanation = (asked, error) => {
  const words = wordsOf(error);
  // A role may have to be taken on first, and that may be what is not allowed.
  const action = /\bperform: ([a-z0-9-]+:\w+)/.exec(words)?.[1] ?? asked.action;
  return new RefusedError(
    'aws_access_denied',
    `AWS does not allow ${action} for ${asked.resource} (${asked.setting})${words === '' ? '' : `: ${words}`}`,
    { next: `Give the identity that the proxy runs with the permission ${action}${MORE[action] ?? ''}.` },
  );
};

/** What a permission is not enough without. */
const MORE: Readonly<Record<string, string>> = {
  'kms:Sign': ' on that key; the policy of the key itself has to allow it too',
  'secretsmanager:GetSecretValue': ' on that secret, and kms:Decrypt where it has a KMS key of its own',
};

const notFound = refused(
  'aws_not_found',
  ({ service, resource, setting, region }) =>
    `${service} of AWS has no ${service === 'KMS' ? 'key' : 'secret'} ${resource} in ${region} (${setting})`,
  ({ service }) =>
    `Check the name, the account (aws sts get-caller-identity) and the region: give the ARN, or set AWS_REGION.${
      service === 'KMS' ? ' An alias is written alias/NAME.' : ''
    }`,
);

const wrongKey = refused(
  'aws_wrong_key',
  ({ resource, setting }) => `the KMS key ${resource} (${setting}) cannot make RS256 signatures`,
  () =>
    'It has to be an RSA key (RSA_2048, as GitHub makes them) with the usage SIGN_VERIFY; neither can be changed later.',
);

const badCredentials = refused(
  'aws_credentials_refused',
  () => 'AWS does not accept the credentials that were found here',
  () =>
    "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or AWS_PROFILE; and this machine's clock. 'aws sts get-caller-identity' shows whether they work.",
);

const expiredCredentials = refused(
  'aws_credentials_expired',
  () => 'the AWS credentials that were found here have expired',
  () => "Renew them ('aws sso login' or 'aws login', where they come from one of these) and try again.",
);

const noCredentials: Explanation = (asked, error) =>
  /\bSSO\b|\baws login\b|^Failed to load token/i.test(messageOf(error))
    ? expiredCredentials(asked, error)
    : new RefusedError('aws_no_credentials', `no AWS credentials were found here for ${asked.setting}`, {
        next: "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, in the \"env\" of this server's entry in mcp.json, or run it where AWS gives it a role. 'aws sts get-caller-identity' shows what is found.",
      });

const busy: Explanation = ({ service }) =>
  new UnreachableError(`${service} of AWS cannot answer just now`, { next: 'Try again later.' });

/** By the name of the error, which is its type in the protocol, less what both services share in any spelling. */
const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  AccessDeniedException: denied,
  AccessDenied: denied,
  NotFoundException: notFound,
  ResourceNotFoundException: notFound,
  InvalidArnException: notFound,
  ValidationException: notFound,
  InvalidParameterException: notFound,
  InvalidKeyUsageException: wrongKey,
  UnsupportedOperationException: wrongKey,
  DisabledException: refused(
    'aws_key_disabled',
    ({ resource, setting }) => `the KMS key ${resource} (${setting}) is disabled`,
    () => 'Enable it: aws kms enable-key --key-id ID.',
  ),
  KMSInvalidStateException: refused(
    'aws_key_unusable',
    ({ resource, setting }) =>
      `the KMS key ${resource} (${setting}) is scheduled for deletion, or its key material is not imported`,
    () => "'aws kms describe-key --key-id ID' shows its state.",
  ),
  InvalidRequestException: refused(
    'aws_secret_unusable',
    ({ resource, setting }) =>
      `the secret ${resource} (${setting}) is scheduled for deletion, or has no value yet`,
    () => "Take it back with 'aws secretsmanager restore-secret --secret-id ID', or give it a value.",
  ),
  DecryptionFailure: refused(
    'aws_secret_unusable',
    ({ resource, setting }) => `Secrets Manager cannot decrypt the secret ${resource} (${setting})`,
    () => 'Check that the KMS key which protects it is enabled.',
  ),
  UnrecognizedClientException: badCredentials,
  InvalidClientTokenId: badCredentials,
  InvalidSignatureException: badCredentials,
  SignatureDoesNotMatch: badCredentials,
  IncompleteSignatureException: badCredentials,
  MissingAuthenticationTokenException: badCredentials,
  OptInRequired: badCredentials,
  ExpiredTokenException: expiredCredentials,
  ExpiredToken: expiredCredentials,
  RequestExpired: badCredentials,
  InvalidIdentityToken: badCredentials,
  UnauthorizedException: expiredCredentials,
  CredentialsProviderError: noCredentials,
  TokenProviderError: noCredentials,
  ThrottlingException: busy,
  LimitExceededException: busy,
  KeyUnavailableException: busy,
  DependencyTimeoutException: busy,
};

/** @param error as the SDK throws it; nothing of it is kept but its type, and AWS's own words where they are harmless */
export function explainAws(error: unknown, asked: AwsQuestion): UserError {
  const name = error instanceof Error ? error.name : '';
  const explanation = Object.hasOwn(EXPLANATIONS, name) ? EXPLANATIONS[name] : undefined;
  if (explanation) return explanation(asked, error);
  if (messageOf(error).startsWith('Region ')) return noRegion(asked);
  if (codeOf(error) === 'ERR_INVALID_URL')
    return new RefusedError('aws_endpoint', 'the endpoint that is set for AWS is no URL', {
      next: `Check AWS_ENDPOINT_URL and ${endpointVariable(asked)}.`,
    });
  const status = statusOf(error);
  if (status === undefined) return unreachable(placeOf(asked), error, addressOf(asked));
  if (status === 429 || status >= 500) return busy(asked, error);
  const type = /^[A-Z]\w{3,63}$/.test(name) && name !== 'SyntaxError' ? name : 'something that is not of AWS';
  return new UnreachableError(`${placeOf(asked)} answered ${asked.action} with ${type} (HTTP ${status})`, {
    next: `Check ${addressOf(asked)}, or whether something else answers in the place of AWS.`,
  });
}

function noRegion({ setting, region }: AwsQuestion): RefusedError {
  return new RefusedError(
    'aws_region',
    region === undefined
      ? `the region of AWS for ${setting} is not known, or is none`
      : 'the region of AWS is none',
    { next: 'Set AWS_REGION (such as eu-central-1), or give the whole ARN, which names it.' },
  );
}

/**
 * AWS's explanation of a denial: who, what, on which resource, by which policy. Other messages are not told: that of a
 * wrong signature repeats the headers that were signed, and a session token is one of them.
 */
function wordsOf(error: unknown): string {
  const words = messageOf(error).replace(/\s+/g, ' ').trim();
  return /^[\x20-\x7e]{1,400}$/.test(words) ? words.replace(/[.]$/, '') : '';
}

function statusOf(error: unknown): number | undefined {
  const status = asObject(asObject(error)?.['$metadata'])?.['httpStatusCode'];
  return typeof status === 'number' ? status : undefined;
}

function placeOf(asked: AwsQuestion): string {
  const endpoint = endpointOf(asked);
  return endpoint === undefined
    ? `${asked.service} of AWS${asked.region ? ` in ${asked.region}` : ''}`
    : endpoint;
}

/** What a person checks when the wrong machine, or none, answers. */
function addressOf(asked: AwsQuestion): string {
  return endpointOf(asked) === undefined ? 'AWS_REGION' : `AWS_ENDPOINT_URL (${endpointVariable(asked)})`;
}

function endpointVariable({ service }: AwsQuestion): string {
  return `AWS_ENDPOINT_URL_${service.replace(' ', '_').toUpperCase()}`;
}

/** The origin that the environment sends the service to, for what is told; the SDK reads it itself. */
function endpointOf(asked: AwsQuestion): string | undefined {
  const url = process.env[endpointVariable(asked)] ?? process.env['AWS_ENDPOINT_URL'];
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}
