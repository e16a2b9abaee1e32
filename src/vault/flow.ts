// A login flow that waits for a person, as text and back: another window may have to go on with it, or to show it.
// Not for: protecting it (seal.ts): a device code is as good as the token that it will bring.
import { Secret } from '../base/secret.ts';
import { isText, isTextList, isTime, parseObject } from './plain.ts';
import type { LoginFlow } from './vault.ts';

/** The plain text of a flow, its device code in the clear: only ever handed to {@link seal}. */
export function encodeFlow(flow: LoginFlow): string {
  return JSON.stringify(flow.kind === 'code' ? { ...flow, deviceCode: flow.deviceCode.reveal() } : flow);
}

/**
 * The flow, or `undefined` where the text is not one. Keys that are not known are left out. One without a kind is of a
 * version that knew codes only, and may wait for a person at this moment.
 */
export function decodeFlow(text: string): LoginFlow | undefined {
  const fields = parseObject(text);
  if (!fields) return undefined;
  const { kind = 'code', verificationUri, expiresAt, scopes } = fields;
  if (!isText(verificationUri) || !isTime(expiresAt) || !isTextList(scopes)) return undefined;
  const common = { verificationUri, expiresAt, scopes };
  if (kind === 'page') {
    const { purpose } = fields;
    return { kind, ...common, ...(isText(purpose) && { purpose }) };
  }
  const { deviceCode, userCode, intervalMs } = fields;
  if (kind !== 'code' || !isText(deviceCode) || !isText(userCode) || !isTime(intervalMs)) return undefined;
  return { kind, ...common, deviceCode: new Secret(deviceCode), userCode, intervalMs };
}
