// The answer of `status`, for a person as `gh auth status` prints it, and as JSON for a script.
// Not for: finding it out (status.ts).
import { done, failure } from './screen.ts';
import type { Output } from './screen.ts';
import { hostText } from './shell.ts';
import type { LoginStatus } from './login-status.ts';
import { dateText, spanText } from './times.ts';

/** Grouped by host, an empty line between logins as `gh` has it. @param now milliseconds since the epoch */
export function statusText(all: readonly LoginStatus[], output: Output, now: number): string {
  const hosts = [...new Set(all.map(({ which }) => which.host.label))];
  return hosts
    .map((host) => {
      const logins = all.filter(({ which }) => which.host.label === host);
      const blocks = logins.map((login) => block(login, output, now));
      return [output.styled('bold', host), blocks.join('\n\n')].join('\n');
    })
    .join('\n\n');
}

function block(login: LoginStatus, output: Output, now: number): string {
  const { which, fingerprint, problem } = login;
  const details = [
    `Profile: ${which.profile}`,
    ...(fingerprint === undefined
      ? []
      : [
          `Token: ${expiry(login, now)}`,
          `Token scopes: ${scopes(login)}`,
          `Token fingerprint: ${fingerprint}`,
        ]),
    `Client id: ${which.clientId ?? 'none'}`,
    ...(problem === undefined ? [] : [problem]),
  ];
  return [heading(login, output), ...details.map((detail) => `- ${detail}`)]
    .map((line) => `  ${line}`)
    .join('\n');
}

function heading({ which, state, account, store }: LoginStatus, output: Output): string {
  const name = account === undefined ? '(name not known)' : output.styled('bold', account);
  const kept = store === undefined ? '' : ` (${store})`;
  const { label } = which.host;
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
 * `{"logins": [...]}`. Keys are only ever added; what is not known is null; times are ISO 8601 in UTC. Described in the
 * help of the command.
 */
export function statusJson(all: readonly LoginStatus[]): string {
  const logins = all.map(({ which, state, account, store, problem, fingerprint, ...rest }) => ({
    host: hostText(which.host),
    account: account ?? null,
    profile: which.profile,
    state,
    usable: state === 'usable',
    store: store ?? null,
    expiresAt: time(rest.expiresAt),
    renewedAutomatically: rest.isRenewed,
    refreshTokenExpiresAt: time(rest.refreshTokenExpiresAt),
    scopes: rest.scopes,
    clientId: which.clientId ?? null,
    tokenFingerprint: fingerprint ?? null,
    problem: problem ?? null,
  }));
  return JSON.stringify({ logins }, undefined, 2);
}

function time(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
