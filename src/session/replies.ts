// What the proxy itself says to the client: tool results, errors, and their texts (DESIGN 2.3, 2.5).
// Not for: what an upstream said, which passes as it is.
import type { LoginPrompt } from '../auth/token-source.ts';
import { errorFrame, resultFrame } from '../wire/message.ts';
import { NOBODY_YET } from './state.ts';
import type { Pending, SessionConfig, State, TokenView } from './state.ts';

/** What they are about. */
type About = Pick<SessionConfig, 'hostLabel' | 'unattended'>;

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

/** Why there is no token, where no person can log in: what to do, and which setting it is about, is in the reason. */
export function noTokenText({ auth, config }: State): string {
  const reason = auth.kind === 'locked' ? auth.reason : 'it is being got.';
  return `No token for ${config.hostLabel}: ${reason}`;
}

/** Why a token that cannot be renewed does not serve any more, as {@link whyLocked} and {@link noTokenText} take it. */
export function expiredText({ unattended }: About): string {
  return unattended ? 'the last one has expired.' : 'The login has expired.';
}

/** What to look at where a token was not accepted. */
export function checkText({ unattended }: About): string {
  const what = unattended ? 'what this token may do there' : 'that the app is still authorised there';
  return `Check ${what}, and that the server talks to that host and no other.`;
}

/** What a person has to do, complete by itself for a client that shows text only. @param why {@link whyLocked} */
export function promptText(
  prompt: LoginPrompt,
  hostLabel: string,
  now: number,
  authTool: string,
  why = '',
): string {
  const { verificationUri, userCode, purpose, expiresAt } = prompt;
  const minutes = Math.max(1, Math.round((expiresAt - now) / 60_000));
  // A purpose is why there is no token.
  const needed = purpose ?? `Login to ${hostLabel} is needed.${why}`;
  const done = purpose === undefined ? 'to log in and approve there' : 'to approve there';
  const there = userCode === undefined ? done : `to enter the code ${userCode} there`;
  return [
    `${needed} Ask the person to open ${verificationUri} in a browser and ${there} ` +
      `(valid for ${minutes} more minute${minutes === 1 ? '' : 's'}).`,
    `Show them the address${userCode === undefined ? '' : ' and the code'}. When they have approved it, call ${authTool} ` +
      'to confirm, or repeat the call that you wanted to make.',
  ].join('\n');
}

/** The message of an elicitation: short, since clients show it in a dialog. What to do comes first, for it may be cut. */
export function elicitationText(
  prompt: LoginPrompt,
  hostLabel: string,
  mode: 'url' | 'form',
  why = '',
): string {
  const { verificationUri, userCode, purpose } = prompt;
  if (purpose !== undefined) {
    const act = userCode === undefined ? 'approve' : `enter the code ${userCode}`;
    if (mode === 'form') return `Open ${verificationUri} and ${act} there: ${purpose}`;
    return `${act.replace(/^./, (letter) => letter.toUpperCase())} on the page that opens: ${purpose}`;
  }
  if (userCode === undefined) {
    const where = mode === 'url' ? ' on the page that opens' : `: open ${verificationUri} and approve there`;
    return `Log in to ${hostLabel}${where}.${why}`;
  }
  if (mode === 'url') return `Log in to ${hostLabel}: enter the code ${userCode} on the page.${why}`;
  return `Log in to ${hostLabel}: open ${verificationUri} and enter the code ${userCode}.${why}`;
}

/** What the one field of a form says; the person ticks it when that is done. */
export function doneText({ userCode }: LoginPrompt): string {
  return userCode === undefined ? 'I have approved on that page' : 'I have entered the code and approved';
}

/** What a call waits for, as progress. */
export function waitingText({ verificationUri, userCode, purpose }: LoginPrompt): string {
  const what = purpose === undefined ? 'login' : 'approval';
  const code = userCode === undefined ? '' : ` with the code ${userCode}`;
  return `Waiting for the ${what} at ${verificationUri}${code}`;
}

/** Who is logged in, and for how long; or, where nobody can be, that there is a token. Never that itself. */
export function loggedInText(token: TokenView, { hostLabel, unattended }: About): string {
  const lasting = lastingText(token);
  if (unattended) return `There is a token for ${hostLabel}, ${lasting}.`;
  const who = token.login === undefined ? `to ${hostLabel}` : `as ${token.login} (${hostLabel})`;
  return `Logged in ${who}, ${lasting}.`;
}

/** How long a token lasts. */
export function lastingText({ expiresAt, renewable }: TokenView): string {
  if (expiresAt === undefined) return 'does not expire';
  const when = new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ');
  return `expires ${when} UTC${renewable ? ', renewed by itself' : ''}`;
}
