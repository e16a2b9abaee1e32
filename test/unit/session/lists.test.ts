// The list of tools while locked, logged in, and where the upstream will not list any (DESIGN 2.3).
// Not for: whole lists of real servers (test/integration/locked-lists.test.ts).
import { expect, test } from 'vitest';
import { toolNames } from '../../support/messages.ts';
import { said, startReady, startStepped, initialize, token } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const LIST = { id: 5, method: 'tools/list' };

/** The names that the client sees when the upstream lists these tools. */
function names(session: Stepped, tools: object[], params = {}): string[] {
  session.client({ ...LIST, params });
  const answers = said(session.upstream({ id: 5, result: { tools } }));
  return toolNames(answers.find(({ id }) => id === 5) ?? {});
}

test('auth_login stands in an empty list, too', () => {
  expect(names(startReady(), [])).toEqual(['auth_login']);
});

test('logged in, the list is the upstream alone', () => {
  expect(names(startReady({}, token), [{ name: 'a' }])).toEqual(['a']);
});

test('a page with a cursor is passed on, and a cursor that is no string is no page', () => {
  expect(names(startReady(), [{ name: 'a' }], { cursor: 'x' })).toEqual(['a']);
  expect(names(startReady(), [{ name: 'a' }], { cursor: null })).toEqual(['auth_login', 'a']);
});

test.each([
  ['an error', { error: { code: -32603, message: 'no token' } }],
  ['an error that says so', { error: { code: 0, message: '401 Bad credentials' } }],
  ['a result without tools', { result: {} }],
])('an upstream that answers with %s while locked: the way to log in is listed', (_name, outcome) => {
  const session = startReady();
  session.client(LIST);
  const [answer = {}] = said(session.upstream({ id: 5, ...outcome }));
  expect(toolNames(answer)).toEqual(['auth_login']);
});

test('logged in, an error of the upstream is passed on', () => {
  const session = startReady({}, token);
  session.client(LIST);
  const error = { code: -32603, message: 'broken' };
  expect(said(session.upstream({ id: 5, error }))).toMatchObject([{ id: 5, error }]);
});

test('a name that collides is given way to at once, and told where the first page has gone out', () => {
  const session = startReady();
  expect(names(session, [{ name: 'auth_login' }])).toEqual(['gh_mcp_proxy_auth_login', 'auth_login']);
  const paged = startReady();
  paged.client({ ...LIST, params: { cursor: 'x' } });
  const told = said(paged.upstream({ id: 5, result: { tools: [{ name: 'auth_login' }] } }));
  expect(told).toMatchObject([{ method: 'notifications/tools/list_changed' }, { id: 5 }]);
  expect(names(paged, [{ name: 'a' }])).toEqual(['gh_mcp_proxy_auth_login', 'a']);
});

test('a list that waits for a locked server to come back is real, not empty', () => {
  const session = startReady();
  session.step({ type: 'upstream-ended', generation: 1, cannotStart: false, message: 'It ended.' });
  expect(said(session.client(LIST))).toEqual([]);
  session.pass(0);
  session.shakeHands();
  expect(said(session.upstream({ id: 5, result: { tools: [{ name: 'a' }] } })).map(toolNames)).toEqual([
    ['auth_login', 'a'],
  ]);
});

test('a slow server that comes after the made-up handshake is announced with all its lists', () => {
  const session = startStepped();
  session.client(initialize());
  session.pass(2_000);
  session.client({ method: 'notifications/initialized' });
  expect(said(session.client(LIST)).map(toolNames)).toEqual([['auth_login']]);
  expect(said(session.shakeHands()).map(({ method }) => method)).toEqual([
    'notifications/tools/list_changed',
    'notifications/prompts/list_changed',
    'notifications/resources/list_changed',
  ]);
});
