// What GitHub answers an app that asks for a token, as what happened, why, and which setting to look at.
// Not for: where the app is installed (github/installations.ts), or errors of the key (signer.ts).
import { RefusedError, UnreachableError } from '../../base/errors.ts';
import { maskCredentials } from '../../base/mask.ts';
import type { GithubHost } from '../../github/hosts.ts';
import type { AppIdentity, Installation } from '../../github/installations.ts';
import { namesOf } from '../../github/installations.ts';
import { asObject } from '../../net/http.ts';
import type { JsonAnswer } from '../../net/http.ts';
import { visible } from '../../net/server-words.ts';

export interface AppContext {
  readonly host: GithubHost;
  /** As it was configured. */
  readonly appId: string;
  /** Where the key comes from, such as `--app-private-key`. */
  readonly keySetting: string;
}

const APP_ID = '--app-id (GITHUB_APP_ID)';
const INSTALLATION = '--app-installation-id (GITHUB_APP_INSTALLATION_ID)';
const REPOSITORIES = '--app-repositories (GITHUB_APP_REPOSITORIES)';
const PERMISSIONS = '--app-permissions (GITHUB_APP_PERMISSIONS)';

/** GitHub's own words, made fit for a terminal and a prompt: one line, visible ASCII, bounded, without credentials. */
export function saidBy({ data }: JsonAnswer): string {
  const message = asObject(data)?.message;
  if (typeof message !== 'string') return '';
  return maskCredentials(visible(message)).slice(0, 300);
}

/** Whether GitHub did not like the times in our JWT: our clock, or the machine's, is wrong. */
export function isAboutTime(answer: JsonAnswer): boolean {
  return answer.status === 401 && /claim \('(?:iat|exp)'\)/.test(saidBy(answer));
}

/**
 * Lets pass what is an answer to the question, and what the one who asked knows to explain: 404, 422, and the 403 of an
 * installation that is suspended.
 * @throws {RefusedError} the app is not accepted, or may not ask
 * @throws {UnreachableError} too many questions
 */
export function judgeApp(answer: JsonAnswer, context: AppContext): JsonAnswer {
  const { status } = answer;
  const said = saidBy(answer);
  if (status === 404 && /integration not found/i.test(said)) throw unknownApp(context);
  if (status === 401) throw notAccepted(answer, context);
  if (status === 403 && /rate limit|login attempts|abuse/i.test(said)) {
    throw new UnreachableError(`${context.host.label} answers no more for now (HTTP 403: ${said})`, {
      next: 'Try again in some minutes.',
    });
  }
  if (status < 400 || status === 404 || status === 422 || isSuspension(answer)) return answer;
  throw new RefusedError(
    'app_refused',
    `${context.host.label} refused the app "${context.appId}"${quote(answer)}`,
    {
      next: `Look at the app's settings, and at those of the account that it is installed on: ${settingsPages(context)}`,
    },
  );
}

/**
 * Why an installation gives no token.
 * @param about what is known of it; by id alone where nothing is
 */
export async function tokenRefusal(answer: JsonAnswer, about: RefusedToken): Promise<RefusedError> {
  const { host, id, wanted } = about;
  const said = saidBy(answer);
  if (isSuspension(answer)) return suspended(about);
  if (answer.status === 404) return unknownInstallation(about, await about.all());
  if (answer.status === 422 && Object.keys(wanted.permissions).length > 0 && /permission/i.test(said)) {
    return notGranted(about, await about.installation());
  }
  if (answer.status === 422 && wanted.repositories.length > 0 && /repositor/i.test(said)) {
    return new RefusedError(
      'repository_not_reached',
      `installation ${id} of the app does not reach each of: ${wanted.repositories.join(', ')}`,
      {
        next: `Give ${REPOSITORIES} names of repositories that the installation reaches; its owner adds one under "Repository access": ${installationPages(host)}`,
      },
    );
  }
  return new RefusedError(
    'token_refused',
    `${host.label} gives no token for installation ${id}${quote(answer)}`,
    {
      next: `Check ${REPOSITORIES} and ${PERMISSIONS}; without them the token reaches all that the installation does.`,
    },
  );
}

/** @param repository with its owner */
export function notOfAccount(repository: string, id: number, account: string): RefusedError {
  return new RefusedError(
    'repository_not_reached',
    `"${repository}" cannot be reached by installation ${id}, which is on ${account}`,
    {
      next: `Correct ${REPOSITORIES}, or choose the other installation with --app-owner or ${INSTALLATION}.`,
    },
  );
}

export interface RefusedToken extends AppContext {
  readonly id: number;
  readonly account: string | undefined;
  readonly wanted: {
    readonly repositories: readonly string[];
    readonly permissions: Readonly<Record<string, string>>;
  };
  /** Asked only where it helps to explain; `undefined` where it cannot be had. */
  readonly identity: () => Promise<AppIdentity | undefined>;
  readonly installation: () => Promise<Installation | undefined>;
  readonly all: () => Promise<readonly Installation[] | undefined>;
}

function isSuspension(answer: JsonAnswer): boolean {
  return answer.status === 403 && /suspended/i.test(saidBy(answer));
}

function suspended({ host, id, account }: RefusedToken): RefusedError {
  return new RefusedError(
    'installation_suspended',
    `installation ${id}${account === undefined ? '' : ` on ${account}`} is suspended at ${host.label}`,
    { next: `Its owner, or the app's, ends that with "Unsuspend": ${installationPages(host)}` },
  );
}

async function unknownInstallation(
  { appId, id, identity }: RefusedToken,
  all: readonly Installation[] | undefined,
): Promise<RefusedError> {
  const app = await identity();
  const name = app ? `the app "${app.slug}"` : `the app ${appId}`;
  const installed = all && all.length > 0;
  const where = installed ? `; it has ${namesOf(all)}` : all ? ': it is not installed anywhere' : '';
  const elsewhere = app ? `, or install it at ${app.installPage}` : '';
  return new RefusedError('unknown_installation', `${name} has no installation ${id}${where}`, {
    next: `Correct ${INSTALLATION}; it is the number at the end of the installation's address, not the app's id${elsewhere}.`,
  });
}

/** @param installation what it grants, where that could be had */
function notGranted(
  { host, id, wanted }: RefusedToken,
  installation: Installation | undefined,
): RefusedError {
  const granted = installation?.permissions;
  const missing = Object.entries(wanted.permissions)
    .filter(([name, level]) => !granted || !includes(granted[name], level))
    .map(([name, level]) => `${name}:${level}`);
  const has = granted ? `; it grants ${listPermissions(granted).join(', ') || 'nothing'}` : '';
  const list = missing.length > 0 ? missing : listPermissions(wanted.permissions);
  return new RefusedError(
    'permission_not_granted',
    `installation ${id} does not grant the app ${list.join(', ')}${has}`,
    {
      next: `Ask for less with ${PERMISSIONS}; or add the permission in the app's settings, and have the account accept the change: ${installationPages(host)}`,
    },
  );
}

/** As they are written in settings, such as `contents:read`. */
export function listPermissions(permissions: Readonly<Record<string, string>>): string[] {
  return Object.entries(permissions).map(([name, level]) => `${name}:${level}`);
}

const LEVELS = ['read', 'write', 'admin'];

function includes(granted: string | undefined, wanted: string): boolean {
  return granted !== undefined && LEVELS.indexOf(granted) >= LEVELS.indexOf(wanted);
}

function unknownApp({ host, appId }: AppContext): RefusedError {
  return new RefusedError('unknown_app', `${host.label} knows no app with the id "${appId}"`, {
    next: `Copy "App ID" or "Client ID" from the app's settings page, under ${host.loginUrl}/settings/apps, into ${APP_ID}; and check --gh-host: an app lives on one host only.`,
  });
}

function notAccepted(answer: JsonAnswer, { host, appId, keySetting }: AppContext): RefusedError {
  const said = saidBy(answer);
  if (isAboutTime(answer)) {
    return new RefusedError(
      'clock_skew',
      `${host.label} does not accept the time of this machine (HTTP 401: ${said})`,
      { next: "Set this machine's clock, best by NTP." },
    );
  }
  if (/public key/i.test(said)) {
    return new RefusedError('no_app_key', `the app "${appId}" has no private key at ${host.label}`, {
      next: `Generate one on the app's settings page, under ${host.loginUrl}/settings/apps, and give it as ${keySetting}.`,
    });
  }
  if (/could not be decoded/i.test(said)) {
    return new RefusedError(
      'wrong_app_key',
      `${host.label} does not accept the signature of the app "${appId}": the private key is another app's, or was deleted there`,
      {
        next: `Compare ${APP_ID} and the key of ${keySetting} with the app's settings page, under ${host.loginUrl}/settings/apps; a new key is generated there.`,
      },
    );
  }
  return new RefusedError(
    'app_not_accepted',
    `${host.label} does not accept the app "${appId}"${quote(answer)}`,
    {
      next: `Check ${APP_ID}, ${keySetting} and --gh-host (GITHUB_HOST).`,
    },
  );
}

function quote(answer: JsonAnswer): string {
  const said = saidBy(answer);
  return ` (HTTP ${answer.status}${said === '' ? '' : `: ${said}`})`;
}

function installationPages({ loginUrl }: GithubHost): string {
  return `${loginUrl}/settings/installations, or ${loginUrl}/organizations/ORG/settings/installations.`;
}

function settingsPages({ host }: AppContext): string {
  return `${host.loginUrl}/settings/apps and ${installationPages(host)}`;
}
