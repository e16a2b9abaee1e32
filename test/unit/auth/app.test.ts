// The github-app source against an app, its key and its installations over real HTTP: what it asks, what a token is worth,
// clocks that are off, and its end. Not for: misconfigurations (app-refusals.test.ts), or where it is installed
// (test/unit/github/installations.test.ts).
import { describe, expect, test } from 'vitest';
import { Secret } from '../../../src/base/secret.ts';
import { assertHarmless, neverAborted, rejection } from '../github/support.ts';
import { claimsOf, INSTALLATION, secretsOf, startApp } from './app-world.ts';

/** An hour, less the second to which GitHub cuts the time of its answer; in ms. */
const LIFE = 3_599_000;
const TOKENS = `POST /api/v3/app/installations/${INSTALLATION.id}/access_tokens`;

describe('a token', () => {
  test('is asked for by the app itself, and known with its end, its permissions and whose acts are its', async () => {
    const { github, clock, concealed, app, open } = await startApp();
    const source = open();
    expect(source).toMatchObject({ mode: 'github-app', isUnattended: true, loginObstacle: undefined });
    expect(await source.store()).toBe('memory');
    const credential = (await source.load())!;
    expect(credential).toEqual({
      accessToken: new Secret(github.liveTokens()[0]!),
      issuedAt: clock.now(),
      expiresAt: clock.now() + LIFE,
      scopes: ['contents:write', 'issues:write', 'metadata:read'],
      login: 'emulator-app[bot]',
      rotation: 'overlapping',
    });
    expect(source.isRenewable(credential)).toBe(true);
    expect(concealed.map((secret) => secret.reveal())).toEqual([app.privateKey]);
    expect(github.requests.map(({ method, path, body }) => [`${method} ${path}`, body])).toEqual([
      ['GET /api/v3/app', {}],
      [TOKENS, {}],
    ]);
  });

  test('costs one signature, by the claims that GitHub asks for', async () => {
    const { github, clock, open } = await startApp();
    await open({ appId: 'Iv23liAPP4711' }).load();
    const jwts = new Set(github.requests.map(({ authorization }) => authorization));
    expect(jwts.size).toBe(1);
    const now = clock.now() / 1000;
    // https://docs.github.com/apps: 60 seconds in the past, no more than ten minutes into the future.
    expect(claimsOf([...jwts][0]!)).toEqual({ iss: 'Iv23liAPP4711', iat: now - 60, exp: now + 540 });
  });

  test('has the long form where GitHub gives that', async () => {
    const { github, open } = await startApp({ longTokens: true });
    const { accessToken } = (await open().load())!;
    expect(accessToken.reveal().length).toBeGreaterThan(490);
    expect(github.liveTokens()).toEqual([accessToken.reveal()]);
  });

  test('reaches only the repositories and permissions that were asked for', async () => {
    const { github, open } = await startApp();
    const { scopes } = (await open({
      repositories: ['Hello-World', 'octocat/secret-garden'],
      permissions: { issues: 'read' },
    }).load())!;
    expect(scopes).toEqual(['issues:read', 'metadata:read']);
    expect(github.requests.at(-1)).toMatchObject({
      path: TOKENS.split(' ')[1],
      body: { repositories: ['Hello-World', 'secret-garden'], permissions: { issues: 'read' } },
    });
  });

  test('comes without the name of the app where that cannot be had', async () => {
    const { github, open } = await startApp();
    github.fault({ path: /\/app$/, kind: 'status', status: 500 });
    const source = open();
    const first = (await source.load())!;
    expect(first.login).toBeUndefined();
    expect((await source.refresh(first, neverAborted)).login).toBe('emulator-app[bot]');
  });

  test.each(['reset', 'html', 'garbage', 'status'] as const)(
    '%s: told, with nothing of the JWT',
    async (kind) => {
      const { github, failure } = await startApp();
      github.fault({ path: TOKENS, kind });
      expect((await failure()).code).toBe('unreachable');
      github.clearFaults();
    },
  );

  test.each([
    [{}],
    [{ token: 'ghs_1234567890123456' }],
    [{ token: 'ghs_with space', expires_at: '2099-01-01T00:00:00Z' }],
    [{ token: 'ghs_1234567890123456', expires_at: '2001-01-01T00:00:00Z' }],
  ])('an answer of %j is no token', async (body) => {
    const { github, failure } = await startApp();
    github.fault({ path: TOKENS, kind: 'status', status: 201, body });
    const { code, message } = await failure();
    expect(code).toBe('unreachable');
    expect(message).not.toContain('ghs_');
  });

  test('nobody waits for it any more: what was asked is given up', async () => {
    const { github, open } = await startApp();
    github.fault({ path: TOKENS, kind: 'hang' });
    const ended = new AbortController();
    const waiting = open().login({ scopes: [], onPrompt: () => {} }, ended.signal);
    await github.waitForRequest(({ method }) => method === 'POST');
    const reason = new Error('shutting down');
    ended.abort(reason);
    expect(await rejection(waiting)).toBe(reason);
  });
});

describe('renewal and end', () => {
  test('a newer token leaves the older one alive, and each is revoked when it has served', async () => {
    const { github, clock, audited, open } = await startApp();
    const source = open();
    const first = (await source.load())!;
    clock.advance(3_300_000);
    const second = await source.refresh(first, neverAborted);
    expect(github.liveTokens()).toEqual([first, second].map(({ accessToken }) => accessToken.reveal()));
    expect(second.expiresAt).toBe(clock.now() + LIFE);
    await source.release(first, neverAborted);
    expect(github.liveTokens()).toEqual([second.accessToken.reveal()]);
    await source.release(second, neverAborted);
    expect(github.liveTokens()).toEqual([]);
    expect(github.requests.slice(-2)).toMatchObject([
      { method: 'DELETE', path: '/api/v3/installation/token', status: 204 },
      { method: 'DELETE', path: '/api/v3/installation/token', status: 204 },
    ]);
    expect(audited.map(({ event, login }) => [event, login])).toEqual([
      ['refresh', 'emulator-app[bot]'],
      ['refresh', 'emulator-app[bot]'],
      ['revocation', 'emulator-app[bot]'],
      ['revocation', 'emulator-app[bot]'],
    ]);
  });

  test('a try to revoke one that fails is made once more', async () => {
    const { github, clock, log, open } = await startApp();
    const source = open();
    const token = (await source.load())!;
    github.fault({ path: 'DELETE /api/v3/installation/token', kind: 'reset' });
    const released = source.release(token, neverAborted);
    await clock.pass(200);
    await released;
    expect(github.liveTokens()).toEqual([]);
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test('one that has ended by itself is nothing to complain of; one that could not be revoked is', async () => {
    const { github, clock, log, open } = await startApp();
    const source = open();
    const token = (await source.load())!;
    github.fault({ path: 'DELETE /api/v3/installation/token', kind: 'status', status: 502, times: 2 });
    const released = source.release(token, neverAborted);
    await clock.pass(200);
    await released;
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn: a token for .* could not be revoked: .*HTTP 502/) as string,
    ]);
    clock.advance(3_600_000);
    await source.release(token, neverAborted);
    expect(log.lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    assertHarmless(log.lines, secretsOf(github));
  });
});

describe('a clock that is off', () => {
  test.each([
    ['hours behind', 7200],
    ['hours ahead', -7200],
    ['two minutes ahead', -120],
  ])('%s: GitHub says what time it is, and that is remembered', async (_how, clockOffset) => {
    const { github, clock, log, open } = await startApp({}, { clockOffset });
    const source = open();
    const first = (await source.load())!;
    expect(github.requests.filter(({ status }) => status === 401).length).toBeGreaterThan(0);
    // By our own clock, which is the one that its end is looked up by.
    expect(first.expiresAt).toBe(clock.now() + LIFE);
    const how = `${Math.abs(clockOffset)} s ${clockOffset < 0 ? 'ahead of' : 'behind'}`;
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringContaining(`this machine's clock is ${how} that of`) as string,
    ]);
    expect(new Set(github.requests.map(({ authorization }) => authorization)).size).toBe(2);
    const before = github.requests.length;
    await source.refresh(first, neverAborted);
    expect(github.requests.slice(before).map(({ status }) => status)).toEqual([201]);
  });

  test('and is set right while the session goes on: that is learnt as well', async () => {
    const { clock, skew, log, open } = await startApp();
    skew.ms = -7_200_000;
    const source = open();
    const first = (await source.load())!;
    skew.ms = 0;
    expect((await source.refresh(first, neverAborted)).expiresAt).toBe(clock.now() + LIFE);
    expect(log.lines.filter((line) => line.includes("this machine's clock"))).toEqual([
      expect.stringMatching(/^warn: .* 7200 s ahead of/) as string,
      expect.stringMatching(/^info: .* agrees with/) as string,
    ]);
  });

  test('a little: nobody notices, and a token ends no later for us than for GitHub', async () => {
    const { github, clock, log, open } = await startApp({}, { clockOffset: 45 });
    expect((await open().load())!.expiresAt).toBe(clock.now() + LIFE);
    expect(github.requests.map(({ status }) => status)).toEqual([200, 201]);
    expect(log.lines.filter((line) => line.startsWith('warn'))).toEqual([]);
  });

  test('GitHub does not say what time it is: the clock has to be set', async () => {
    const { github, failure } = await startApp();
    const message =
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
    const fault = { kind: 'status', status: 401, body: { message }, times: 9 } as const;
    github.fault({ ...fault, path: '/api/v3/app', headers: { date: '' } });
    expect(await failure()).toMatchObject({
      code: 'clock_skew',
      next: expect.stringContaining('clock') as string,
    });
  });
});
