// The login ladder over time (DESIGN 2.3): what calls that wait for a person are told, and when.
// Not for: the device flow, or what real clients do (test/integration/login-*.test.ts).
import { describe, expect, test } from 'vitest';
import { toolText } from '../../support/messages.ts';
import type { Json } from '../../support/messages.ts';
import { call, deeds, initialize, prompt, said, START, startReady, startStepped, token } from './stepped.ts';

const FORM = { elicitation: {} };
const URL_MODE = { elicitation: { url: {} } };

/** A client whose call 1 waits, with its dialog open. */
function waiting(capabilities: Json = FORM) {
  const session = startReady(capabilities);
  expect(deeds(session.client(call(1, 'get_me')))).toEqual(['login']);
  session.step({ type: 'login-prompt', prompt });
  return session;
}

describe('a call returns within 45 s', () => {
  test('with the text, when the person does nothing; the flow goes on and later calls join it', () => {
    const session = waiting();
    expect(said(session.pass(44_999))).toEqual([]);
    const [answer, ...others] = said(session.pass(1));
    expect(others).toEqual([]);
    expect(answer).toMatchObject({ id: 1, result: { isError: true } });
    expect(toolText(answer ?? {})).toContain(prompt.userCode);
    expect(toolText(answer ?? {})).toContain('valid for 14 more minutes');
    expect(session.state.login.kind).toBe('waiting');

    session.now += 10_000;
    expect(deeds(session.client(call(2, 'auth_login')))).toEqual([]);
    expect(said(session.pass(44_999))).toEqual([]);
    expect(said(session.pass(1))).toMatchObject([{ id: 2 }]);
  });

  test('at once, where more than 32 MB wait already', () => {
    const session = waiting();
    const text = 'x'.repeat(1024 * 1024);
    const ids = Array.from({ length: 40 }, (_, index) => index + 2);
    const told = ids.flatMap((id) => said(session.client(call(id, 'echo', { text }))));
    expect(told.map(({ id }) => id)).toEqual(ids.slice(31));
    expect(toolText(told[0] ?? {})).toContain('Too many calls are waiting for the login');
  });

  test('each from its own beginning', () => {
    const session = waiting();
    session.now += 20_000;
    session.client(call(2, 'echo'));
    expect(said(session.pass(25_000))).toMatchObject([{ id: 1 }]);
    expect(said(session.pass(20_000))).toMatchObject([{ id: 2 }]);
  });

  test('also when GitHub never answers the request for a code', () => {
    const session = startReady();
    session.client(call(1, 'get_me'));
    const [answer] = said(session.pass(45_000));
    expect(answer).toMatchObject({ id: 1, result: { isError: true } });
    expect(toolText(answer ?? {})).toBe('github.com has not answered yet. Call again in a moment.');
  });

  test('also when the login is done but the server does not start with the new token', () => {
    const session = waiting();
    session.client(call(2, 'auth_login'));
    session.now += 40_000;
    expect(deeds(session.step({ type: 'login-done', token }))).toEqual(['stop', 'spawn']);
    const answers = said(session.pass(5_000)).filter(({ id }) => typeof id === 'number');
    expect(answers).toMatchObject([{ id: 1, result: { isError: true } }, { id: 2 }]);
    expect(answers[1]?.result).not.toHaveProperty('isError');
    for (const answer of answers) {
      expect(toolText(answer)).toMatch(
        /^Logged in as octocat \(github\.com\), .*\nThe server is not ready yet/,
      );
    }
    // Nothing of them is sent once it is ready after all.
    const frames = session.shakeHands().filter((effect) => effect.type === 'to-upstream');
    expect(frames.map(({ bytes }) => bytes.toString()).join()).not.toContain('tools/call');
  });

  test('a call that has to wait for another login, since the first did not last, does not get its time anew', () => {
    const session = waiting();
    session.step({ type: 'login-done', token: { ...token, renewable: false, expiresAt: START + 20_000 } });
    expect(deeds(session.pass(20_000))).toContain('login');
    session.step({ type: 'login-prompt', prompt });
    expect(said(session.pass(24_999)).map(({ id }) => id)).not.toContain(1);
    expect(said(session.pass(1))).toContainEqual(
      expect.objectContaining({ id: 1, result: expect.objectContaining({ isError: true }) as unknown }),
    );
  });

  test('a call that runs at the server is left alone: only the wait for a person is limited', () => {
    const session = waiting();
    session.step({ type: 'login-done', token });
    session.shakeHands();
    expect(said(session.pass(600_000))).toEqual([]);
    expect(said(session.upstream({ id: 1, result: { content: [] } }))).toMatchObject([{ id: 1 }]);
  });
});

test('progress is told at once, every ten seconds, always more, and to those only who asked for it', () => {
  const session = startReady(FORM);
  session.client(call(1, 'get_me', {}, { progressToken: 7 }));
  session.client(call(2, 'get_me'));
  session.now += 300;
  const notes = said([...session.step({ type: 'login-prompt', prompt }), ...session.pass(44_000)]).filter(
    ({ method }) => method === 'notifications/progress',
  );
  expect(notes.map(({ params }) => params?.['progressToken'])).toEqual([7, 7, 7, 7, 7]);
  expect(notes.map(({ params }) => params?.['progress'])).toEqual([0.3, 10.3, 20.3, 30.3, 40.3]);
});

test('a call that joins before the code is there gets the dialog with the others: one for all', () => {
  const session = startReady(URL_MODE);
  expect(deeds(session.client(call(1, 'get_me')))).toEqual(['login']);
  expect(deeds(session.client(call(2, 'echo')))).toEqual([]);
  const shown = said(session.step({ type: 'login-prompt', prompt }));
  expect(shown.map(({ method }) => method)).toEqual(['elicitation/create']);
});

test('a code that came when nobody waited any more is shown to the next call', () => {
  const session = startReady(FORM);
  session.client(call(1, 'get_me'));
  session.client({ method: 'notifications/cancelled', params: { requestId: 1 } });
  expect(said(session.step({ type: 'login-prompt', prompt }))).toEqual([]);
  expect(said(session.client(call(2, 'get_me')))).toMatchObject([{ method: 'elicitation/create' }]);
});

/** What else happens when the code comes, for a client with these capabilities. */
const opened = (capabilities: Json) => {
  const session = startReady(capabilities);
  session.client(call(1, 'get_me'));
  return deeds(session.step({ type: 'login-prompt', prompt }));
};

test('the page is opened for dialogs and text, not for a client that opens it itself', () => {
  expect(opened({})).toEqual(['open-page']);
  expect(opened(FORM)).toEqual(['open-page']);
  expect(opened(URL_MODE)).toEqual([]);
});

test.each(['decline', 'cancel'])(
  '%s ends the flow, answers all who wait, and takes no dialog back',
  (action) => {
    const session = waiting();
    session.client(call(2, 'auth_login'));
    const effects = session.client({ id: 'gh-mcp-proxy:login:1', result: { action } });
    expect(deeds(effects)).toEqual(['abort-login']);
    expect(said(effects).map(({ id }) => id)).toEqual([1, 2]);
    expect(session.state.login).toEqual({ kind: 'idle' });
  },
);

test('after the login the change is announced, then auth_login is answered, then held calls go on', () => {
  const session = waiting();
  session.client(call(2, 'auth_login'));
  session.step({ type: 'login-done', token });
  const effects = session.shakeHands().filter(({ type }) => type === 'to-client' || type === 'to-upstream');
  const steps = effects.map((effect) => JSON.parse('bytes' in effect ? effect.bytes.toString() : '') as Json);
  expect(steps.map(({ method, id }) => method ?? id)).toEqual([
    'notifications/initialized',
    'notifications/tools/list_changed',
    2,
    'tools/call',
  ]);
});

test('a login that fails for good tells all who wait why, and takes the dialog back', () => {
  const session = waiting();
  const effects = said(session.step({ type: 'login-failed', message: 'No. Do this.' }));
  expect(effects).toMatchObject([
    { method: 'notifications/cancelled', params: { requestId: 'gh-mcp-proxy:login:1' } },
    { id: 1, result: { isError: true, content: [{ text: 'No. Do this.' }] } },
  ]);
});

test('with a usable token auth_login tells who is logged in; only scopes that are missing begin a login', () => {
  const oauth = { ...token, rotation: 'overlapping' as const, renewable: false, scopes: ['repo'] };
  const session = startReady({}, oauth);
  const [answer] = said(session.client(call(1, 'auth_login', { scopes: ['repo'] })));
  expect(toolText(answer ?? {})).toBe('Logged in as octocat (github.com), expires 2025-06-15 23:06 UTC.');
  expect(session.client(call(2, 'auth_login', { scopes: ['gist'] }))).toEqual([
    { type: 'login', scopes: ['repo', 'gist'] },
  ]);
  // A GitHub App's reach is given by permissions: there are no scopes to ask for.
  const app = startReady({}, token);
  expect(deeds(app.client(call(1, 'auth_login', { scopes: ['gist'] })))).toEqual([]);
});

test('stdin that ends while a call waits for a person ends the session at once', () => {
  const session = waiting();
  expect(deeds(session.step({ type: 'client-closed' }))).toEqual(['shutdown']);
});

test('a client that asks late is not answered sooner than its upstream could: patience begins with the question', () => {
  const session = startStepped();
  session.pass(60_000);
  session.client(initialize());
  expect(said(session.pass(1_999))).toEqual([]);
  expect(said(session.shakeHands())).toMatchObject([
    { id: 'init', result: { serverInfo: { name: 'upstream' } } },
  ]);
});
