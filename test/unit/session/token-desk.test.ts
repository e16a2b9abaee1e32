// What the token desk tells the session of a renewal (token-desk.ts).
import { expect, test } from 'vitest';
import type { Credential, TokenSource } from '../../../src/auth/token-source.ts';
import { RefusedError } from '../../../src/base/errors.ts';
import { createLog } from '../../../src/base/log.ts';
import { Secret } from '../../../src/base/secret.ts';
import type { Event } from '../../../src/session/events.ts';
import { TokenDesk } from '../../../src/session/token-desk.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { START } from './stepped.ts';

function credential(token: string): Credential {
  return { accessToken: new Secret(token), issuedAt: START, scopes: [], rotation: 'exclusive' };
}

/** A desk whose source answers a refresh when the test says so. */
function startDesk() {
  const events: Event[] = [];
  const redactor = new Redactor();
  const answers: PromiseWithResolvers[] = [];
  const source: TokenSource = {
    mode: 'device',
    hostLabel: 'github.com',
    authFailure: { hints: [], patterns: [] },
    loginObstacle: undefined,
    load: () => Promise.resolve(undefined),
    login: () => Promise.reject(new Error('not here')),
    refresh: () =>
      new Promise((resolve, reject) => {
        answers.push({ resolve, reject });
      }),
  };
  const log = createLog('silent', () => {}, redactor.text);
  const desk = new TokenDesk(source, redactor, log, (event) => events.push(event));
  return { desk, events, answers, redactor };
}

interface PromiseWithResolvers {
  readonly resolve: (credential: Credential) => void;
  readonly reject: (error: Error) => void;
}

test('a renewed token is numbered and reported', async () => {
  const { desk, events, answers } = startDesk();
  const { serial } = desk.adopt(credential('ghu_first_of_them'));
  const renewal = desk.refresh(serial);
  answers[0]?.resolve(credential('ghu_second_of_them'));
  await renewal;
  expect(events).toMatchObject([{ type: 'refreshed', token: { serial: serial + 1 } }]);
});

test.each(['renewed', 'refused'])('an old token that is %s after a login decides nothing', async (how) => {
  const { desk, events, answers, redactor } = startDesk();
  const old = desk.adopt(credential('ghu_first_of_them'));
  const renewal = desk.refresh(old.serial);
  const { serial } = desk.adopt(credential('ghu_of_the_login'));
  if (how === 'renewed') answers[0]?.resolve(credential('ghu_second_of_them'));
  else answers[0]?.reject(new RefusedError('bad_refresh_token', 'the refresh token was not accepted'));
  await renewal;
  expect(events).toEqual([]);
  expect(desk.credential(serial)?.accessToken.reveal()).toBe('ghu_of_the_login');
  // What was renewed is a token that works, so it is cut out of what passes all the same.
  const passes = how === 'renewed' ? '[redacted]' : 'ghu_second_of_them';
  expect(redactor.text('ghu_second_of_them')).toBe(passes);
});
