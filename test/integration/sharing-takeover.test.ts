// A login flow outlives the window that shows its code: another one that waits goes on with it (DESIGN 2.3, 2.8).
// Not for: logins that nobody kills (sharing-storm.test.ts).
import { expect, test } from 'vitest';
import { killLoginHolder } from '../support/holders.ts';
import { CODE_PATH, codeIn, pollsOf } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import {
  assertTidy,
  closeWindows,
  codeAt,
  createPerson,
  opens,
  openWindow,
  openWindows,
} from '../support/windows.ts';
import type { Person, Window } from '../support/windows.ts';

/** Resolves when GitHub has been asked once more whether somebody has approved. */
async function polledAgain({ github }: Person): Promise<void> {
  await github.waitForRequest(({ body, status }) => body['device_code'] !== undefined && status === 200, {
    after: github.requests.length,
  });
}

test('windows that show the code are killed, one after the other: the last one goes on with it', async () => {
  const person = await createPerson();
  const { github } = person;
  const windows = await openWindows(person, 4);
  const codes = await Promise.all(windows.map((window) => codeAt(window)));
  const [code = ''] = codes;
  expect(codes).toEqual(windows.map(() => code));

  let alive: readonly Window[] = windows;
  while (alive.length > 1) {
    await polledAgain(person);
    const killed = killLoginHolder(person, alive);
    alive = alive.filter((window) => window !== killed);
  }
  await polledAgain(person);
  const [last] = alive as [Window];
  github.approve(code);
  await opens(last);

  expect(github.count(CODE_PATH)).toBe(1);
  expect(new Set(pollsOf(github).map(({ body }) => body['device_code'])).size).toBe(1);
  expect(github.liveTokens()).toHaveLength(1);
  await closeWindows(person, alive);
  assertTidy(person, windows);
});

test('all windows that show the code are killed: one that is opened later shows the same one', async () => {
  const person = await createPerson();
  const { github } = person;
  const windows = await openWindows(person, 2);
  const [code = ''] = await Promise.all(windows.map((window) => codeAt(window)));
  await polledAgain(person);
  for (const { client } of windows) client.kill('SIGKILL');
  await Promise.all(windows.map(({ client }) => client.exited));

  const later = await openWindow(person, 'later');
  expect(await codeAt(later)).toBe(code);
  github.approve(code);
  await opens(later);
  expect(github.count(CODE_PATH)).toBe(1);
  expect(github.liveTokens()).toHaveLength(1);
  await closeWindows(person, [later]);
  assertTidy(person, [...windows, later]);
});

test('a code that expired with its window is replaced by a new one', async () => {
  const person = await createPerson();
  const { github } = person;
  const [first] = (await openWindows(person, 1)) as [Window];
  const code = await codeAt(first);
  first.client.kill('SIGKILL');
  await first.client.exited;
  github.expireCode(code);

  const later = await openWindow(person, 'later');
  // The old one is shown until GitHub has said that it is too old.
  let said;
  do said = toolText(await later.client.callTool('auth_login'));
  while (said.includes(code) || said.includes('expired'));
  github.approve(codeIn(said));
  await opens(later);
  expect(github.count(CODE_PATH)).toBe(2);
  await closeWindows(person, [later]);
  assertTidy(person, [first, later]);
});
