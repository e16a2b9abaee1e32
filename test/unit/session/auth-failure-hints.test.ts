// What is looked into for a refused token where nothing is known of the words (the empty hint): failures, each of them,
// and nothing that costs ordinary results their fast lane. Not for: the fast lane itself (fast-lane.test.ts).
import { expect, test } from 'vitest';
import { takeCalls } from '../../../src/session/fast-lane.ts';
import { UpstreamOutput } from '../../../src/session/upstream-output.ts';
import { Redactor } from '../../../src/wire/redact.ts';
import { lasting, MINUTE } from './sent.ts';
import { call, startReady } from './stepped.ts';

const none = (): void => {};

/** What becomes of these lines of the server, which answer calls 0, 1, …: how many passed unseen, how many did not. */
function lines(hints: readonly string[], ...results: object[]): { passed: number; seen: boolean[] } {
  const session = startReady({}, lasting(480 * MINUTE));
  const calls = results
    .map((_, id) => `${JSON.stringify({ jsonrpc: '2.0', ...call(id, 'echo') })}\n`)
    .join('');
  takeCalls(session.state, Buffer.from(calls), calls, 0);
  expect(session.state.pending.size).toBe(results.length);
  const region = results.map((result, id) => `${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`).join('');
  const seen: boolean[] = [];
  let passed = 0;
  new UpstreamOutput({
    state: session.state,
    generation: 1,
    hints,
    redactor: new Redactor(),
    dispatch: (event) => {
      if (event.type === 'upstream-frame') seen.push(event.suspicious);
    },
    forward: (bytes) => {
      passed += bytes.toString().split('\n').length - 1;
    },
    takeStream: () => undefined,
    settle: none,
    drained: none,
    exited: none,
    ended: none,
    congested: () => false,
  }).lines(Buffer.from(region));
  return { passed, seen };
}

const text = (value: string): object => ({ content: [{ type: 'text', text: value }] });
const ORDINARY = text('401 Unauthorized');
const FAILED = { ...text('token expired'), isError: true };

test('ordinary results pass in their run, whatever they say', () => {
  expect(lines([''], ORDINARY, ORDINARY, ORDINARY)).toEqual({ passed: 3, seen: [] });
});

test('every failure is looked into, and what came in the same chunk', () => {
  expect(lines([''], ORDINARY, FAILED)).toEqual({ passed: 0, seen: [true, true] });
});

test('with words that are known a failure without them is not', () => {
  expect(lines(['401 '], FAILED).seen).not.toContain(true);
  expect(lines(['expired'], FAILED).seen).toEqual([true]);
});

test('a server that writes isError beside every result is looked into each time, to be sure', () => {
  expect(lines([''], { ...ORDINARY, isError: false })).toEqual({ passed: 0, seen: [true] });
});
