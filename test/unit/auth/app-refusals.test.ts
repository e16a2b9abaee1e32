// What a person reads when GitHub gives an app no token: what happened, why, and which setting to look at; never a key, a
// JWT or a token. Not for: keys that cannot be read (app-key*.test.ts), or finding the installation.
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { INSTALLATION, startApp } from './app-world.ts';

const TOKENS = 'POST /api/v3/app/installations';

function strangeKey(): Secret {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

describe('the app', () => {
  test("is not known: the id is another host's, or no id", async () => {
    const { failure } = await startApp();
    const { code, message, next } = await failure({ appId: '4712' });
    expect({ code, message }).toEqual({
      code: 'unknown_app',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ knows no app with the id "4712"$/) as string,
    });
    expect(next).toMatch(/--app-id \(GITHUB_APP_ID\).*--gh-host/);
  });

  test('has another key', async () => {
    const { failure } = await startApp();
    const key = { kind: 'pem', pem: strangeKey(), from: 'GITHUB_APP_PRIVATE_KEY' } as const;
    const { code, message, next } = await failure({ key });
    expect(code).toBe('wrong_app_key');
    expect(message).toContain("the private key is another app's, or was deleted there");
    expect(next).toMatch(/--app-id \(GITHUB_APP_ID\).*GITHUB_APP_PRIVATE_KEY.*\/settings\/apps/);
  });

  test('has a key that a command gives, replaced meanwhile: the next try asks the command again', async () => {
    const { app, open, failure } = await startApp();
    const env = { ...process.env, KEY: strangeKey().reveal() };
    const key = { kind: 'command', command: 'printenv KEY' } as const;
    const source = open({ key, env });
    await expect(source.load()).rejects.toMatchObject({ code: 'wrong_app_key' });
    env['KEY'] = app.privateKey;
    expect(await source.load()).toHaveProperty('accessToken');
    expect((await failure({ key, env: { ...process.env, KEY: 'nonsense' } })).code).toBe('bad_private_key');
  });

  test.each([
    [401, 'Integration must generate a public key', 'no_app_key', 'has no private key'],
    [401, 'Bad credentials', 'app_not_accepted', 'HTTP 401: Bad credentials'],
    [403, 'Your IP address is not permitted to access this resource', 'app_refused', 'IP address'],
    [403, 'API rate limit exceeded', 'unreachable', 'answers no more for now'],
    [403, 'Maximum number of login attempts exceeded.', 'unreachable', 'answers no more for now'],
  ])('gets a %i: %s', async (status, message, code, told) => {
    const { github, failure } = await startApp();
    github.fault({ path: TOKENS, kind: 'status', status, body: { message } });
    expect(await failure()).toMatchObject({
      code,
      message: expect.stringContaining(told) as string,
      next: expect.stringMatching(/\.$/) as string,
    });
  });

  test("a server's own words are shown on one line, without what it quotes of the request", async () => {
    const { github, failure } = await startApp();
    const open = await startApp();
    await open.open().load();
    const jwt = open.github.requests[0]?.authorization?.split(' ')[1] ?? '';
    const message = `No\n\u001b[31m ${jwt} and ghs_123456789012345678901234567890123456`;
    github.fault({ path: TOKENS, kind: 'status', status: 401, body: { message } });
    const { message: told } = await failure();
    expect(told).toMatch(/HTTP 401: No \[31m \[redacted\] and \[redacted\]\)$/);
  });
});

describe('the installation', () => {
  test('is not there: those that are there are named', async () => {
    const { failure } = await startApp({
      installations: [INSTALLATION, { id: 12, account: 'hubot', suspended: true }],
    });
    const { code, message, next } = await failure({ installation: { kind: 'id', id: 99 } });
    expect({ code, message }).toEqual({
      code: 'unknown_installation',
      message: 'the app "emulator-app" has no installation 99; it has 11 (octocat), 12 (hubot, suspended)',
    });
    expect(next).toMatch(/--app-installation-id \(GITHUB_APP_INSTALLATION_ID\).*\/installations\/new/);
  });

  test('is not there, nor any other', async () => {
    const { failure } = await startApp({ installations: [] });
    expect((await failure()).message).toBe(
      'the app "emulator-app" has no installation 11: it is not installed anywhere',
    );
  });

  test('is suspended', async () => {
    const { app, failure } = await startApp();
    app.installations[0]!.suspended = true;
    const byId = await failure();
    expect(byId).toMatchObject({ code: 'installation_suspended' });
    expect(byId.message).toMatch(/^installation 11 is suspended at /);
    expect(byId.next).toMatch(/Unsuspend.*\/settings\/installations/);
    const byOwner = await failure({ installation: { kind: 'owner', owner: 'octocat' } });
    expect(byOwner.message).toMatch(/^installation 11 on octocat is suspended at /);
  });

  test('does not grant a permission: told which, and what it does grant', async () => {
    const { failure } = await startApp();
    const { code, message, next } = await failure({
      permissions: { contents: 'read', issues: 'admin', actions: 'write' },
    });
    expect({ code, message }).toEqual({
      code: 'permission_not_granted',
      message:
        'installation 11 does not grant the app issues:admin, actions:write; it grants contents:write, issues:write, metadata:read',
    });
    expect(next).toContain('--app-permissions (GITHUB_APP_PERMISSIONS)');
  });

  test('does not reach a repository', async () => {
    const { failure } = await startApp();
    const { code, message, next } = await failure({ repositories: ['Hello-World', 'no-such'] });
    expect(code).toBe('repository_not_reached');
    expect(message).toContain('Hello-World, no-such');
    expect(next).toContain('--app-repositories (GITHUB_APP_REPOSITORIES)');
  });

  test('is not on the account whose repository is wanted: its own of that name is not taken instead', async () => {
    const { github, failure } = await startApp();
    const { code, message } = await failure({ repositories: ['hubot/secret-garden'] });
    expect(code).toBe('repository_not_reached');
    expect(message).toBe('"hubot/secret-garden" cannot be reached by installation 11, which is on octocat');
    expect(github.count(TOKENS)).toBe(0);
  });

  test('gives none for a reason of its own', async () => {
    const { github, failure } = await startApp();
    github.fault({ path: TOKENS, kind: 'status', status: 422, body: { message: 'Something is wrong' } });
    const { code, message, next } = await failure();
    expect({ code, message }).toEqual({
      code: 'token_refused',
      message: expect.stringContaining('(HTTP 422: Something is wrong)') as string,
    });
    expect(next).toMatch(/--app-repositories.*--app-permissions/);
  });
});
