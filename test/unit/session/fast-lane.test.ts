// Runs of ordinary frames pass at once (fast-lane.ts), and nothing else comes of it than frame by frame.
import { describe, expect, test } from 'vitest';
import { ClientInput } from '../../../src/session/client-input.ts';
import type { Effect, Event } from '../../../src/session/events.ts';
import type { State } from '../../../src/session/state.ts';
import { transition } from '../../../src/session/transition.ts';
import { UpstreamOutput } from '../../../src/session/upstream-output.ts';
import { readFrame, readValidFrame } from '../../../src/wire/message.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { seeded } from '../../support/random.ts';
import type { Random } from '../../support/random.ts';
import { eachFrame } from '../wire/each-frame.ts';
import { config, initialize, START, startReady, startStepped, token } from './stepped.ts';

const GENERATION = 1;
const none = (): void => {};

/** Everything that went one way, in order, and what is pending after it. */
interface Outcome {
  readonly toUpstream: string;
  readonly toClient: string;
  readonly pending: readonly string[];
}

const MOMENT = { wall: START, steady: 0 };

type Feed = (state: State, direction: 'requests' | 'results', region: Buffer) => Effect[];

/** As the driver feeds it: with runs. */
const inRuns: Feed = (state, direction, region) => {
  const effects: Effect[] = [];
  const options = {
    state,
    now: () => START,
    dispatch: (event: Event) => void effects.push(...transition(state, event, MOMENT)),
    takeStream: () => undefined,
  };
  if (direction === 'requests')
    new ClientInput({
      ...options,
      forward: (bytes) =>
        effects.push({ type: 'to-upstream', generation: GENERATION, bytes, streaming: false }),
    }).lines(region);
  else
    new UpstreamOutput({
      ...options,
      generation: GENERATION,
      hints: config.authFailure.hints,
      redactor: new Redactor(),
      forward: (bytes) => effects.push({ type: 'to-client', bytes, streaming: false }),
      settle: none,
      drained: none,
      exited: none,
      ended: none,
      congested: () => false,
    }).lines(region);
  return effects;
};

/** As the same frames go one by one. */
const oneByOne: Feed = (state, direction, region) => {
  const effects: Effect[] = [];
  eachFrame(region, (bytes) => {
    const event: Event =
      direction === 'requests'
        ? { type: 'client-frame', frame: readValidFrame(bytes) }
        : { type: 'upstream-frame', generation: GENERATION, frame: readFrame(bytes), suspicious: true };
    effects.push(...transition(state, event, MOMENT));
  });
  return effects;
};

function outcome(feed: Feed, requests: Buffer, results: Buffer): Outcome {
  const { state } = startReady({}, token);
  const effects = [...feed(state, 'requests', requests), ...feed(state, 'results', results)];
  const text = (type: Effect['type']): string =>
    effects
      .map((effect) => (effect.type === type && 'bytes' in effect ? effect.bytes.toString() : ''))
      .join('');
  const pending = [...state.pending.values()].map(
    ({ id, method, tool, progressToken, bytes }) =>
      `${id} ${method} ${tool} ${progressToken} ${bytes?.toString()}`,
  );
  return { toUpstream: text('to-upstream'), toClient: text('to-client'), pending };
}

/** A request in one of the spellings that clients use, and some that none does. */
function request(random: Random, id: number): string {
  const name = random.pick(['echo', 'write_thing', 'auth_login', 'auth_login_too', 'é']);
  const params = JSON.stringify({
    name,
    arguments: { text: 'a "quoted" }} text' },
    ...(random.int(3) === 0 && { _meta: { progressToken: id } }),
  });
  return random.pick([
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}`,
    `{"method":"tools/call","params":${params},"jsonrpc":"2.0","id":${id}}`,
    `{"jsonrpc":"2.0","id":"${id}","method":"tools/call","params":${params}}`,
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params} }`,
    `{"jsonrpc":"2.0","id":9007199254740993${id},"method":"tools/call","params":${params}}\r`,
    `{"jsonrpc":"2.0","id":0${id},"method":"tools/call","params":${params}}`,
    `{"method":"tools/call","params":${params},"jsonrpc":"2.0","id":0${id}}`,
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"auth\\u005flogin"}}`,
    `{"jsonrpc":"2.0","id":${id},"method":"tools/list"}`,
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo"}`,
    `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${id}}}`,
    '',
  ]);
}

function result(random: Random, id: number): string {
  return random.pick([
    `{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"}} ${id}"}]}}`,
    `{"result":{"content":[{"type":"text","text":"\\"id\\":7}"}]},"jsonrpc":"2.0","id":${id}}`,
    `{"jsonrpc":"2.0","id":"${id}","result":{}}`,
    `{"jsonrpc":"2.0","id":${id},"error":{"code":-1,"message":"no"}}`,
    `{"jsonrpc":"2.0","id":${id},"result":{"tools":[{"name":"echo","annotations":{"readOnlyHint":true}}]}}`,
    `{"jsonrpc":"2.0","id":${id},"method":"roots/list"}`,
    `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":{}}}`,
  ]);
}

describe('a run of frames', () => {
  test.each([1, 20, 300])('of every kind leads to the same as one by one (seed %i)', (seed) => {
    const random = seeded(seed);
    for (let round = 0; round < 200; round += 1) {
      const ids = Array.from({ length: 12 }, () => random.int(10));
      const requests = Buffer.from(ids.map((id) => `${request(random, id)}\n`).join(''));
      const results = Buffer.from(
        random
          .shuffle(ids)
          .map((id) => `${result(random, id)}\n`)
          .join(''),
      );
      expect(outcome(inRuns, requests, results)).toEqual(outcome(oneByOne, requests, results));
    }
  });

  test('leaves in one piece', () => {
    const { state } = startReady({}, token);
    const calls = [1, 2, 3]
      .map(
        (id) =>
          `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"echo","arguments":{}}}\n`,
      )
      .join('');
    const effects = inRuns(state, 'requests', Buffer.from(calls));
    expect(effects).toHaveLength(1);
    expect([...state.pending.keys()]).toEqual(['1', '2', '3']);
  });

  test('is not kept beyond 16 MB in all, and leaves nothing behind', () => {
    const { state } = startReady({}, token);
    const text = 'x'.repeat(100_000);
    const ids = Array.from({ length: 300 }, (_, id) => id);
    for (const id of ids) {
      const params = `{"name":"echo","arguments":{"text":"${text}"}}`;
      const frame = `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":${params}}\n`;
      expect(inRuns(state, 'requests', Buffer.from(frame))).toHaveLength(1);
    }
    const kept = [...state.pending.values()].filter(({ bytes }) => bytes !== undefined);
    expect(kept.map(({ id }) => Number(id))).toEqual(ids.slice(0, kept.length));
    expect(kept.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0)).toBe(state.pendingBytes);
    expect(state.pendingBytes).toBeGreaterThan(16_000_000);
    expect(state.pendingBytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    const results = ids.map((id) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}\n`).join('');
    expect(inRuns(state, 'results', Buffer.from(results))).toHaveLength(1);
    expect(state.pendingBytes).toBe(0);
  });

  test('is not begun while a renewal drains: what comes in then is held', () => {
    const { state } = startReady({}, token);
    const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}\n';
    inRuns(state, 'requests', Buffer.from(call));
    state.renewal = { kind: 'draining', deadline: START + 30_000 };
    inRuns(state, 'requests', Buffer.from(call.replace('"id":1', '"id":2')));
    expect([...state.pending.values()].map(({ place }) => place.kind)).toEqual(['upstream', 'held']);
    // And the answer that ends the drain is seen: the token is renewed.
    const answer = Buffer.from('{"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n');
    expect(inRuns(state, 'results', answer).map(({ type }) => type)).toEqual(['to-client', 'refresh']);
  });

  test('in which a result tells of a failed authentication is looked into', () => {
    const { state } = startReady({}, token);
    const call = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{}}}\n';
    inRuns(state, 'requests', Buffer.from(call));
    const failed = Buffer.from(
      '{"jsonrpc":"2.0","id":1,"result":{"isError":true,"content":[{"type":"text","text":"401 Bad credentials"}]}}\n',
    );
    const types = inRuns(state, 'results', failed).map(({ type }) => type);
    expect(types).toContain('refresh');
    expect(types).not.toContain('to-client');
  });
});

test('a call of a tool of our own is none of them, by whichever of its names', () => {
  for (const collides of [false, true]) {
    const session = startStepped({ authTools: true }, token);
    session.client(initialize());
    session.shakeHands();
    if (collides) {
      session.client({ id: 1, method: 'tools/list' });
      session.upstream({ id: 1, result: { tools: [{ name: 'auth_status' }] } });
    }
    const name = collides ? 'gh_mcp_proxy_auth_status' : 'auth_status';
    const region = Buffer.from(
      `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"${name}","arguments":{}}}\n`,
    );
    expect(inRuns(session.state, 'requests', region)).toEqual([{ type: 'describe-store' }]);
  }
});
