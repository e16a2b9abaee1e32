// `--auth-tools`: which tools of our own are listed when, what they tell, and how a person logs out (DESIGN 2.3).
// Not for: auth_login (login.test.ts), or logouts elsewhere (adoption.test.ts).
import { describe, expect, test } from 'vitest';
import type { TokenView } from '../../../src/session/state.ts';
import { dig } from '../../../src/wire/message.ts';
import { toolNames, toolText } from '../../support/messages.ts';
import { EIGHT_HOURS, from } from './running.ts';
import { lasting, MINUTE, REFUSED, sent, sentIds } from './sent.ts';
import { call, deeds, initialize, prompt, said, startReady, startStepped, token } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const LIST = { id: 50, method: 'tools/list' };
const DONE = { type: 'logout-done', account: { login: 'octocat' }, unrevoked: undefined } as const;

function start(stored?: TokenView): Stepped {
  const session = startStepped({ authTools: true }, stored);
  session.client(initialize());
  session.shakeHands();
  session.client({ method: 'notifications/initialized' });
  return session;
}

function names(session: Stepped, tools: object[]): string[] {
  session.client(LIST);
  const answers = said(session.upstream({ id: 50, result: { tools } }));
  return toolNames(answers.find(({ id }) => id === 50) ?? {});
}

describe('the list', () => {
  test('has all three in front once somebody is logged in, and the two that make sense before', () => {
    expect(names(start(token), [{ name: 'a' }])).toEqual(['auth_login', 'auth_status', 'auth_logout', 'a']);
    expect(names(start(), [{ name: 'a' }])).toEqual(['auth_login', 'auth_status', 'a']);
    expect(names(startReady({}, token), [{ name: 'a' }])).toEqual(['a']);
  });

  test('has another name for each that the upstream has itself, which is the one that is called', () => {
    const session = start(token);
    expect(names(session, [{ name: 'auth_logout' }, { name: 'auth_status' }])).toEqual([
      'auth_login',
      'gh_mcp_proxy_auth_status',
      'gh_mcp_proxy_auth_logout',
      'auth_logout',
      'auth_status',
    ]);
    expect(sentIds(session.client(call(1, 'auth_logout')))).toEqual([1]);
    expect(deeds(session.client(call(2, 'gh_mcp_proxy_auth_logout')))).toEqual(['logout']);
  });

  test('says what each does to the world', () => {
    const session = start(token);
    session.client(LIST);
    const [answer] = said(session.upstream({ id: 50, result: { tools: [] } }));
    const tools = answer?.result?.['tools'] as object[];
    const hints = tools.map((tool) => [
      dig(tool, 'annotations', 'readOnlyHint'),
      dig(tool, 'annotations', 'destructiveHint'),
    ]);
    expect(hints).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
  });

  test('of a server that cannot be asked says nothing of ours in place of its error', () => {
    const session = start(token);
    session.client(LIST);
    const error = { code: -32603, message: 'broken' };
    expect(said(session.upstream({ id: 50, error }))).toMatchObject([{ id: 50, error }]);
  });
});

test('without --auth-tools these names are the upstream alone', () => {
  const session = startReady({}, token);
  expect(sentIds(session.client(call(1, 'auth_status')))).toEqual([1]);
  expect(sentIds(session.client(call(2, 'auth_logout')))).toEqual([2]);
});

/** What it tells. */
function status(session: Stepped): string {
  expect(deeds(session.client(call(90, 'auth_status')))).toEqual(['describe-store']);
  const [answer] = said(session.step({ type: 'store-described', store: 'keychain' }));
  expect(answer).toMatchObject({ id: 90 });
  return toolText(answer ?? {});
}

describe('auth_status', () => {
  test('tells who, until when, with which scopes, where that is kept, and what runs', () => {
    const oauth = { ...token, rotation: 'overlapping' as const, scopes: ['repo', 'gist'] };
    expect(status(start(oauth))).toBe(
      [
        'Logged in to github.com as octocat (profile default).',
        'Token: expires 2025-06-15 23:06 UTC, renewed by itself.',
        'Scopes: repo, gist.',
        'Mode: device, because --oauth-client-id is given.',
        'Kept in: keychain.',
        'Server: generation 1 runs.',
      ].join('\n'),
    );
  });

  test('tells of a token that is of the past what is done about it', () => {
    const session = start(lasting(MINUTE));
    session.pass(MINUTE);
    session.step({ type: 'refresh-unreachable', message: 'github.com cannot be reached.' });
    const text = status(session);
    expect(text).toContain('Token: has expired; a new one is being got.');
    expect(text).toContain('The last renewal failed: github.com cannot be reached.');
  });

  test('works while locked, and says why that is', () => {
    const session = start({ ...lasting(MINUTE), renewable: false });
    session.pass(MINUTE);
    expect(status(session)).toBe(
      [
        'Nobody is logged in to github.com (profile default). The login has expired.',
        'Call the tool auth_login to log the person in.',
        'Mode: device, because --oauth-client-id is given.',
        'Kept in: keychain.',
        'Server: generation 1 runs.',
      ].join('\n'),
    );
  });

  test('works without any server, and says so', () => {
    const session = startStepped({ authTools: true, beforeLogin: 'auth-only' });
    session.client(initialize());
    expect(status(session)).toContain('Server: not running.');
  });

  test('asks once for several that come together', () => {
    const session = start(token);
    session.client(call(1, 'auth_status'));
    expect(deeds(session.client(call(2, 'auth_status')))).toEqual([]);
    expect(said(session.step({ type: 'store-described', store: 'memory' }))).toMatchObject([
      { id: 1 },
      { id: 2 },
    ]);
  });
});

describe('auth_logout', () => {
  test('ends the login, says whose, and locks the session; the next call logs in', () => {
    const session = start(token);
    expect(session.client(call(1, 'auth_logout'))).toEqual([{ type: 'logout', inUse: true }]);
    const done = session.step(DONE);
    expect(deeds(done)).toEqual(['stop', 'spawn']);
    expect(said(done)).toMatchObject([{ method: 'notifications/tools/list_changed' }, { id: 1 }]);
    expect(toolText(said(done)[1] ?? {})).toBe('Logged out of github.com account octocat.');
    expect(session.state.renewal).toEqual({ kind: 'idle' });
    expect(deeds(session.client(call(2, 'get_me')))).toEqual(['login']);
  });

  test('says what a person has to revoke by hand, and where', () => {
    const session = start(token);
    session.client(call(1, 'auth_logout'));
    const unrevoked = 'The token could not be revoked: do it at https://github.com/settings/applications.';
    const answer = said(session.step({ ...DONE, unrevoked })).find(({ id }) => id === 1);
    expect(toolText(answer ?? {})).toBe(`Logged out of github.com account octocat.\n${unrevoked}`);
  });

  test('holds what comes meanwhile, and tells it the truth: it has not run, and begins no login', () => {
    const session = start(token);
    session.client(call(1, 'slow'));
    session.client(call(2, 'auth_logout'));
    expect(sent(session.client(call(3, 'echo')))).toEqual([]);
    expect(session.client(call(4, 'auth_login'))).toEqual([]);
    // The service has revoked the token by now.
    const refused = session.upstream({ id: 1, result: REFUSED });
    expect([...said(refused), ...deeds(refused)]).toEqual([]);
    const done = session.step(DONE);
    expect(deeds(done)).toEqual(['stop', 'spawn']);
    const told = said(done).filter(({ id }) => id !== undefined);
    expect(told.map(({ id }) => id)).toEqual([2, 3, 4, 1]);
    for (const answer of told.slice(1)) expect(toolText(answer)).toContain('This call has not run.');
  });

  test('lets a call that runs finish', () => {
    const session = start(token);
    session.client(call(1, 'slow'));
    session.client(call(2, 'auth_logout'));
    expect(deeds(session.step(DONE))).toEqual(['spawn']);
    const last = from(session, 1, { id: 1, result: { content: [] } });
    expect(said(last)).toMatchObject([{ id: 1 }]);
    expect(deeds(last)).toEqual(['stop']);
  });

  test('is one logout for several calls of it', () => {
    const session = start(token);
    session.client(call(1, 'auth_logout'));
    expect(session.client(call(2, 'auth_logout'))).toEqual([]);
    const ids = said(session.step(DONE)).map(({ id }) => id);
    expect(ids).toEqual([undefined, 1, 2]);
  });

  test('that fails leaves everything as it was', () => {
    const session = start(token);
    session.client(call(1, 'auth_logout'));
    session.client(call(2, 'echo'));
    const failed = session.step({ type: 'logout-failed', message: 'The disk is full. Make room.' });
    expect(said(failed)).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(toolText(said(failed)[0] ?? {})).toBe('The disk is full. Make room.');
    expect(sentIds(failed)).toEqual([2]);
  });

  test('that nobody confirms in time is answered; it goes on', () => {
    const session = start(token);
    session.client(call(1, 'auth_logout'));
    const late = said(session.pass(45_000));
    expect(late).toMatchObject([{ id: 1, result: { isError: true } }]);
    expect(toolText(late[0] ?? {})).toBe('github.com has not answered yet. Call again in a moment.');
    session.step(DONE);
    expect(session.state.auth.kind).toBe('locked');
  });

  test('renews nothing while it is under way; a renewal that was is through first', () => {
    const session = start(lasting(EIGHT_HOURS));
    session.pass(408 * MINUTE);
    expect(session.state.renewal.kind).toBe('refreshing');
    session.client(call(1, 'auth_logout'));
    expect(deeds(session.pass(100 * MINUTE))).toEqual([]);
    expect(said(session.step({ type: 'refresh-refused', message: 'Revoked.' }))).toEqual([]);
    session.step(DONE);
    expect(session.state.auth).toMatchObject({ reason: 'Logged out of github.com account octocat.' });
  });

  test('while locked forgets what is stored, and ends a login that waits for a person', () => {
    const session = start();
    session.client(call(1, 'get_me'));
    session.step({ type: 'login-prompt', prompt });
    session.client(call(2, 'get_me'));
    const asked = session.client(call(3, 'auth_logout'));
    expect(deeds(asked)).toEqual(['abort-login', 'logout']);
    expect(said(asked)).toMatchObject([{ id: 2, result: { isError: true } }]);
    expect(session.client(call(4, 'get_me'))).toEqual([]);
    const done = said(session.step({ ...DONE, account: undefined })).filter(({ id }) => id !== undefined);
    expect(done.map(({ id }) => id)).toEqual([3, 4]);
    expect(toolText(done[0] ?? {})).toBe('Nobody was logged in to github.com.');
  });
});
