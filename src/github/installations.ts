// Where a GitHub App is installed, and which of these places is meant.
// Not for: how the app says who it is, or tokens (auth/app/).
// https://docs.github.com/rest/apps/apps
import { RefusedError, UnreachableError } from '../base/errors.ts';
import { asObject } from '../net/http.ts';
import type { JsonAnswer } from '../net/http.ts';
import type { GithubHost } from './hosts.ts';

/** Which installation is wanted: by its number, by whose it is, by what it reaches, or the only one that there is. */
export type InstallationChoice =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'owner'; readonly owner: string }
  | { readonly kind: 'repository'; readonly owner: string; readonly repository: string }
  | { readonly kind: 'only' };

export interface Installation {
  readonly id: number;
  /** Whose it is: a person's or an organization's login. */
  readonly account: string;
  readonly isSuspended: boolean;
  /** What the account has granted, such as `contents: write`. */
  readonly permissions: Readonly<Record<string, string>>;
}

export interface AppIdentity {
  /** Its name in addresses; its acts are those of `SLUG[bot]`. */
  readonly slug: string;
  /** Where a person installs it. */
  readonly installPage: string;
}

/**
 * One request as the app: a route of GitHub's reference such as `GET /orgs/{org}/installation`, with what stands in its
 * braces, in its query or in its body.
 * @returns the answer, a 404, a 422 or a suspended installation's 403 among them
 * @throws {RefusedError} the app itself is not accepted
 * @throws {UnreachableError}
 */
export type AskAsApp = (
  route: string,
  parameters?: Readonly<Record<string, unknown>>,
  about?: { readonly setting: string },
) => Promise<JsonAnswer>;

export interface Asking {
  readonly host: GithubHost;
  readonly ask: AskAsApp;
}

const BY_OWNER = '--app-owner (GITHUB_APP_OWNER)';
const BY_REPOSITORY = '--app-repository (GITHUB_APP_REPOSITORY)';
const BY_ID = '--app-installation-id (GITHUB_APP_INSTALLATION_ID)';

/** Installations of one page: GitHub's most. */
const PAGE = 100;
/** Of these, an error names so many. */
const MOST_NAMED = 20;
/** Accounts are shown to people and models: letters, digits, dashes, and the underscore of managed users. */
const ACCOUNT = /^[\w.-]{1,100}$/;

/**
 * The app's own name.
 * @throws what {@link AskAsApp} throws, and {@link UnreachableError} for nonsense
 */
export async function fetchApp({ host, ask }: Asking): Promise<AppIdentity> {
  const fields = asObject((await ask('GET /app')).data);
  const slug = fields?.slug;
  if (typeof slug !== 'string' || !ACCOUNT.test(slug)) throw nonsense(host);
  const page = fields?.html_url;
  const isOurs =
    typeof page === 'string' && /^[\x21-\x7e]+$/.test(page) && page.startsWith(`${host.loginUrl}/`);
  const home = isOurs ? page : `${host.loginUrl}/apps/${slug}`;
  return { slug, installPage: `${home}/installations/new` };
}

/**
 * The installation that is meant. A given id is taken as it is: whether there is one shows when a token is asked for.
 * @param identity the app's name where it is known: for errors, and only asked for then
 * @throws {RefusedError} `not_installed`, `several_installations`
 * @throws what {@link AskAsApp} throws
 */
export async function findInstallation(
  choice: Exclude<InstallationChoice, { kind: 'id' }>,
  asking: Asking,
  identity: Named,
): Promise<Installation> {
  if (choice.kind === 'only') return findOnlyOne(asking, identity);
  const one =
    choice.kind === 'owner'
      ? await findByOwner(choice.owner, asking)
      : await findByRepository(choice, asking);
  if (one) return one;
  const [where, instead] =
    choice.kind === 'owner'
      ? [`is not installed on "${choice.owner}"`, ` for that account, or correct ${BY_OWNER}`]
      : [
          `does not reach "${choice.owner}/${choice.repository}", if there is such a repository`,
          ` with that repository among those chosen, or correct ${BY_REPOSITORY}`,
        ];
  return notInstalled(where, instead, asking.host, identity);
}

/** All places, or the first hundred of them. */
export async function listInstallations({ host, ask }: Asking): Promise<readonly Installation[]> {
  const { data } = await ask('GET /app/installations', { per_page: PAGE });
  if (!Array.isArray(data)) throw nonsense(host);
  return data.map((one: unknown) => parseInstallation(one, host));
}

/** One place by its number; `undefined` where this app has no such. */
export async function fetchInstallation(id: number, asking: Asking): Promise<Installation | undefined> {
  return found(await asking.ask('GET /app/installations/{installation_id}', { installation_id: id }), asking);
}

/** Names for an error, such as `11 (acme), 12 (octocat, suspended)`. */
export function namesOf(installations: readonly Installation[]): string {
  const named = installations
    .slice(0, MOST_NAMED)
    .map(({ id, account, isSuspended }) => `${id} (${account}${isSuspended ? ', suspended' : ''})`);
  const more = installations.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

async function findOnlyOne(asking: Asking, identity: Named): Promise<Installation> {
  const [first, ...more] = await listInstallations(asking);
  if (!first) return notInstalled('is not installed anywhere', '', asking.host, identity);
  if (more.length > 0) throw several([first, ...more]);
  return first;
}

async function findByOwner(owner: string, asking: Asking): Promise<Installation | undefined> {
  const about = { setting: BY_OWNER };
  const asked = await asking.ask('GET /orgs/{org}/installation', { org: owner }, about);
  if (asked.status !== 404) return found(asked, asking);
  return found(await asking.ask('GET /users/{username}/installation', { username: owner }, about), asking);
}

async function findByRepository(
  { owner, repository: repo }: { readonly owner: string; readonly repository: string },
  asking: Asking,
): Promise<Installation | undefined> {
  const about = { setting: BY_REPOSITORY };
  return found(await asking.ask('GET /repos/{owner}/{repo}/installation', { owner, repo }, about), asking);
}

function found({ status, data }: JsonAnswer, { host }: Asking): Installation | undefined {
  return status === 404 ? undefined : parseInstallation(data, host);
}

function parseInstallation(value: unknown, host: GithubHost): Installation {
  const fields = asObject(value);
  const account = asObject(fields?.account);
  const id = fields?.id;
  // An installation on an enterprise is not of any login; it has a slug in its place.
  const login = account?.login ?? account?.slug;
  if (typeof id !== 'number' || typeof login !== 'string' || !ACCOUNT.test(login)) throw nonsense(host);
  const suspended = fields?.suspended_at;
  return {
    id,
    account: login,
    isSuspended: suspended !== undefined && suspended !== null,
    permissions: parsePermissions(fields?.permissions),
  };
}

/** @param value an object such as `{"contents": "write"}`; what is none of it is left out */
export function parsePermissions(value: unknown): Readonly<Record<string, string>> {
  const pairs = Object.entries(asObject(value) ?? {}).filter(
    (pair): pair is [string, string] => /^\w{1,64}$/.test(pair[0]) && /^\w{1,16}$/.test(String(pair[1])),
  );
  return Object.fromEntries(pairs);
}

type Named = () => Promise<AppIdentity | undefined>;

/** @param where what it is not, as the end of a sentence @param instead what else a person could do */
async function notInstalled(where: string, instead: string, host: GithubHost, named: Named): Promise<never> {
  const app = await named();
  const page = app ? `at ${app.installPage}` : 'from its public page';
  throw new RefusedError('not_installed', `the app${app ? ` "${app.slug}"` : ''} ${where} at ${host.label}`, {
    next: `Install it ${page}${instead}.`,
  });
}

function several(installations: readonly Installation[]): RefusedError {
  const count = installations.length < PAGE ? `${installations.length}` : `${PAGE} or more`;
  return new RefusedError(
    'several_installations',
    `the app is installed in ${count} places: ${namesOf(installations)}`,
    { next: `Choose one: ${BY_ID}, or ${BY_OWNER}.` },
  );
}

function nonsense(host: GithubHost): UnreachableError {
  return new UnreachableError(`${host.label} answered a question about the app with something else`, {
    next: 'Check --gh-host (GITHUB_HOST) and try again.',
  });
}
