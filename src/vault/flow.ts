// A login flow that waits for a person, as text and back: another window may have to go on with it.
// Not for: protecting it (seal.ts): the device code is as good as the token that it will bring.
import { Secret } from '../base/secret.ts';
import { isText, isTextList, isTime, parseObject } from './plain.ts';
import type { LoginFlow } from './vault.ts';

/** The plain text of a flow, its device code in the clear: only ever handed to {@link seal}. */
export function encodeFlow(flow: LoginFlow): string {
  return JSON.stringify({ ...flow, deviceCode: flow.deviceCode.reveal() });
}

/** The flow, or `undefined` where the text is not one. Keys that are not known are left out. */
export function decodeFlow(text: string): LoginFlow | undefined {
  const fields = parseObject(text);
  if (!fields) return undefined;
  const { deviceCode, userCode, verificationUri, expiresAt, intervalMs, scopes } = fields;
  if (!isText(deviceCode) || !isText(userCode) || !isText(verificationUri)) return undefined;
  if (!isTime(expiresAt) || !isTime(intervalMs) || !isTextList(scopes)) return undefined;
  return { deviceCode: new Secret(deviceCode), userCode, verificationUri, expiresAt, intervalMs, scopes };
}
