// Tokens are not multiplied: however many windows a person has, and however often she logs in, GitHub knows one live
// token of hers (its limit is ten an app). Not for: how revocation is asked for (unit tests of github/).
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { runCommand } from '../support/command.ts';
import { CODE_PATH } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import { followStarts } from '../support/storm.ts';
import {
  assertTidy,
  closeWindows,
  codeAt,
  createPerson,
  logInOnce,
  ME,
  openWindows,
} from '../support/windows.ts';
import type { Person, Window } from '../support/windows.ts';

const WINDOWS = 10;
const CLIENT_SECRET = 'the-secret-of-the-app';
const KINDS = [
  { kind: 'oauth-app', clientId: CLIENT_IDS.oauthApp },
  { kind: 'github-app', clientId: CLIENT_IDS.githubApp },
] as const;

/** The one token that GitHub accepts, once there is no other one. */
async function onlyToken({ github, clientId }: Person): Promise<string> {
  await expect.poll(() => github.liveTokens({ clientId, login: 'octocat' })).toHaveLength(1);
  return github.liveTokens()[0] ?? '';
}

async function allWork(windows: readonly Window[]): Promise<void> {
  const answers = await Promise.all(windows.map(({ client }) => client.callTool('get_me')));
  expect(answers.map(toolText)).toEqual(windows.map(() => ME));
}

test.each(KINDS)(
  'ten windows hold one token, through logins and restarts ($kind)',
  { timeout: 120_000 },
  async ({ kind, clientId }) => {
    const person = await createPerson({
      github: { clients: [{ clientId, kind, clientSecret: CLIENT_SECRET }] },
      clientId,
      clientSecret: CLIENT_SECRET,
    });
    const { github } = person;
    const first = await openWindows(person, WINDOWS);
    await logInOnce(person, first);
    const token = await onlyToken(person);

    // She withdraws it at GitHub, and logs in again.
    github.revokeAll('octocat');
    await logInOnce(person, first, 'get_me');
    expect(await onlyToken(person)).not.toBe(token);
    expect(github.count(CODE_PATH)).toBe(2);

    await closeWindows(person, first);
    const second = await openWindows(person, WINDOWS);
    await allWork(second);
    await onlyToken(person);
    expect(github.count(CODE_PATH)).toBe(2);

    const { code } = await runCommand(['logout', ...person.args], { env: person.env });
    expect(code).toBe(0);
    expect(github.liveTokens()).toEqual([]);
    // The windows hear of it.
    await Promise.all(
      second.map(({ client }) => client.nextNotification('notifications/tools/list_changed')),
    );
    await closeWindows(person, second);
    assertTidy(person, [...first, ...second]);
  },
);

test(
  'a login for more scopes replaces the token in all windows, and at GitHub',
  { timeout: 120_000 },
  async () => {
    const clientId = CLIENT_IDS.oauthApp;
    const person = await createPerson({
      github: { clients: [{ clientId, kind: 'oauth-app', clientSecret: CLIENT_SECRET }] },
      clientId,
      clientSecret: CLIENT_SECRET,
    });
    const { github } = person;
    const windows = await openWindows(person, WINDOWS);
    const starts = followStarts(person);
    await logInOnce(person, windows);
    for (const [index, scope] of ['gist', 'repo'].entries()) {
      const before = await onlyToken(person);
      const window = windows[index] as Window;
      const code = await codeAt(window, 'auth_login', { scopes: [scope] });
      github.approve(code);
      await expect.poll(() => github.liveTokens()).not.toContain(before);
      await starts.with(await onlyToken(person), windows);
      await allWork(windows);
    }
    expect(github.count(CODE_PATH)).toBe(3);
    await closeWindows(person, windows);
    assertTidy(person, windows);
  },
);
