// The answer of `status`, for a person as `gh auth status` prints it, and as JSON for a script.
// Not for: finding it out (status.ts).
import { done, failure } from './screen.ts';
import type { Output } from './screen.ts';
import type { LoginStatus } from './login-status.ts';
import { isUnattended } from './auth-modes.ts';
import type { UnattendedMode } from './auth-modes.ts';
import type { AuthChoice } from './settings.ts';
import { hostText } from './shell.ts';
import { dateText, spanText } from './times.ts';

export interface Status {
  /** The way to a token that the settings given choose. */
  readonly auth: AuthChoice;
  readonly logins: readonly LoginStatus[];
}

/**
 * First the mode and why, then the logins grouped by host, an empty line between them as `gh` has it.
 * @param now milliseconds since the epoch
 */
export function statusText({ auth, logins: all }: Status, output: Output, now: number): string {
  const hosts = [...new Set(all.map(({ which }) => which.label))];
  const groups = hosts.map((host) => {
    const logins = all.filter(({ which }) => which.label === host);
    const blocks = logins.map((login) => block(login, output, now));
    return [output.styled('bold', host), blocks.join('\n\n')].join('\n');
  });
  return [modeText(auth, output), ...groups].join('\n\n');
}

function modeText(auth: AuthChoice, output: Output): string {
  const { mode, because } = auth;
  return [
    `Mode: ${output.styled('bold', mode)}, because ${because}`,
    ...(isUnattended(mode) ? [`- ${UNATTENDED[mode]}; nobody logs in, and nothing is stored`] : []),
  ].join('\n');
}

const UNATTENDED: Readonly<Record<UnattendedMode, string>> = {
  'github-app': 'Each session gets installation tokens of its own, which are revoked at its end',
  gh: "Each session uses gh's own login",
  command: 'Each session gets its tokens from the command',
  env: 'Each session passes on the token that is set',
};

function block(login: LoginStatus, output: Output, now: number): string {
  const { which, fingerprint, problem } = login;
  const details = [
    `Profile: ${which.profile}`,
    ...(which.mode === 'device' ? [] : [`Mode: ${which.mode}`]),
    ...(fingerprint === undefined
      ? []
      : [
          `Token: ${expiry(login, now)}`,
          `Token scopes: ${scopes(login)}`,
          `Token fingerprint: ${fingerprint}`,
        ]),
    `Client id: ${which.identity.clientId || 'none'}`,
    ...(problem === undefined ? [] : [problem]),
  ];
  return [heading(login, output), ...details.map((detail) => `- ${detail}`)]
    .map((line) => `  ${line}`)
    .join('\n');
}

function heading({ which, state, account, store }: LoginStatus, output: Output): string {
  const name = account === undefined ? '(name not known)' : output.styled('bold', account);
  const kept = store === undefined ? '' : ` (${store})`;
  const { label } = which;
  const [mark, text] = (
    {
      usable: [done, `Logged in to ${label} account ${name}${kept}`],
      expired: [failure, `The login to ${label} account ${name}${kept} has expired`],
      unreadable: [failure, `The login to ${label}${kept} cannot be opened`],
      none: [failure, `Not logged in to ${label}`],
    } as const
  )[state];
  return mark(output, text);
}

function expiry({ expiresAt, isRenewed, isDue }: LoginStatus, now: number): string {
  if (expiresAt === undefined) return 'does not expire';
  const when = dateText(expiresAt);
  const renewal = isRenewed ? (isDue ? '; renewed at the next use' : '; renewed automatically') : '';
  return expiresAt <= now
    ? `expired ${spanText(now - expiresAt)} ago (${when})${renewal}`
    : `expires in ${spanText(expiresAt - now)} (${when})${renewal}`;
}

function scopes({ scopes: granted }: LoginStatus): string {
  return granted.length === 0 ? 'none' : granted.map((scope) => `'${scope}'`).join(', ');
}

/**
 * `{"mode", "because", "logins": [...]}`. Keys are only ever added; what is not known is null; times are ISO 8601 in UTC.
 * Described in the help of the command.
 */
export function statusJson({ auth, logins: all }: Status): string {
  const logins = all.map(({ which, state, account, store, problem, fingerprint, ...rest }) => ({
    mode: which.mode,
    issuer: which.identity.issuer,
    host: which.host ? hostText(which.host) : which.label,
    account: account ?? null,
    profile: which.profile,
    state,
    usable: state === 'usable',
    store: store ?? null,
    expiresAt: time(rest.expiresAt),
    renewedAutomatically: rest.isRenewed,
    refreshTokenExpiresAt: time(rest.refreshTokenExpiresAt),
    scopes: rest.scopes,
    clientId: which.identity.clientId || null,
    tokenFingerprint: fingerprint ?? null,
    problem: problem ?? null,
  }));
  return JSON.stringify({ mode: auth.mode, because: auth.because, logins }, undefined, 2);
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
