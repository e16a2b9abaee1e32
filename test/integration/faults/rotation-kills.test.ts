// Servers that are killed at each step of a rotation (DESIGN 2.4, 2.5): the old one, the new one, both at once.
// Not for: the steps of the new one's handshake in detail (handshake-kills.test.ts).
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  closeWithoutTrace,
  listTools,
  makeDue,
  openFaultSession,
  storedCredential,
} from '../../support/fault-session.ts';
import type { FaultOptions, FaultSession } from '../../support/fault-session.ts';
import { TOKEN_PATH } from '../../support/login.ts';
import { toolText } from '../../support/messages.ts';
import { called, fileIn, generation, refreshes, renewalBegun } from '../../support/session.ts';
import { kill, proceed, stopped } from '../../support/signals.ts';

const ME = '{"login":"octocat"}';
const HOUR = 3_600_000;
const TRUTH = /may or may not have run/;
const DONE = /^done$/;
const DONE_OR_TRUTH = /^done$|may or may not have run/;

interface Case {
  readonly killed: string;
  /** Whether the renewal begins because it is due, or because the token has expired, so that nothing is finished first. */
  readonly begins: 'due' | 'expired';
  readonly options?: FaultOptions;
  /**
   * Kills, while two calls run on the first server and others were made after the renewal had begun, whose answers are
   * `others`; the running ones end once `release` is called.
   */
  readonly strike: (session: FaultSession, release: () => void, others: Promise<unknown>) => Promise<void>;
  /** What a call that writes, and ran on the first server, comes to. */
  readonly write: 'its result' | 'the truth';
  /** One that only reads is made again once: when two servers die under it, it may hear the truth as well. */
  readonly readsTwice?: boolean;
  readonly generations: number;
  /** There may be one more. */
  readonly another?: boolean;
}

/** GitHub takes its time. */
const SLOW: FaultOptions = {
  prepare: (github) => github.fault({ path: TOKEN_PATH, kind: 'slow', delayMs: 400 }),
};
/** The new server stops itself when it has read `initialize`. */
const STOPS: FaultOptions = { starts: [[], ['--signal-at', 'initialize:SIGSTOP'], []] };

const asked = ({ github }: FaultSession): Promise<unknown> =>
  github.waitForRequest(({ path }) => path === TOKEN_PATH);

/** The first server. */
const old = (session: FaultSession): Promise<number> => generation(session, 1);

/** The second one, once it has stopped. */
async function stoppedOne(session: FaultSession): Promise<number> {
  const pid = await generation(session, 2);
  await stopped(pid);
  return pid;
}

/** Where getting a new token kills the old one: what is new waits, what runs is finished first. */
const EXCLUSIVE: Case[] = [
  {
    killed: 'the old one, while it finishes its calls',
    begins: 'due',
    strike: async (session, release) => {
      kill(await old(session));
      await generation(session, 2);
      release();
    },
    write: 'the truth',
    generations: 2,
  },
  {
    killed: 'the old one, while GitHub is asked',
    begins: 'due',
    options: SLOW,
    strike: async (session, release) => {
      release();
      await asked(session);
      kill(await old(session));
    },
    write: 'its result',
    generations: 2,
  },
];

/** Where the old one serves until the new one is ready. */
const OVERLAPPING: Case[] = [
  {
    killed: 'the old one, while GitHub is asked',
    begins: 'due',
    options: SLOW,
    strike: async (session, release, others) => {
      await asked(session);
      await others;
      kill(await old(session));
      release();
    },
    write: 'the truth',
    generations: 2,
    // It is replaced with the token that is there yet, by one that the new token may overtake before it says a word.
    another: true,
  },
];

/** Once there are two of them it is all the same, but for who answers what is new. */
const BOTH_THERE: Case[] = [
  {
    killed: 'the old one, while the new one shakes hands',
    begins: 'expired',
    options: STOPS,
    strike: async (session, release) => {
      const fresh = await stoppedOne(session);
      kill(await old(session));
      await session.client.waitForStderr(/generation stopped \(gone\)/);
      proceed(fresh);
      release();
    },
    write: 'the truth',
    generations: 2,
  },
  {
    killed: 'the new one, while it shakes hands',
    begins: 'expired',
    options: STOPS,
    strike: async (session, release) => {
      kill(await stoppedOne(session));
      await generation(session, 3);
      release();
    },
    write: 'its result',
    generations: 3,
  },
  {
    killed: 'both at once, while the new one shakes hands',
    begins: 'expired',
    options: STOPS,
    strike: async (session, release) => {
      for (const pid of [await stoppedOne(session), await old(session)]) kill(pid);
      await generation(session, 3);
      release();
    },
    write: 'the truth',
    generations: 3,
  },
  {
    killed: 'the old one, when the new one is ready',
    begins: 'expired',
    strike: async (session, release, others) => {
      await ready(session, 2);
      await others;
      kill(await old(session));
      release();
    },
    write: 'the truth',
    generations: 2,
  },
  {
    killed: 'the new one, when it is ready',
    begins: 'expired',
    strike: async (session, release, others) => {
      const fresh = await ready(session, 2);
      await others;
      kill(fresh);
      await ready(session, 3);
      release();
    },
    write: 'its result',
    generations: 3,
  },
  {
    killed: 'both at once, when the new one is ready',
    begins: 'expired',
    strike: async (session, release, others) => {
      const fresh = await ready(session, 2);
      await others;
      for (const pid of [fresh, await old(session)]) kill(pid);
      await generation(session, 3);
      release();
    },
    write: 'the truth',
    readsTwice: true,
    generations: 3,
  },
];

/** The server that is started as the `count`th, once it has been told that the handshake is over. */
async function ready({ journal }: FaultSession, count: number): Promise<number> {
  const { pid } = await journal.waitFor(({ method }) => method === 'notifications/initialized', { count });
  return pid;
}

const TABLE = [
  ...[...EXCLUSIVE, ...BOTH_THERE].map((one) => ({ ...one, kind: 'exclusive' as const })),
  // Nothing has to expire for two of them to be there.
  ...[...OVERLAPPING, ...BOTH_THERE].map((one) => ({
    ...one,
    begins: 'due' as const,
    kind: 'overlapping' as const,
  })),
];

test.each(TABLE)('$kind rotation, killed: $killed', async (row) => {
  const session = await openFaultSession({ ...row.options, rotation: row.kind });
  const { client, github, journal, stored, clock } = session;
  await listTools(session);
  const release = fileIn(session);
  const running = client.callTool('slow', { until: release });
  const writing = client.callTool('write_thing', { key: 'running', until: release });
  await called(session, 'slow');
  await called(session, 'write_thing');
  if (row.begins === 'due') {
    await makeDue(session);
    // What is asked before the lock is ours still goes to the old one.
    if (row.kind === 'exclusive') await renewalBegun(session);
  } else {
    clock.jump(9 * HOUR);
    github.expire(stored.token);
  }
  const others = Promise.all([
    client.callTool('get_me'),
    client.request('resources/read', { uri: 'memo://one' }),
    client.callTool('write_thing', { key: 'another' }),
  ]);
  await row.strike(session, () => writeFileSync(release, ''), others);

  expect(toolText(await running)).toMatch(row.readsTwice ? DONE_OR_TRUTH : DONE);
  const [me, memo, another] = await others;
  expect(toolText(me)).toBe(ME);
  expect(memo).toHaveProperty('result.contents');
  expect(toolText(another)).toBe('wrote another');
  const isWritten = row.write === 'its result';
  expect(toolText(await writing)).toMatch(isWritten ? /^wrote running$/ : TRUTH);
  expect(journal.writes().map(String).sort()).toEqual(['another', ...(isWritten ? ['running'] : [])]);

  await expect
    .poll(async () => (await storedCredential(session)).accessToken.reveal())
    .not.toBe(stored.token);
  expect(toolText(await client.callTool('get_me'))).toBe(ME);
  const generations = journal.generations().length;
  expect(row.another && generations === row.generations + 1 ? row.generations : generations).toBe(
    row.generations,
  );
  expect(refreshes(session)).toHaveLength(1);
  expect(github.requests.filter(({ status }) => status === 401)).toEqual([]);
  await closeWithoutTrace(session);
});
