// What the proxy itself says to the client: tool results, errors, and their texts (DESIGN 2.3, 2.5).
// Not for: what an upstream said, which passes as it is.
import type { LoginPrompt } from '../auth/token-source.ts';
import { errorFrame, resultFrame } from '../wire/message.ts';
import { NOBODY_YET } from './state.ts';
import type { Pending, State, TokenView } from './state.ts';

/** Codes of the proxy's own, outside the range that JSON-RPC reserves (DESIGN 2.5). */
export const CODE = {
  loginNeeded: 4010,
  credentialRefused: 4011,
  upstreamUnavailable: 5030,
  upstreamEnded: 5031,
  tooMuchWaiting: 5032,
  serverUnreachable: 5040,
} as const;

/** Whether sending the same request again may succeed, for `data.retryable`. */
const RETRYABLE: ReadonlySet<number> = new Set([
  CODE.loginNeeded,
  CODE.upstreamUnavailable,
  CODE.tooMuchWaiting,
  CODE.serverUnreachable,
]);

/** The result of a tool call that says `text`. */
export function toolResult(pending: Pending, text: string, isError: boolean): Buffer {
  const result = { content: [{ type: 'text', text }], ...(isError && { isError: true }) };
  return resultFrame(pending.id, JSON.stringify(result));
}

/** An error of the proxy's own: text a model can act on for a tool call, a JSON-RPC error for any other method. */
export function refusal(pending: Pending, code: number, reason: string, message: string): Buffer {
  if (pending.method === 'tools/call') return toolResult(pending, message, true);
  return errorFrame(pending.id, code, message, { reason, retryable: RETRYABLE.has(code) });
}

/** Why the session is locked, as a sentence behind another; empty where nothing is known but that nobody has logged in. */
export function whyLocked({ auth }: State): string {
  return auth.kind === 'locked' && auth.reason !== NOBODY_YET ? ` ${auth.reason}` : '';
}

/** What a person has to do, complete by itself for a client that shows text only. @param why {@link whyLocked} */
export function promptText(
  prompt: LoginPrompt,
  hostLabel: string,
  now: number,
  authTool: string,
  why = '',
): string {
  const minutes = Math.max(1, Math.round((prompt.expiresAt - now) / 60_000));
  return [
    `Login to ${hostLabel} is needed.${why} Ask the person to open ${prompt.verificationUri} in a browser and to enter ` +
      `the code ${prompt.userCode} there (valid for ${minutes} more minute${minutes === 1 ? '' : 's'}).`,
    `Show them the address and the code. When they have approved it, call ${authTool} to confirm, or repeat the ` +
      'call that you wanted to make.',
  ].join('\n');
}

/** The message of an elicitation: short, since clients show it in a dialog. What to do comes first, for it may be cut. */
export function elicitationText(
  prompt: LoginPrompt,
  hostLabel: string,
  mode: 'url' | 'form',
  why = '',
): string {
  if (mode === 'url') return `Log in to ${hostLabel}: enter the code ${prompt.userCode} on the page.${why}`;
  return `Log in to ${hostLabel}: open ${prompt.verificationUri} and enter the code ${prompt.userCode}.${why}`;
}

/** Who is logged in, and for how long. Never a token. */
export function loggedInText(token: TokenView, hostLabel: string): string {
  const who = token.login === undefined ? `to ${hostLabel}` : `as ${token.login} (${hostLabel})`;
  return `Logged in ${who}, ${lastingText(token)}.`;
}

/** How long a token lasts. */
export function lastingText({ expiresAt, renewable }: TokenView): string {
  if (expiresAt === undefined) return 'does not expire';
  const when = new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ');
  return `expires ${when} UTC${renewable ? ', renewed by itself' : ''}`;
}
