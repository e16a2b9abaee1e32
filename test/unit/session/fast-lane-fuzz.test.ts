// Whatever a session goes through, runs of frames that pass at once (fast-lane.ts) come to the same as the same frames
// one by one: random traffic both ways, in chunks, between renewals, logins, crashes and time.
// Not for: what a single run comes to (fast-lane.test.ts).
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Side } from './fast-lane-sides.ts';
import { LONG_RUN, parameters, sureRuns } from './model-runs.ts';
import { prompt, RESULT, START, token } from './stepped.ts';

type Action =
  | { readonly do: 'requests' | 'results'; readonly lines: readonly string[]; readonly older: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'renew'; readonly how: 'refreshed' | 'refresh-unreachable' | 'refresh-refused' }
  | { readonly do: 'log-in' | 'shake' | 'leave' }
  | { readonly do: 'end'; readonly older: number };

const id = fc.nat({ max: 11 });
const params = fc
  .record({
    name: fc.constantFrom('echo', 'ro', 'auth_login', 'auth_login_too', 'auth_login_2', 'é'),
    arguments: fc.record({ text: fc.constantFrom('a', '401 Bad credentials', '}}', '"id":3', '\\') }),
    // A chunk in which anybody asks for progress, or brings input, is looked at frame by frame.
    _meta: fc.oneof(
      { weight: 20, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.record({ progressToken: id }) },
    ),
  })
  .map((value) => JSON.stringify(value));

const call = fc
  .tuple(id, params)
  .map(([n, what]) => `{"jsonrpc":"2.0","id":${n},"method":"tools/call","params":${what}}`);
const callIdLast = fc
  .tuple(id, params)
  .map(([n, what]) => `{"method":"tools/call","params":${what},"jsonrpc":"2.0","id":${n}}`);
const otherRequest = fc
  .tuple(id, params, fc.nat({ max: 11 }))
  .map(
    ([n, what, which]) =>
      [
        `{"jsonrpc":"2.0","id":"${n}","method":"tools/call","params":${what}}`,
        `{"jsonrpc":"2.0","id":${n},"method":"tools/list"}`,
        `{"jsonrpc":"2.0","id":${n},"method":"ping"}`,
        `{"jsonrpc":"2.0","id":0${n},"method":"tools/call","params":${what}}`,
        `{"method":"tools/call","params":${what},"jsonrpc":"2.0","id":0${n}}`,
        `{"jsonrpc":"2.0","id":${n},"method":"tools/call","params":${what},"id":9}`,
        `{"jsonrpc":"2.0","id":${n},"method":"tools/call","params":{"name":"echo"},"x":{"a":1}}`,
        `{"method":"tools/call","params":{"name":"echo"},"x":{"a":1},"jsonrpc":"2.0","id":${n}}`,
        `{"jsonrpc":"2.0","id":${n},"method":"tools/call","params":{"name":"echo","inputResponses":{},"requestState":"s"}}`,
        `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":${n}}}`,
        'garbage',
        '',
      ].at(which % 12) ?? '',
  );

const result = id.map(
  (n) => `{"jsonrpc":"2.0","id":${n},"result":{"content":[{"type":"text","text":"ok"}]}}`,
);
const resultIdLast = id.map(
  (n) => `{"result":{"content":[{"type":"text","text":"ok"}]},"jsonrpc":"2.0","id":${n}}`,
);
const otherMessage = fc
  .tuple(id, fc.nat({ max: 9 }))
  .map(
    ([n, which]) =>
      [
        `{"jsonrpc":"2.0","id":"${n}","result":{"content":[]}}`,
        `{"jsonrpc":"2.0","id":0${n},"result":{"content":[]}}`,
        `{"jsonrpc":"2.0","id":${n},"error":{"code":1,"message":"no"}}`,
        `{"jsonrpc":"2.0","id":${n},"result":{"tools":[{"name":"ro","annotations":{"readOnlyHint":true}}]}}`,
        `{"jsonrpc":"2.0","id":${n},"result":{"resultType":"input_required","inputRequests":{},"requestState":"s"}}`,
        `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${n},"progress":1}}`,
        `{"jsonrpc":"2.0","method":"notifications/message","params":{"data":{}}}`,
        `{"jsonrpc":"2.0","id":${n},"method":"roots/list"}`,
        `{"jsonrpc":"2.0","id":${n},"result":{"isError":true,"content":[{"type":"text","text":"it went wrong"}]}}`,
        '',
      ].at(which % 10) ?? '',
  );
const refused = id.map(
  (n) =>
    `{"jsonrpc":"2.0","id":${n},"result":{"isError":true,"content":[{"type":"text","text":"401 Bad credentials"}]}}`,
);

const requests = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: call },
    { weight: 3, arbitrary: callIdLast },
    { weight: 2, arbitrary: otherRequest },
  ),
  { maxLength: 8 },
);
const results = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: result },
    { weight: 6, arbitrary: resultIdLast },
    { weight: 3, arbitrary: otherMessage },
  ),
  { maxLength: 8 },
);
/** The newest generation for the most part. */
const older = fc.nat({ max: 7 }).map((n) => Math.max(0, n - 5));

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({ do: fc.constant('requests' as const), lines: requests, older: fc.constant(0) }),
  },
  { weight: 36, arbitrary: fc.record({ do: fc.constant('results' as const), lines: results, older }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('results' as const), lines: fc.tuple(refused), older }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 10, 500, 5_000, 12_000, 31_000, 300_000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('renew' as const),
      how: fc.constantFrom('refreshed', 'refreshed', 'refresh-unreachable', 'refresh-refused'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('log-in' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('shake' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('end' as const), older }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const) }) },
);

const HELLO = [
  '{"jsonrpc":"2.0","id":"init","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{}}}',
  '{"jsonrpc":"2.0","method":"notifications/initialized"}',
];

const given = fc.record({
  lifetime: fc.constantFrom(28_800_000, 600_000, 20_000),
  rotation: fc.constantFrom('exclusive' as const, 'overlapping' as const),
  loggedIn: fc.constantFrom(true, true, true, false),
});

type Given = typeof given extends fc.Arbitrary<infer T> ? T : never;

/** Both sides of one session, moved in the same way. */
class Pair {
  readonly inRuns = new Side(true);
  readonly oneByOne = new Side(false);
  readonly #given: Given;
  #serial = 1;

  constructor(what: Given) {
    this.#given = what;
    const stored = what.loggedIn ? this.#token() : undefined;
    this.both((side) => {
      side.event({ type: 'started', token: stored, lockedBecause: 'Nobody has logged in yet.' });
      side.fromClient(regionOf(HELLO));
    });
    this.do({ do: 'shake' });
  }

  both(move: (side: Side) => void): void {
    move(this.inRuns);
    move(this.oneByOne);
  }

  do(what: Action): void {
    const { state } = this.oneByOne;
    const newest = state.nextGeneration - 1;
    switch (what.do) {
      case 'requests':
        // A client that has left says nothing.
        if (state.closing.kind === 'open') this.both((side) => side.fromClient(regionOf(what.lines)));
        return;
      case 'results':
        this.both((side) => side.fromUpstream(Math.max(1, newest - what.older), regionOf(what.lines)));
        return;
      case 'wait':
        this.both((side) => side.pass(what.ms));
        return;
      case 'renew':
        if (state.renewal.kind === 'refreshing') this.#renew(what.how);
        return;
      case 'log-in':
        this.#logIn();
        return;
      case 'shake': {
        const shaken = { jsonrpc: '2.0', id: `gh-mcp-proxy:initialize:${newest}`, result: RESULT };
        this.both((side) => side.fromUpstream(newest, regionOf([JSON.stringify(shaken)])));
        return;
      }
      case 'end': {
        const generation = Math.max(1, newest - what.older);
        this.both((side) =>
          side.event({ type: 'upstream-ended', generation, cannotStart: false, message: 'It ended.' }),
        );
        return;
      }
      case 'leave':
        this.both((side) => side.event({ type: 'client-closed' }));
    }
  }

  #renew(how: 'refreshed' | 'refresh-unreachable' | 'refresh-refused'): void {
    if (how !== 'refreshed') {
      this.both((side) => side.event({ type: how, message: 'It did not work.' }));
      return;
    }
    this.#serial += 1;
    const renewed = this.#token();
    this.both((side) => side.event({ type: 'refreshed', token: renewed }));
  }

  #logIn(): void {
    const { login } = this.oneByOne.state;
    if (login.kind === 'requesting') this.both((side) => side.event({ type: 'login-prompt', prompt }));
    if (login.kind !== 'waiting') return;
    this.#serial += 1;
    const fresh = this.#token();
    this.both((side) => side.event({ type: 'login-done', token: fresh }));
  }

  #token(): typeof token {
    const issuedAt = START + this.oneByOne.now;
    const { lifetime, rotation } = this.#given;
    return { ...token, serial: this.#serial, issuedAt, expiresAt: issuedAt + lifetime, rotation };
  }
}

function regionOf(lines: readonly string[]): Buffer {
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

test('runs of frames come to the same as one by one, whatever happens between them', LONG_RUN, () => {
  const runs = parameters(200);
  let inRuns = 0;
  fc.assert(
    fc.property(given, fc.array(action, { maxLength: 40, size: 'max' }), (what, actions) => {
      const pair = new Pair(what);
      for (const next of actions) {
        pair.do(next);
        pair.both((side) => side.pass(0));
        inRuns += pair.inRuns.plainCalls;
        expect(pair.inRuns.view()).toEqual(pair.oneByOne.view());
      }
    }),
    runs,
  );
  // That the run was taken at all.
  expect(inRuns).toBeGreaterThanOrEqual(sureRuns(runs));
});
