// Twenty windows, one login: it is made once, renewed once an expiry whoever is killed meanwhile, and no call fails
// (DESIGN 2.8). Not for: kills at random moments (kills-refresh.test.ts).
import { expect, test } from 'vitest';
import { CLIENT_IDS } from '../../fixtures/github/emulator.mjs';
import { killHolder, killRefreshing } from '../support/holders.ts';
import { CODE_PATH, TOKEN_PATH } from '../support/login.ts';
import { assertAnsweredOnce } from '../support/recording-client.ts';
import { callFrom, followStarts, isRefresh } from '../support/storm.ts';
import { assertTidy, closeWindows, createPerson, logInOnce, openWindows } from '../support/windows.ts';
import type { Person, Window } from '../support/windows.ts';

const WINDOWS = 20;
/** In seconds. A renewal begins after a quarter of it at the earliest: twenty servers have to start in that time. */
const LIFETIME = 16;
/** The first token's, which has to last until all are logged in; in seconds. */
const FIRST_LIFETIME = 30;
/** In ms. So long GitHub has spent the refresh token, and nobody knows the new one yet. */
const LATE = 300;

/** One expiry each: who is killed in it, as soon as the promise is made. */
const KILLS: readonly ((person: Person, windows: readonly Window[]) => Promise<Window>)[] = [
  // The proxy whose child has just had the refresh token spent, and waits for the answer.
  killRefreshing,
  // The one that has just taken the lock, and has passed it to nobody yet.
  killHolder,
  killRefreshing,
];

test(
  'twenty windows: one login, one refresh an expiry, no failed call, whoever is killed',
  { timeout: 120_000 },
  async ({ annotate }) => {
    const person = await createPerson({
      github: {
        clients: [{ clientId: CLIENT_IDS.githubApp, kind: 'github-app', tokenLifetime: FIRST_LIFETIME }],
      },
    });
    const { github } = person;
    github.fault({ path: `POST ${TOKEN_PATH}`, kind: 'late', delayMs: LATE, times: Infinity });
    const windows = await openWindows(person, WINDOWS);
    await logInOnce(person, windows);
    expect(github.count(CODE_PATH)).toBe(1);
    github.setTokenLifetime(CLIENT_IDS.githubApp, LIFETIME);

    const starts = followStarts(person);
    const calls = callFrom(windows);
    let alive = windows;
    const delays: number[][] = [];
    for (const [expiry, kill] of KILLS.entries()) {
      const renewed = github.waitForRequest((request) => isRefresh(request) && request.status === 200, {
        after: github.requests.length,
      });
      const victim = await kill(person, alive);
      alive = alive.filter((window) => window !== victim);
      const { answeredAt } = await renewed;
      const [token = ''] = github.liveTokens();
      const moments = await starts.with(token, alive);
      delays.push(moments.map((at) => at - (answeredAt ?? NaN)));
      expect(github.refreshes).toHaveLength(expiry + 1);
    }
    await calls.stop();

    expect(calls.failures).toEqual([]);
    expect(github.refreshes.map(({ outcome, again }) => ({ outcome, again }))).toEqual(
      KILLS.map(() => ({ outcome: 'ok', again: false })),
    );
    expect(github.liveTokens()).toHaveLength(1);
    expect(github.count(CODE_PATH)).toBe(1);
    await closeWindows(person, alive);
    for (const { client } of alive) assertAnsweredOnce(client);
    assertTidy(person, windows);
    await annotate(report(calls.answered(), delays));
  },
);

function report(answered: number, delays: readonly (readonly number[])[]): string {
  const worst = delays.map((each) => Math.max(...each));
  const median = delays.map((each) => [...each].sort((a, b) => a - b)[Math.floor(each.length / 2)] ?? NaN);
  return (
    `${answered} calls; from GitHub's answer to the start of a server with the new token, ms: ` +
    delays.map((_, index) => `median ${median[index]}, worst ${worst[index]}`).join('; ')
  );
}
