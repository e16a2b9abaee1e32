// The answer of a device authorization endpoint, checked before any of it is shown (RFC 8628, section 3.2).
// Not for: asking for it (github/device-flow.ts, oauth/device-flow.ts).
import { UnreachableError } from '../base/errors.ts';
import { Secret } from '../base/secret.ts';
import type { GrantingServer } from './token-grant.ts';
import { webAddress } from './web-address.ts';

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
  server: GrantingServer,
): DeviceCode {
  const { device_code: deviceCode, user_code: userCode, expires_in: lifetime, interval } = fields;
  if (typeof deviceCode !== 'string' || !/^[\x21-\x7e]{1,4096}$/.test(deviceCode))
    throw nonsense(server, 'device code');
  // Visible ASCII only: the code goes to terminals, dialogs and a model, where control characters do harm.
  if (typeof userCode !== 'string' || !/^[\x21-\x7e]{1,32}$/.test(userCode))
    throw nonsense(server, 'user code');
  const verificationUri = webAddress(fields.verification_uri);
  if (verificationUri === undefined) throw nonsense(server, 'verification address');
  return {
    deviceCode: new Secret(deviceCode),
    userCode,
    verificationUri,
    expiresAt: now + (positive(lifetime) ?? DEFAULT_LIFETIME_S) * 1000,
    intervalMs: (positive(interval) ?? DEFAULT_INTERVAL_S) * 1000,
  };
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}

function nonsense({ label, setting }: GrantingServer, what: string): UnreachableError {
  return new UnreachableError(`${label} answered the request for a login code with an unusable ${what}`, {
    next: `Check ${setting} and try again.`,
  });
}
