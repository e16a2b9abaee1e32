// Two hundred proxies are killed (SIGKILL) at random moments of a refresh and of what follows it; the next one works
// each time, without a login (DESIGN 2.8). Not for: kills of many windows at once (sharing-storm.test.ts).
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { onRefreshLock } from '../support/holders.ts';
import { loggedIn } from '../support/logged-in.ts';
import { CODE_PATH, TOKEN_PATH } from '../support/login.ts';
import { toolText } from '../support/messages.ts';
import { seeded } from '../support/random.ts';
import type { Random } from '../support/random.ts';
import { isRefresh } from '../support/storm.ts';
import { assertTidy, closeWindows, createPerson, ME, openWindow } from '../support/windows.ts';
import type { Person, Window } from '../support/windows.ts';

const KILLS = 200;
/** Persons at once: each has a GitHub and a state directory of her own, and one window at a time. */
const LANES = 20;
/**
 * In seconds. A renewal begins after a quarter of it: less than that and each window renews a token twice, and most of
 * the time of this test goes into starting processes.
 */
const LIFETIME = 10;
/** In ms: how long GitHub's answer is on its way at most, after the refresh token was spent. */
const ANSWER = 40;
/** The random moments: some event, and at most so many ms after it. A refresher needs about 80 ms to start. */
const MOMENTS = [
  { event: lockTaken, within: 80 },
  { event: asked, within: ANSWER },
  { event: answered, within: 40 },
];

/** What had happened to the token when a window was killed. */
const found = { 'not asked for': 0, 'spent, no answer yet': 0, 'answered, not stored': 0, stored: 0 };

test(
  `${KILLS} kills at random moments of refresh and save: the next proxy needs no login`,
  { timeout: 180_000 },
  async ({ annotate }) => {
    const started = performance.now();
    await Promise.all(Array.from({ length: LANES }, (_, lane) => killInARow(seeded(lane + 1))));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    await annotate(`${KILLS} kills in ${seconds} s, when the new token was: ${JSON.stringify(found)}`);
    // Else the moments were badly chosen, and little was proved.
    for (const kills of Object.values(found)) expect(kills).toBeGreaterThan(KILLS / 100);
  },
);

async function killInARow(random: Random): Promise<void> {
  const person = await createPerson({
    github: { clients: [{ clientId: CLIENT_IDS.githubApp, kind: 'github-app', tokenLifetime: LIFETIME }] },
  });
  const { github, stateDir } = person;
  await loggedIn({ github, stateDir });
  const delayMs = (): number => random.int(ANSWER);
  github.fault({ path: `POST ${TOKEN_PATH}`, kind: 'late', delayMs, times: Infinity });
  const windows: Window[] = [];
  for (let kill = 0; kill < KILLS / LANES; kill += 1) {
    const window = await works(person, `victim-${kill}`);
    windows.push(window);
    const from = github.requests.length;
    const stored = watchRecord(person);
    const { event, within } = random.pick(MOMENTS);
    await event(person, from);
    // The random moment itself: nothing is waited for.
    await delay(random.int(within));
    window.client.kill('SIGKILL');
    found[stateOf(person, from, stored())] += 1;
    await window.client.exited;
  }
  const last = await works(person, 'last');
  windows.push(last);
  // What those who were killed have left behind is swept by the next refresh.
  await answered(person, github.requests.length);
  expect(toolText(await last.client.callTool('get_me'))).toBe(ME);
  await closeWindows(person, [last]);
  expect(github.refreshes.filter(({ outcome, again }) => outcome === 'bad' || again)).toEqual([]);
  expect(github.count(CODE_PATH)).toBe(0);
  assertTidy(person, windows);
}

/** A new proxy, which has answered a call with the account. */
async function works(person: Person, name: string): Promise<Window> {
  const window = await openWindow(person, name);
  expect(toolText(await window.client.callTool('get_me'))).toBe(ME);
  return window;
}

/** Somebody has taken the refresh lock. */
function lockTaken(person: Person): Promise<void> {
  return new Promise((resolve) => {
    const end = onRefreshLock(person, () => {
      end();
      resolve();
    });
  });
}

/** GitHub is asked, and has spent the refresh token. @param after the requests that do not count */
async function asked({ github }: Person, after: number): Promise<void> {
  await github.waitForRequest(isRefresh, { after });
}

/** GitHub's answer has left. */
async function answered({ github }: Person, after: number): Promise<void> {
  await github.waitForRequest((request) => isRefresh(request) && request.status === 200, { after });
}

function stateOf({ github }: Person, after: number, isStored: boolean): keyof typeof found {
  const request = github.requests.slice(after).find(isRefresh);
  if (!request) return 'not asked for';
  if (request.status === null) return 'spent, no answer yet';
  return isStored ? 'stored' : 'answered, not stored';
}

/** @returns tells whether the record has been replaced since */
function watchRecord({ stateDir }: Person): () => boolean {
  const directory = path.join(stateDir, 'credentials');
  const inode = (): number | undefined => {
    const record = readdirSync(directory).find((name) => name.endsWith('.json'));
    return record === undefined ? undefined : statSync(path.join(directory, record)).ino;
  };
  const before = inode();
  return () => inode() !== before;
}
