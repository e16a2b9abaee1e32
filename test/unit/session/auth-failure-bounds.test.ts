// A server that goes on to say 401, whatever its token: how often a new one is asked for, and that each call has one
// answer. GitHub locks out who goes on with bad credentials. Not for: a single refusal (refused-token.test.ts).
import { describe, expect, test } from 'vitest';
import type { Effect } from '../../../src/session/events.ts';
import { readFrame } from '../../../src/wire/message.ts';
import type { Json } from '../../support/messages.ts';
import { lasting, MINUTE, REFUSED, sent } from './sent.ts';
import { call, initialize, RESULT, said, startStepped } from './stepped.ts';

const EIGHT_HOURS = 480 * MINUTE;
const SERVED = { content: [] };
/** So many renewals a minute, as a person may revoke twice (rotation.ts). */
const MOST_A_MINUTE = 3;

type Rotation = 'exclusive' | 'overlapping';
interface World {
  /** When each renewal was asked for, in ms. */
  readonly renewals: number[];
  /** The ids that the client got answers for, one an answer. */
  readonly answered: unknown[];
  /** How often a server was asked to run a tool. */
  readonly runs: () => number;
  /** Makes these calls in one breath; all that follows from them happens at once. */
  readonly call: (...ids: number[]) => void;
  readonly pass: (ms: number) => void;
}

/** A session with servers and an authorization server. @param answer to the `count`th call of a server, from 1 */
function startWorld(rotation: Rotation, answer: (count: number) => Json): World {
  const session = startStepped({ rotation }, lasting(EIGHT_HOURS));
  const renewals: number[] = [];
  const answered: unknown[] = [];
  const runs = new Map<number, number>();
  let serial = 1;

  const answerOf = (generation: number, method: string | undefined): Json | undefined => {
    if (method !== 'tools/call') return method === 'initialize' ? RESULT : undefined;
    const count = (runs.get(generation) ?? 0) + 1;
    runs.set(generation, count);
    return answer(count);
  };

  const react = (effect: Effect): Effect[] => {
    if (effect.type === 'to-client')
      answered.push(...said([effect]).flatMap(({ id, method }) => (method === undefined ? [id] : [])));
    if (effect.type === 'refresh') {
      renewals.push(session.now);
      serial += 1;
      return session.step({ type: 'refreshed', token: lasting(EIGHT_HOURS, serial, session.now) });
    }
    if (effect.type !== 'to-upstream') return [];
    const { generation } = effect;
    return sent([effect]).flatMap(({ id, method }) => {
      const result = answerOf(generation, method);
      if (result === undefined) return [];
      const frame = readFrame(Buffer.from(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`));
      return session.step({ type: 'upstream-frame', generation, frame, suspicious: true });
    });
  };

  const settle = (effects: Effect[]): void => {
    const queue = [...effects];
    for (let effect = queue.shift(); effect; effect = queue.shift()) queue.push(...react(effect));
  };

  settle(session.client(initialize()));
  settle(session.client({ method: 'notifications/initialized' }));
  answered.length = 0;
  return {
    renewals,
    answered,
    runs: () => [...runs.values()].reduce((sum, count) => sum + count, 0),
    call: (...ids) => settle(ids.flatMap((id) => session.client(call(id, 'get_me')))),
    pass: (ms) => settle(session.pass(ms)),
  };
}

/** The most that fall into one minute. */
function mostInAMinute(times: readonly number[]): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + MINUTE).length));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

describe.each<Rotation>(['exclusive', 'overlapping'])('%s', (rotation) => {
  test('no token is ever accepted: one renewal a minute, and one call more for each', () => {
    const world = startWorld(rotation, () => REFUSED);
    const ids = upTo(600);
    for (const id of ids) {
      world.call(id);
      world.pass(1_000);
    }
    expect(world.answered).toEqual(ids);
    expect(mostInAMinute(world.renewals)).toBe(1);
    expect(world.renewals.length).toBeGreaterThan(5);
    expect(world.runs()).toBe(ids.length + world.renewals.length);
  });

  test('twenty calls at once for a minute, none accepted: one renewal, each of the first made again once', () => {
    const world = startWorld(rotation, () => REFUSED);
    const ids = upTo(200);
    for (let at = 0; at < 200; at += 20) {
      world.call(...ids.slice(at, at + 20));
      world.pass(5_000);
    }
    expect([...world.answered].sort((one, other) => Number(one) - Number(other))).toEqual(ids);
    expect(world.renewals).toHaveLength(1);
    expect(world.runs()).toBe(ids.length + 20);
  });

  test('each token serves once and is refused then: a few renewals a minute, however many calls', () => {
    const world = startWorld(rotation, (count) => (count === 1 ? SERVED : REFUSED));
    const ids = upTo(600);
    for (const id of ids) {
      world.call(id);
      world.pass(1_000);
    }
    expect(world.answered).toEqual(ids);
    expect(mostInAMinute(world.renewals)).toBe(MOST_A_MINUTE);
  });

  test('time alone asks for nothing after a refusal', () => {
    const world = startWorld(rotation, () => REFUSED);
    world.call(1);
    const before = world.renewals.length;
    world.pass(60 * MINUTE);
    expect([before, world.renewals.length]).toEqual([1, 1]);
  });
});
