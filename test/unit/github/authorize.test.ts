// GitHub's browser flow against the emulator over real HTTP: page, code, token, and what each refusal asks for.
import { describe, expect, test } from 'vitest';
import { RefusedError, UnreachableError } from '../../../src/base/errors.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Authorization, CodeExchange } from '../../../src/github/authorize.ts';
import { authorizationUrl, codeIn, exchangeCode, nobodyCameBack } from '../../../src/github/authorize.ts';
import { createHttp } from '../../../src/net/http.ts';
import { createPkce, createState } from '../../../src/oauth/pkce.ts';
import { decide } from '../../support/page-visitor.ts';
import type { GithubOptions } from './support.ts';
import { assertHarmless, neverAborted, rejection, startTestGithub } from './support.ts';

const CLIENT_ID = 'Iv23liBROWSER';
const CLIENT_SECRET = 'client-secret-that-is-never-shown-0123';
const redirectUri = 'http://127.0.0.1:49152/callback';
const APP = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, kind: 'github-app' as const };
const OAUTH_APP = { ...APP, kind: 'oauth-app' as const };

async function begin(app: NonNullable<GithubOptions['clients']>[number] = APP) {
  const { github, host, clock } = await startTestGithub({ clients: [app] });
  const { verifier, challenge } = createPkce();
  const state = createState();
  const asked = { host, clientId: CLIENT_ID, scopes: [] as string[], redirectUri, state, challenge };
  const page = (more: Partial<Authorization> = {}) => authorizationUrl({ ...asked, ...more });
  const back = async (decision = 'approve', more: Partial<Authorization> = {}) =>
    (await decide(page(more), decision)).searchParams;
  const exchange = (code: Secret, more: Partial<CodeExchange> = {}) =>
    exchangeCode({
      ...asked,
      clientSecret: new Secret(CLIENT_SECRET),
      code,
      verifier,
      http: createHttp(clock),
      signal: neverAborted,
      ...more,
    });
  return { github, host, clock, asked, page, back, exchange, verifier };
}

describe('the page', () => {
  test('is asked with all that ties the answer to this login', async () => {
    const { page, asked, github } = await begin();
    const url = new URL(page({ scopes: ['repo', 'read:org'] }));
    expect(url.origin + url.pathname).toBe(`${github.url}/login/oauth/authorize`);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: CLIENT_ID,
      redirect_uri: redirectUri,
      scope: 'repo read:org',
      state: asked.state,
      code_challenge: asked.challenge,
      code_challenge_method: 'S256',
      prompt: 'select_account',
    });
    expect(new URL(page()).searchParams.has('scope')).toBe(false);
  });

  test('sends back a code and the state, whatever the port', async () => {
    const { back, asked } = await begin();
    const answer = await back();
    expect(answer.get('state')).toBe(asked.state);
    expect(codeIn(answer, asked).reveal()).toMatch(/^[0-9a-f]{40}$/);
  });

  test.each<[string, string, RegExp, Partial<typeof APP> & { suspended?: boolean }]>([
    ['access_denied', 'deny', /denied/, {}],
    ['application_suspended', 'approve', /suspended/, { suspended: true }],
  ])('sends back %s', async (code, decision, message, more) => {
    const { back, asked } = await begin({ ...APP, ...more });
    const answer = await back(decision);
    expect(answer.get('state')).toBe(asked.state);
    expect(() => codeIn(answer, asked)).toThrow(RefusedError);
    expect(() => codeIn(answer, asked)).toThrow(message);
    expect(await rejection(Promise.resolve().then(() => codeIn(answer, asked)))).toMatchObject({ code });
  });

  test.each<[string, string, Partial<RefusedError>]>([
    ['two codes', 'code=a&code=b', { code: 'bad_verification_code' }],
    ['a code that is no code', 'code=a%00b', { code: 'bad_verification_code' }],
    ['an empty code', 'code=', { code: 'bad_verification_code' }],
    ['a code beside an error', 'code=a&error=access_denied', { code: 'access_denied' }],
    [
      'an error of the future',
      'error=too_new&error_description=It+is%0A%1b[31mnew.',
      { code: 'too_new', message: expect.stringMatching(/refused with "too_new" \(It is \[31mnew\.\)$/) },
    ],
    ['an error that is none', 'error=%3Cscript%3E', { code: 'unknown_error' }],
  ])('is not believed with %s', async (_what, query, error) => {
    const { asked } = await begin();
    const reading = Promise.resolve().then(() => codeIn(new URLSearchParams(query), asked));
    expect(await rejection(reading)).toMatchObject(error);
  });

  test('that nobody came back from has its reasons in the error', async () => {
    const { asked, host } = await begin();
    const { code, next } = nobodyCameBack(asked);
    expect(code).toBe('expired_token');
    expect(next).toContain(`adds http://127.0.0.1/callback as a callback URL on ${host.loginUrl}/settings/`);
  });
});

describe('the code', () => {
  test('of a GitHub App brings a token that expires, and one that renews it', async () => {
    const { back, asked, exchange, github, clock } = await begin();
    const grant = await exchange(codeIn(await back(), asked));
    expect(github.liveTokens()).toEqual([grant.accessToken.reveal()]);
    expect(grant).toMatchObject({ issuedAt: clock.now(), expiresAt: clock.now() + 28_800_000, scopes: [] });
    expect(grant.refreshToken?.reveal()).toMatch(/^ghr_/);
  });

  test('of an OAuth App brings one with scopes that does not', async () => {
    const { back, asked, exchange } = await begin(OAUTH_APP);
    const answer = await back('approve', { scopes: ['repo', 'read:org'] });
    const grant = await exchange(codeIn(answer, asked));
    expect(grant).toMatchObject({ scopes: ['repo', 'read:org'] });
    expect([grant.expiresAt, grant.refreshToken]).toEqual([undefined, undefined]);
  });

  type World = Awaited<ReturnType<typeof begin>>;
  test.each<[string, string, Partial<CodeExchange>, RegExp, ((world: World, code: Secret) => unknown)?]>([
    [
      'somebody else who has it',
      'bad_verification_code',
      { verifier: createPkce().verifier },
      /auth_login again for a new page/,
    ],
    [
      'ten minutes',
      'bad_verification_code',
      {},
      /auth_login again for a new page/,
      ({ clock }) => clock.sleep(600_000),
    ],
    [
      'its first use',
      'bad_verification_code',
      {},
      /auth_login again for a new page/,
      ({ exchange }, code) => exchange(code),
    ],
    [
      'a wrong client secret',
      'incorrect_client_credentials',
      { clientSecret: new Secret('wrong-secret-that-is-not-shown') },
      /and the client secret where one is given/,
    ],
    [
      'another address',
      'redirect_uri_mismatch',
      { redirectUri: 'http://127.0.0.1:1/callback' },
      /adds http:\/\/127\.0\.0\.1\/callback as a callback URL/,
    ],
  ])('is worth nothing after %s: %s', async (_what, code, more, next, before) => {
    const world = await begin();
    const answer = codeIn(await world.back(), world.asked);
    await before?.(world, answer);
    const error = await rejection(world.exchange(answer, more));
    expect(error).toMatchObject({ code });
    expect((error as RefusedError).next).toMatch(next);
    const secret = more.clientSecret?.reveal() ?? CLIENT_SECRET;
    const verifier = more.verifier ?? world.verifier;
    assertHarmless(error, [...world.github.secrets(), secret, verifier.reveal()]);
  });

  test.each<[string, { kind: 'status' | 'html' | 'reset'; status?: number }, object]>([
    ['an app that is gone', { kind: 'status', status: 404 }, { code: 'unknown_client_id' }],
    ['a server that is out of order', { kind: 'status', status: 502 }, { name: 'UnreachableError' }],
    ['a page of a network that wants a login', { kind: 'html' }, { name: 'UnreachableError' }],
    ['a connection that breaks', { kind: 'reset' }, { name: 'UnreachableError' }],
    ['an answer that says nothing', { kind: 'status', status: 400 }, { name: 'UnreachableError' }],
  ])('meets %s', async (_what, fault, expected) => {
    const { back, asked, exchange, github, verifier } = await begin();
    const code = codeIn(await back(), asked);
    github.fault({ path: '/login/oauth/access_token', ...fault });
    const error = await rejection(exchange(code));
    expect(error).toMatchObject(expected);
    expect(error instanceof UnreachableError || error instanceof RefusedError).toBe(true);
    assertHarmless(error, [...github.secrets(), CLIENT_SECRET, verifier.reveal()]);
  });
});
