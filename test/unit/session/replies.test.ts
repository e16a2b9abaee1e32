// What the proxy itself says: texts that a person and a model can act on, errors with a reason (DESIGN 2.3, 2.5).
// Not for: when each is said.
import { describe, expect, test } from 'vitest';
import type { LoginPrompt } from '../../../src/auth/token-source.ts';
import {
  CODE,
  doneText,
  elicitationText,
  loggedInText,
  promptText,
  refusal,
  waitingText,
} from '../../../src/session/replies.ts';
import type { Pending } from '../../../src/session/state.ts';
import { config, prompt, START, token } from './stepped.ts';

function pending(method: string): Pending {
  return {
    id: '0',
    method,
    order: 0,
    streamed: false,
    bytes: undefined,
    tool: undefined,
    progressToken: undefined,
    paged: false,
    scopes: [],
    place: { kind: 'held' },
    answerBy: undefined,
    authRetries: 0,
    crashRetries: 0,
  };
}

describe('a refusal', () => {
  test('of a tool call is text for the model', () => {
    expect(
      JSON.parse(refusal(pending('tools/call'), CODE.loginNeeded, 'login_needed', 'Log in.').toString()),
    ).toEqual({
      jsonrpc: '2.0',
      id: 0,
      result: { content: [{ type: 'text', text: 'Log in.' }], isError: true },
    });
  });

  test.each([
    [CODE.loginNeeded, true],
    [CODE.credentialRefused, false],
    [CODE.upstreamUnavailable, true],
    [CODE.upstreamEnded, false],
    [CODE.tooMuchWaiting, true],
    [CODE.serverUnreachable, true],
  ])('of another method is an error with code %d, outside of what JSON-RPC reserves', (code, retryable) => {
    expect(JSON.parse(refusal(pending('resources/read'), code, 'why', 'What.').toString())).toEqual({
      jsonrpc: '2.0',
      id: 0,
      error: { code, message: 'What.', data: { reason: 'why', retryable } },
    });
    expect(code).toBeGreaterThan(-32_000);
  });
});

describe('who is logged in', () => {
  test('with the time that the login lasts, in UTC, to the minute', () => {
    expect(
      loggedInText({ ...token, renewable: false, expiresAt: Date.UTC(2031, 1, 3, 4, 5, 59) }, config),
    ).toBe('Logged in as octocat (github.com), expires 2031-02-03 04:05 UTC.');
    expect(loggedInText(token, config)).toMatch(/ UTC, renewed by itself\.$/);
  });

  test('without a time where it lasts, and without a name where GitHub did not tell', () => {
    expect(
      loggedInText(
        { ...token, expiresAt: undefined, login: undefined },
        { ...config, hostLabel: 'octo.ghe.com' },
      ),
    ).toBe('Logged in to octo.ghe.com, does not expire.');
  });
});

test('where nobody can be logged in: that there is a token', () => {
  expect(loggedInText({ ...token, expiresAt: undefined }, { ...config, unattended: true })).toBe(
    'There is a token for github.com, does not expire.',
  );
});

describe('where to go', () => {
  test('as text, complete by itself', () => {
    const text = promptText(prompt, 'github.com', START, 'auth_login');
    expect(text).toContain('https://github.com/login/device ');
    expect(text).toContain('WDJB-MJHT');
    expect(text).toContain('15 more minutes');
    expect(text).toContain('call auth_login');
  });

  test.each([
    [-1, 'valid for 1 more minute)'],
    [61_000, 'valid for 1 more minute)'],
    [119_000, 'valid for 2 more minutes)'],
  ])('%d ms before its end: %s', (left, words) => {
    expect(promptText(prompt, 'github.com', prompt.expiresAt - left, 'auth_login')).toContain(words);
  });

  test('in a dialog: the code always, the address where the dialog does not open it', () => {
    expect(elicitationText(prompt, 'github.com', 'url')).toContain('WDJB-MJHT');
    expect(elicitationText(prompt, 'github.com', 'url')).not.toContain('https:');
    expect(elicitationText(prompt, 'github.com', 'form')).toContain('https://github.com/login/device');
    expect(elicitationText(prompt, 'github.com', 'form')).toContain('WDJB-MJHT');
  });
});

/** A page of the login where nothing is to be entered. */
const PAGE: LoginPrompt = {
  verificationUri: 'https://id.example/authorize?state=1',
  expiresAt: START + 300_000,
};
const CONSENT: LoginPrompt = { ...PAGE, purpose: 'The broker needs consent for github.' };
const COUPON: LoginPrompt = { ...CONSENT, userCode: 'WDJB-MJHT' };

describe('a page without a code', () => {
  test('as text: nothing is said of a code', () => {
    expect(promptText(PAGE, 'github.com', START, 'auth_login', ' The login has expired.')).toBe(
      [
        'Login to github.com is needed. The login has expired. Ask the person to open https://id.example/authorize?state=1 ' +
          'in a browser and to log in and approve there (valid for 5 more minutes).',
        'Show them the address. When they have approved it, call auth_login to confirm, or repeat the call that you ' +
          'wanted to make.',
      ].join('\n'),
    );
  });

  test('as text, for a purpose: that is why, and what is known beside it is left out', () => {
    expect(promptText(CONSENT, 'github.com', START, 'auth_login', ' Consent is needed.')).toMatch(
      /^The broker needs consent for github\. Ask the person to open \S+ in a browser and to approve there \(valid/,
    );
    expect(promptText(COUPON, 'github.com', START, 'auth_login')).toContain(
      'to enter the code WDJB-MJHT there',
    );
  });

  test.each([
    [PAGE, 'url', 'Log in to github.com on the page that opens. Why.'],
    [PAGE, 'form', `Log in to github.com: open ${PAGE.verificationUri} and approve there. Why.`],
    [CONSENT, 'url', 'Approve on the page that opens: The broker needs consent for github.'],
    [CONSENT, 'form', `Open ${PAGE.verificationUri} and approve there: The broker needs consent for github.`],
    [COUPON, 'url', 'Enter the code WDJB-MJHT on the page that opens: The broker needs consent for github.'],
  ] as const)('in a dialog: %j %s', (page, mode, text) => {
    expect(elicitationText(page, 'github.com', mode, ' Why.')).toBe(text);
  });

  test('in the field of a form, and as progress', () => {
    expect(doneText(prompt)).toBe('I have entered the code and approved');
    expect(doneText(PAGE)).toBe('I have approved on that page');
    expect(waitingText(prompt)).toBe(
      'Waiting for the login at https://github.com/login/device with the code WDJB-MJHT',
    );
    expect(waitingText(CONSENT)).toBe('Waiting for the approval at https://id.example/authorize?state=1');
  });
});
