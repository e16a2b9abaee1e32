// The answer of the device authorization endpoint, checked before any of it is shown (RFC 8628, section 3.2).
// Not for: asking for it (device-flow.ts).
import { UnreachableError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { GithubHost } from './hosts.ts';
import { isLoopback, parseUrl } from './hosts.ts';

export interface DeviceCode {
  readonly deviceCode: Secret;
  readonly userCode: string;
  readonly verificationUri: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  /** Milliseconds between two polls. */
  readonly intervalMs: number;
}

/** GitHub's own value; RFC 8628 requires the field. */
const DEFAULT_LIFETIME_S = 900;
/** RFC 8628, section 3.2: "If no value is provided, clients MUST use 5 as the default." */
const DEFAULT_INTERVAL_S = 5;

/**
 * @param fields the parsed answer
 * @param now when it was received
 * @throws {UnreachableError} something in it cannot be used, or could do harm on a terminal or in a browser
 */
export function parseDeviceCode(
  fields: Readonly<Record<string, unknown>>,
  now: number,
  host: GithubHost,
): DeviceCode {
  const { device_code: deviceCode, user_code: userCode, expires_in: lifetime, interval } = fields;
  if (typeof deviceCode !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(deviceCode))
    throw nonsense(host, 'device code');
  // Visible ASCII only: the code goes to terminals, dialogs and a model, where control characters do harm.
  if (typeof userCode !== 'string' || !/^[\x21-\x7e]{1,32}$/.test(userCode))
    throw nonsense(host, 'user code');
  const verificationUri = webAddress(fields.verification_uri);
  if (verificationUri === undefined) throw nonsense(host, 'verification address');
  return {
    deviceCode: new Secret(deviceCode),
    userCode,
    verificationUri,
    expiresAt: now + (positive(lifetime) ?? DEFAULT_LIFETIME_S) * 1000,
    intervalMs: (positive(interval) ?? DEFAULT_INTERVAL_S) * 1000,
  };
}

/** The address as a parser prints it (no control characters), if a browser may be sent there. */
function webAddress(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 512) return undefined;
  const url = parseUrl(value);
  if (!url || url.username !== '' || url.password !== '') return undefined;
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return isSafe ? url.href : undefined;
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}

function nonsense(host: GithubHost, what: string): UnreachableError {
  return new UnreachableError(
    `${host.label} answered the request for a login code with an unusable ${what}`,
    {
      next: 'Check --gh-host (GITHUB_HOST) and try again.',
    },
  );
}
