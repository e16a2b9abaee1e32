// Several pages in one login, such as a login and then a consent: each takes the place of the one before, on every rung of
// the ladder (DESIGN 2.3). Not for: what is written on them (replies.test.ts), or a single one (login.test.ts).
import { describe, expect, test } from 'vitest';
import type { LoginPrompt } from '../../../src/auth/token-source.ts';
import { toolText } from '../../support/messages.ts';
import type { Json, Message } from '../../support/messages.ts';
import { call, deeds, prompt, said, START, startReady, token } from './stepped.ts';
import type { Stepped } from './stepped.ts';

const CONSENT: LoginPrompt = {
  verificationUri: 'https://broker.example/consent',
  purpose: 'The broker needs consent for github.',
  expiresAt: START + 300_000,
};
const FIRST = { type: 'login-prompt', prompt } as const;
const SECOND = { type: 'login-prompt', prompt: CONSENT } as const;
const OLD = 'gh-mcp-proxy:login:1';
const NEW = 'gh-mcp-proxy:login:2';

/** A client whose call 1 waits, and who was shown the first page. */
function shown(capabilities: Json): Stepped {
  const session = startReady(capabilities);
  session.client(call(1, 'get_me', {}, { progressToken: 7 }));
  session.step(FIRST);
  return session;
}

const kinds = (messages: readonly Message[]): unknown[] => messages.map(({ method, id }) => method ?? id);

describe('where the client opens pages itself', () => {
  test('a dialog that nobody has answered is taken back, and the next one comes', () => {
    const told = said(shown({ elicitation: { url: {} } }).step(SECOND));
    expect(told).toMatchObject([
      {
        method: 'notifications/cancelled',
        params: { requestId: OLD, reason: 'Another page takes its place.' },
      },
      {
        method: 'notifications/elicitation/complete',
        params: { elicitationId: 'gh-mcp-proxy-login-1' },
      },
      {
        method: 'notifications/progress',
        params: { message: expect.stringContaining('broker.example') as string },
      },
      {
        id: NEW,
        method: 'elicitation/create',
        params: {
          mode: 'url',
          elicitationId: 'gh-mcp-proxy-login-2',
          url: 'https://broker.example/consent',
          message: 'Approve on the page that opens: The broker needs consent for github.',
        },
      },
    ]);
  });

  test('one that was accepted is only told to be complete', () => {
    const session = shown({ elicitation: { url: {} } });
    session.client({ id: OLD, result: { action: 'accept' } });
    expect(kinds(said(session.step(SECOND)))).toEqual([
      'notifications/elicitation/complete',
      'notifications/progress',
      'elicitation/create',
    ]);
  });

  test('an answer to the first that crosses with the second says nothing of that', () => {
    const session = shown({ elicitation: { url: {} } });
    session.step(SECOND);
    expect(deeds(session.client({ id: OLD, result: { action: 'decline' } }))).toEqual([]);
    const declined = session.client({ id: NEW, result: { action: 'decline' } });
    expect(deeds(declined)).toEqual(['abort-login']);
    expect(said(declined)).toMatchObject([{ id: 1, result: { isError: true } }]);
  });

  test('the end of the login closes the second', () => {
    const session = shown({ elicitation: { url: {} } });
    session.step(SECOND);
    expect(said(session.step({ type: 'login-done', token }))).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: NEW } },
      { method: 'notifications/elicitation/complete', params: { elicitationId: 'gh-mcp-proxy-login-2' } },
    ]);
  });
});

test('a form is taken back as well, and the page is opened on the desktop', () => {
  const session = shown({ elicitation: {} });
  const effects = session.step(SECOND);
  expect(kinds(said(effects))).toEqual([
    'notifications/cancelled',
    'notifications/progress',
    'elicitation/create',
  ]);
  expect(effects).toContainEqual({ type: 'open-page', url: 'https://broker.example/consent' });
  expect(said(effects)[2]?.params).toMatchObject({
    requestedSchema: { properties: { done: { title: 'I have approved on that page' } } },
  });
});

describe('where only text is shown', () => {
  test('a call that waits is told of the second page at once', () => {
    const session = shown({});
    expect(session.client(call(2, 'auth_login'))).toEqual([]);
    const effects = session.step(SECOND);
    expect(deeds(effects)).toEqual(['open-page']);
    const [answer] = said(effects);
    expect(answer).toMatchObject({ id: 2 });
    expect(toolText(answer ?? {})).toContain('open https://broker.example/consent in a browser');
    expect(toolText(answer ?? {})).not.toContain('WDJB-MJHT');
  });

  test('and where none does, the next one is', () => {
    const session = shown({});
    expect(said(session.step(SECOND))).toEqual([]);
    const effects = session.client(call(2, 'get_me'));
    expect(deeds(effects)).toEqual(['open-page']);
    expect(toolText(said(effects)[0] ?? {})).toContain('https://broker.example/consent');
    // From then on it may wait for the person.
    expect(said(session.client(call(3, 'get_me')))).toEqual([]);
  });
});
