// The tool `auth_status`: who is logged in, until when, where that is kept, and what runs with it. Never a secret.
// Not for: what a login or a logout says (replies.ts, logout.ts).
import type { Step } from './events.ts';
import { answer, waitingAt } from './pending.ts';
import { lastingText, noTokenText, toolResult, whyLocked } from './replies.ts';
import { PLACEHOLDER } from './state.ts';
import type { Pending, SessionConfig, State, TokenView } from './state.ts';
import { triesByItself } from './unattended.ts';

/** The modes in which a person logs in to an app at GitHub. */
const GITHUB_LOGINS: ReadonlySet<string> = new Set(['device', 'browser']);

/** A call of `auth_status`: where the login is kept is asked of those who keep it. */
export function callStatus(step: Step, pending: Pending): void {
  const asked = waitingAt(step.state, 'status').length > 0;
  pending.place = { kind: 'status' };
  if (!asked) step.effects.push({ type: 'describe-store' });
}

/** It is known where the login is kept: the rest is known as it is. */
export function onStoreDescribed(step: Step, store: string): void {
  const { state } = step;
  for (const pending of waitingAt(state, 'status'))
    answer(step, pending, toolResult(pending, statusText(state, store), false));
}

function statusText(state: State, store: string): string {
  return [...loginLines(state), modeLine(state.config), `Kept in: ${store}.`, serverLine(state)].join('\n');
}

function loginLines(state: State): string[] {
  const { auth, config, own, setback } = state;
  const { hostLabel, profile } = config;
  if (auth.kind === 'locked' && config.unattended)
    return [
      noTokenText(state),
      triesByItself(state) ? 'Another try is made by itself.' : 'Each call makes another try.',
    ];
  if (auth.kind === 'locked')
    return [
      `Nobody is logged in to ${hostLabel} (profile ${profile}).${whyLocked(state)}`,
      `Call the tool ${own.login} to log the person in.`,
    ];
  const { token } = auth;
  const who = token.login === undefined ? '' : ` as ${token.login}`;
  const what = config.unattended ? `There is a token for ${hostLabel}` : `Logged in to ${hostLabel}`;
  const lines = [`${what}${who} (profile ${profile}).`];
  if (auth.kind === 'usable') lines.push(`Token: ${lastingText(token)}.`);
  else
    lines.push(`Token: ${auth.why === 'expired' ? 'has expired' : 'was refused'}; a new one is being got.`);
  if (setback) lines.push(`The last renewal failed: ${setback.message}`);
  lines.push(`Scopes: ${scopesText(token, config)}.`);
  return lines;
}

function scopesText({ scopes, rotation }: TokenView, { mode }: SessionConfig): string {
  if (scopes.length > 0) return scopes.join(', ');
  const isGithubApp = rotation === 'exclusive' && GITHUB_LOGINS.has(mode);
  return isGithubApp ? 'none (what a GitHub App may do is given by its permissions)' : 'none that are known';
}

function modeLine({ mode, modeReason }: SessionConfig): string {
  return `Mode: ${mode}${modeReason === undefined ? '' : `, because ${modeReason}`}.`;
}

function serverLine({ upstream }: State): string {
  if (upstream.kind === 'none') return `Server: not running.${why(upstream.failure?.message)}`;
  const how = upstream.kind === 'starting' ? 'is starting' : 'runs';
  const without = upstream.serial === PLACEHOLDER ? ' without a token' : '';
  return `Server: generation ${upstream.generation} ${how}${without}.`;
}

function why(message: string | undefined): string {
  return message === undefined ? '' : ` ${message}`;
}
