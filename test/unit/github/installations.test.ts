// Which installation of an app is meant: by owner, by repository, or the only one; and what is said where that leads to
// none or to several. Not for: what is then asked of it (test/unit/auth/app*.test.ts).
import { describe, expect, test } from 'vitest';
import type { AppOptions } from '../../../fixtures/github/app-options.mjs';
import type { InstallationChoice } from '../../../src/github/installations.ts';
import { startApp } from '../auth/app-world.ts';

const USERS = [
  { login: 'acme', id: 1, name: 'Acme' },
  { login: 'octocat', id: 2, name: 'The Octocat' },
  { login: 'hubot', id: 3, name: 'Hubot' },
];

async function setUp(installations: AppOptions['installations']) {
  const world = await startApp({ installations: installations ?? [] }, { users: USERS });
  return {
    ...world,
    /** The installation that a token was asked of. */
    chosen: async (installation: InstallationChoice): Promise<string | undefined> => {
      await world.open({ installation }).load();
      return /installations\/(\d+)\/access_tokens$/.exec(world.github.requests.at(-1)?.path ?? '')?.[1];
    },
    failed: (installation: InstallationChoice) => world.failure({ installation }),
  };
}

const ORGANIZATION = { id: 21, account: 'acme', repositories: ['secret-garden'] };
const PERSON = { id: 22, account: 'octocat', type: 'User' } as const;

describe('by owner', () => {
  test('an organization, or a person', async () => {
    const { chosen, github } = await setUp([ORGANIZATION, PERSON]);
    expect(await chosen({ kind: 'owner', owner: 'ACME' })).toBe('21');
    expect(github.count('GET /api/v3/users/')).toBe(0);
    expect(await chosen({ kind: 'owner', owner: 'octocat' })).toBe('22');
  });

  test('who has not installed it', async () => {
    const { failed } = await setUp([ORGANIZATION]);
    const { code, message, next } = await failed({ kind: 'owner', owner: 'hubot' });
    expect(code).toBe('not_installed');
    expect(message).toMatch(/^the app "emulator-app" is not installed on "hubot" at /);
    expect(next).toMatch(
      /\/github-apps\/emulator-app\/installations\/new .*--app-owner \(GITHUB_APP_OWNER\)\.$/,
    );
  });
});

describe('by repository', () => {
  test('one that it reaches', async () => {
    const { chosen } = await setUp([PERSON, ORGANIZATION]);
    expect(await chosen({ kind: 'repository', owner: 'acme', repository: 'secret-garden' })).toBe('21');
  });

  test('one that it does not reach', async () => {
    const { failed } = await setUp([ORGANIZATION]);
    const { code, message, next } = await failed({
      kind: 'repository',
      owner: 'acme',
      repository: 'Hello-World',
    });
    expect(code).toBe('not_installed');
    expect(message).toContain('does not reach "acme/Hello-World"');
    expect(next).toContain('--app-repository (GITHUB_APP_REPOSITORY)');
  });

  test('one that was renamed: its new name is needed', async () => {
    const { github, failed } = await setUp([ORGANIZATION]);
    const headers = { location: `${github.url}/api/v3/repositories/1/installation` };
    github.fault({ path: 'GET /api/v3/repos/acme', kind: 'status', status: 301, headers });
    const { code, next } = await failed({ kind: 'repository', owner: 'acme', repository: 'old-name' });
    expect(code).toBe('unreachable');
    expect(next).toContain('--app-repository (GITHUB_APP_REPOSITORY)');
  });
});

describe('the only one', () => {
  test('is found without anything being said', async () => {
    const { chosen } = await setUp([ORGANIZATION]);
    expect(await chosen({ kind: 'only' })).toBe('21');
  });

  test('there is none', async () => {
    const { failed } = await setUp([]);
    const { code, message, next } = await failed({ kind: 'only' });
    expect(code).toBe('not_installed');
    expect(message).toContain('is not installed anywhere');
    expect(next).toMatch(/^Install it at http.*\/installations\/new\.$/);
  });

  test('there are several: they are named with what to give', async () => {
    const { failed } = await setUp([ORGANIZATION, { ...PERSON, suspended: true }]);
    expect(await failed({ kind: 'only' })).toEqual({
      code: 'several_installations',
      message: 'the app is installed in 2 places: 21 (acme), 22 (octocat, suspended)',
      next: 'Choose one: --app-installation-id (GITHUB_APP_INSTALLATION_ID), or --app-owner (GITHUB_APP_OWNER).',
    });
  });

  test('there are more than anybody wants to read', async () => {
    const many = Array.from({ length: 150 }, (_, index) => ({ id: 100 + index, account: 'acme' }));
    const { failed } = await setUp(many);
    const { message } = await failed({ kind: 'only' });
    expect(message).toContain('in 100 or more places: 100 (acme), ');
    expect(message).toMatch(/119 \(acme\) and 80 more$/);
  });

  test.each([
    ['no list', { message: 'hello' }],
    ['an account without a name', [{ id: 1, account: { login: '' } }]],
    ['no id', [{ account: { login: 'acme' } }]],
  ])('%s is nonsense', async (_what, body) => {
    const { github, failed } = await setUp([ORGANIZATION]);
    github.fault({ path: 'GET /api/v3/app/installations', kind: 'status', status: 200, body });
    expect((await failed({ kind: 'only' })).code).toBe('unreachable');
  });
});

test.each([
  ['https://evil.example/apps/x', '/apps/emulator-app/installations/new'],
  [undefined, '/apps/emulator-app/installations/new'],
])('an address of the app that is not of this host (%s) is not shown', async (page, shown) => {
  const { github, failed } = await setUp([]);
  const body = { slug: 'emulator-app', html_url: page };
  github.fault({ path: /\/app$/, kind: 'status', status: 200, body });
  expect((await failed({ kind: 'only' })).next).toContain(`${github.url}${shown}`);
});
