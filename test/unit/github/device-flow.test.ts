// One device flow from the code to the token or to an error with a next step (RFC 8628; FACTS, Device flow).
import { describe, expect, test } from 'vitest';
import { CLIENT_IDS } from '../../../fixtures/github/emulator.mjs';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import type { DeviceCode } from '../../../src/net/device-code.ts';
import type { DeviceFlowOptions } from '../../../src/github/device-flow.ts';
import { runDeviceFlow } from '../../../src/github/device-flow.ts';
import { createHttp } from '../../../src/net/http.ts';
import type { GithubOptions } from './support.ts';
import { assertHarmless, rejection, startTestGithub } from './support.ts';

const TOKEN = '/login/oauth/access_token';
const CODE = '/login/device/code';

async function setUp(options: GithubOptions = {}) {
  const { github, host, clock } = await startTestGithub(options);
  const controller = new AbortController();
  const prompts: Parameters<DeviceFlowOptions['onPrompt']>[0][] = [];
  return {
    github,
    clock,
    prompts,
    abort: (reason: unknown) => controller.abort(reason),
    polls: () => github.requests.filter(({ path }) => path === TOKEN),
    start: (more: Partial<DeviceFlowOptions> = {}) =>
      runDeviceFlow({
        closing: new AbortController().signal,
        host,
        clientId: CLIENT_IDS.githubApp,
        scopes: [],
        onPrompt: (prompt) => prompts.push(prompt),
        http: createHttp(clock),
        signal: controller.signal,
        ...more,
      }),
  };
}

describe('a login that is approved', () => {
  test('shows the code once and brings what a GitHub App gives: expiry and refresh token, no scopes', async () => {
    const { github, clock, prompts, start } = await setUp();
    const issued = clock.now();
    const flow = start();
    const userCode = await github.waitForCode();
    github.approve(userCode);
    await clock.pass(5000);
    const grant = await flow;
    expect(prompts).toEqual([
      { userCode, verificationUri: `${github.url}/login/device`, expiresAt: issued + 900_000 },
    ]);
    expect(github.liveTokens()).toEqual([grant.accessToken.reveal()]);
    expect(grant.refreshToken?.reveal()).toMatch(/^ghr_/);
    expect(grant).toMatchObject({
      issuedAt: clock.now(),
      expiresAt: clock.now() + 28_800_000,
      refreshTokenExpiresAt: clock.now() + 15_811_200_000,
      scopes: [],
    });
  });

  test('brings what an OAuth App gives: the granted scopes, no expiry and no refresh token', async () => {
    const { github, clock, start } = await setUp();
    const flow = start({ clientId: CLIENT_IDS.oauthApp, scopes: ['repo', 'read:org'] });
    github.approve(await github.waitForCode());
    await clock.pass(5000);
    const grant = await flow;
    expect(grant.scopes).toEqual(['repo', 'read:org']);
    expect(Object.keys(grant).sort()).toEqual(['accessToken', 'issuedAt', 'scopes']);
    expect(github.requests[0]?.body).toEqual({ client_id: CLIENT_IDS.oauthApp, scope: 'repo read:org' });
  });

  test('sends no client secret, and nothing in a URL', async () => {
    const { github, clock, start } = await setUp();
    const flow = start();
    github.approve(await github.waitForCode());
    await clock.pass(5000);
    await flow;
    expect(github.requests.map(({ query }) => query)).toEqual([{}, {}]);
    expect(Object.keys(github.requests[1]?.body ?? {}).sort()).toEqual([
      'client_id',
      'device_code',
      'grant_type',
    ]);
  });
});

describe('the pace of polling (RFC 8628, 3.5)', () => {
  test('the first poll, and each after it, waits for the whole interval', async () => {
    const { github, clock, start, polls } = await setUp({ interval: 7 });
    const from = clock.now();
    const flow = start();
    const userCode = await github.waitForCode();
    await clock.pass(7000);
    await clock.pass(7000);
    await clock.waitForTimer(7000);
    github.approve(userCode);
    await clock.pass(7000);
    await flow;
    expect(polls().map(({ at }) => at - from)).toEqual([7000, 14_000, 21_000]);
  });

  test('slow_down stays for good, with the interval that the server names', async () => {
    const { github, clock, start, polls } = await setUp({ interval: 5 });
    github.fault({
      path: TOKEN,
      kind: 'status',
      status: 200,
      body: { error: 'slow_down', interval: 12 },
    });
    const from = clock.now();
    const flow = start();
    const userCode = await github.waitForCode();
    await clock.pass(5000);
    await clock.pass(12_000);
    await clock.waitForTimer(12_000);
    github.approve(userCode);
    await clock.pass(12_000);
    await flow;
    expect(polls().map(({ at }) => at - from)).toEqual([5000, 17_000, 29_000]);
  });

  test('a slow_down without a longer interval adds five seconds, each time', async () => {
    const { github, clock, start, polls } = await setUp({ interval: 6 });
    for (const interval of [undefined, 6]) {
      github.fault({ path: TOKEN, kind: 'status', status: 200, body: { error: 'slow_down', interval } });
    }
    const from = clock.now();
    const flow = start();
    github.approve(await github.waitForCode());
    await clock.pass(6000);
    await clock.pass(11_000);
    await clock.pass(16_000);
    await flow;
    expect(polls().map(({ at }) => at - from)).toEqual([6000, 17_000, 33_000]);
  });

  test('errors with another status than 200 are read all the same', async () => {
    const { github, clock, start } = await setUp();
    github.fault({ path: TOKEN, kind: 'status', status: 400, body: { error: 'authorization_pending' } });
    const flow = start();
    github.approve(await github.waitForCode());
    await clock.pass(5000);
    await clock.pass(5000);
    expect((await flow).refreshToken).toBeDefined();
  });
});

describe('a server that fails while a person types the code', () => {
  test.each(['reset', 'html', 'garbage', 'status'] as const)(
    '%s: the flow goes on with a longer pause, and with the usual one once it answers again',
    async (kind) => {
      const { github, clock, start, polls } = await setUp({ interval: 6 });
      github.fault({ path: TOKEN, kind, times: 2 });
      const from = clock.now();
      const flow = start();
      const userCode = await github.waitForCode();
      await clock.pass(6000);
      await clock.pass(12_000);
      await clock.pass(24_000);
      await clock.waitForTimer(6000);
      github.approve(userCode);
      await clock.pass(6000);
      await flow;
      expect(polls().map(({ at }) => at - from)).toEqual([6000, 18_000, 42_000, 48_000]);
    },
  );

  test('a poll that hangs ends after ten seconds and is tried again', async () => {
    const { github, clock, start } = await setUp({ interval: 6 });
    github.fault({ path: TOKEN, kind: 'hang' });
    const flow = start();
    github.approve(await github.waitForCode());
    await clock.pass(6000);
    await github.waitForRequest(({ path }) => path === TOKEN);
    await clock.pass(10_000);
    await clock.pass(12_000);
    expect((await flow).accessToken.reveal()).toMatch(/^ghu_/);
  });

  test('until the code expires: an error about the network, not about the person', async () => {
    const { github, clock, start } = await setUp({ interval: 4, codeLifetime: 20 });
    github.fault({ path: TOKEN, kind: 'status', status: 503, times: 10 });
    const flow = start();
    await clock.pass(4000);
    await clock.pass(8000);
    await clock.pass(8000);
    const error = await rejection(flow);
    expect(error).toBeInstanceOf(UnreachableError);
    expect(error).toMatchObject({
      message: expect.stringMatching(/expired while waiting.*HTTP 503/) as string,
    });
    assertHarmless(error, github.secrets());
  });
});

describe('the end of a code', () => {
  test('is kept by our own clock, even if the server never says so', async () => {
    const { github, clock, start, polls } = await setUp({ codeLifetime: 12 });
    github.fault({
      path: TOKEN,
      kind: 'status',
      status: 200,
      body: { error: 'authorization_pending' },
      times: 99,
    });
    const flow = start();
    await clock.pass(5000);
    await clock.pass(5000);
    await clock.pass(2000);
    expect(await rejection(flow)).toMatchObject({ code: 'expired_token' });
    expect(polls()).toHaveLength(2);
  });

  test('is not beaten by a timer that fires a moment early', async () => {
    const { github, clock, start, polls } = await setUp({ codeLifetime: 7 });
    const early = { ...clock, after: (ms: number, run: () => void) => clock.after(ms - 1, run) };
    const flow = start({ http: createHttp(early) });
    await github.waitForCode();
    await clock.pass(4999);
    await clock.pass(2000);
    expect(await rejection(flow)).toMatchObject({ code: 'expired_token' });
    expect(polls()).toHaveLength(1);
  });

  test('is noticed after the machine slept, without another poll', async () => {
    const { github, clock, start, polls } = await setUp();
    const flow = start();
    await github.waitForCode();
    await clock.waitForTimer(5000);
    clock.sleep(3_600_000);
    clock.advance(5000);
    expect(await rejection(flow)).toMatchObject({ code: 'expired_token' });
    expect(polls()).toHaveLength(0);
  });
});

describe('a flow that others can go on with', () => {
  test('tells its device code before the code is shown, and waits until that is done', async () => {
    const { github, clock, prompts, start } = await setUp();
    const told: DeviceCode[] = [];
    const flow = start({
      onCode: async (code) => {
        told.push(code);
        await new Promise(setImmediate);
        expect(prompts).toEqual([]);
      },
    });
    const userCode = await github.waitForCode();
    github.approve(userCode);
    await clock.pass(5000);
    await flow;
    expect(told).toMatchObject([{ userCode, intervalMs: 5000 }]);
    expect(github.secrets()).toContain(told[0]?.deviceCode.reveal());
    expect(prompts).toHaveLength(1);
  });

  test('goes on elsewhere with the same code: one pause, then polls, and no other code', async () => {
    const { github, clock, prompts, start, polls } = await setUp();
    const told: DeviceCode[] = [];
    const leaving = new AbortController();
    const left = start({ closing: leaving.signal, onCode: async (code) => void told.push(code) });
    const userCode = await github.waitForCode();
    await clock.waitForTimer(5000);
    leaving.abort(new Error('the window closes'));
    await rejection(left);
    github.approve(userCode);
    const [code] = told;
    if (!code) throw new Error('the code was not told');
    let asked = 0;
    const flow = start({
      code,
      onCode: () => expect.fail('it is no new code'),
      onPoll: () => void (asked += 1),
    });
    await clock.pass(5000);
    expect((await flow).refreshToken).toBeDefined();
    expect(prompts.map((prompt) => prompt.userCode)).toEqual([userCode, userCode]);
    expect([github.count(CODE), polls().length, asked]).toEqual([1, 1, 1]);
  });
});

describe('an abort', () => {
  const reason = new Error('the person said no');

  test('during a pause rejects at once, and no poll is ever sent again', async () => {
    const { github, clock, abort, start, polls } = await setUp();
    const flow = start();
    github.approve(await github.waitForCode());
    await clock.waitForTimer(5000);
    abort(reason);
    expect(await rejection(flow)).toBe(reason);
    expect(clock.pending()).toEqual([]);
    clock.advance(900_000);
    expect(polls()).toHaveLength(0);
  });

  test.each([CODE, TOKEN])('during a request to %s rejects at once, and nothing follows', async (path) => {
    const { github, clock, abort, start } = await setUp();
    github.fault({ path, kind: 'hang' });
    const flow = start();
    const asked = github.waitForRequest((request) => request.path === path);
    if (path === TOKEN) await clock.pass(5000);
    await asked;
    const before = github.requests.length;
    abort(reason);
    expect(await rejection(flow)).toBe(reason);
    clock.advance(900_000);
    expect(clock.pending()).toEqual([]);
    expect(github.requests).toHaveLength(before);
  });

  test('of those who waited, while the token is on its way, does not lose it', async () => {
    const { github, clock, start } = await setUp();
    const closing = new AbortController();
    const flow = start({ closing: closing.signal });
    github.approve(await github.waitForCode());
    github.fault({ path: TOKEN, kind: 'slow', delayMs: 100 });
    const asked = github.waitForRequest(({ path }) => path === TOKEN);
    await clock.pass(5000);
    await asked;
    closing.abort(reason);
    expect((await flow).accessToken.reveal()).toBe(github.liveTokens()[0]);
  });

  test('of those who waited, during a pause, ends it at once', async () => {
    const { github, clock, start, polls } = await setUp();
    const closing = new AbortController();
    const flow = start({ closing: closing.signal });
    await github.waitForCode();
    await clock.waitForTimer(5000);
    closing.abort(reason);
    expect(await rejection(flow)).toBe(reason);
    expect(polls()).toEqual([]);
  });

  test('before the start sends nothing', async () => {
    const { github, abort, start } = await setUp();
    abort(reason);
    expect(await rejection(start())).toBe(reason);
    expect(github.requests).toHaveLength(0);
  });
});

describe('a refusal says what happened and what to do:', () => {
  test('denied by the person', async () => {
    const { github, clock, start } = await setUp();
    const flow = start();
    github.deny(await github.waitForCode());
    await clock.pass(5000);
    const error = await rejection(flow);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      code: 'access_denied',
      message: expect.stringContaining('was denied') as string,
      next: expect.stringContaining('auth_login') as string,
    });
    assertHarmless(error, github.secrets());
  });

  test('device flow switched off in the app', async () => {
    const { start } = await setUp();
    expect(await rejection(start({ clientId: CLIENT_IDS.deviceFlowOff }))).toMatchObject({
      code: 'device_flow_disabled',
      next: expect.stringContaining('"Enable Device Flow"') as string,
    });
  });

  test('a client id that the host does not know', async () => {
    const { start } = await setUp();
    expect(await rejection(start({ clientId: 'Iv23liNOBODY' }))).toMatchObject({
      code: 'unknown_client_id',
      message: expect.stringContaining('"Iv23liNOBODY"') as string,
      next: expect.stringContaining('--oauth-client-id') as string,
    });
  });

  test.each([
    ['expired_token', /code expired/, /auth_login/],
    ['token_expired', /code expired/, /auth_login/],
    ['access_denied', /denied/, /auth_login/],
    ['incorrect_client_credentials', /client id/, /--oauth-client-id/],
    ['incorrect_device_code', /device code/, /auth_login/],
    ['unsupported_grant_type', /does not support/, /--gh-host/],
    ['device_flow_disabled', /switched off/, /Enable Device Flow/],
    ['something_new', /refused with "something_new" \(Because\.\)/, /auth_login/],
  ])('%s while polling', async (code, what, next) => {
    const { github, clock, start } = await setUp();
    github.fault({
      path: TOKEN,
      kind: 'status',
      status: 200,
      body: { error: code, error_description: 'Because.' },
    });
    const flow = start();
    await clock.pass(5000);
    const error = await rejection(flow);
    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(what) as string,
      next: expect.stringMatching(next) as string,
    });
    assertHarmless(error, github.secrets());
  });

  test('a description that quotes the device code, in control characters', async () => {
    const { github, clock, start } = await setUp();
    const flow = start();
    await github.waitForCode();
    const [deviceCode = ''] = github.secrets();
    const body = { error: 'odd', error_description: `no\u001b[31m ${deviceCode}\n${'x'.repeat(999)}` };
    github.fault({ path: TOKEN, kind: 'status', status: 200, body });
    await clock.pass(5000);
    const error = await rejection(flow);
    expect((error as Error).message).toMatch(/^[\x20-\x7e]{1,300}$/);
    expect((error as Error).message).toContain('[redacted]');
    assertHarmless(error, github.secrets());
  });
});

describe('no code to be had', () => {
  test.each(['reset', 'html', 'garbage', 'status'] as const)('%s: unreachable', async (kind) => {
    const { github, start, prompts } = await setUp();
    github.fault({ path: CODE, kind });
    expect(await rejection(start())).toBeInstanceOf(UnreachableError);
    expect(prompts).toEqual([]);
  });

  test('a 403 without a code: an honest refusal', async () => {
    const { github, start } = await setUp();
    github.fault({ path: CODE, kind: 'html', status: 403 });
    expect(await rejection(start())).toMatchObject({ code: 'http_403' });
  });
});
