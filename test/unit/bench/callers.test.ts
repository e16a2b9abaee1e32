// Whether the benchmark's callers notice what a proxy may do to their calls: lose, fail, repeat or misdirect them.
// Not for: the figures of a run.
import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Callers } from '../../../bench/lib/callers.mjs';

type CallersClient = ConstructorParameters<typeof Callers>[0];

/** A session that answers only when it is told to. */
function startCallers(callers: number) {
  const sent: number[] = [];
  const session = new EventEmitter();
  const client = {
    async listen(reader: (chunk: Buffer) => void): Promise<string> {
      session.on('chunk', reader);
      const [how] = (await once(session, 'end')) as [string];
      return how;
    },
    write: (frame: string) => void sent.push((JSON.parse(frame) as { id: number }).id),
  };
  const under = new Callers(client as unknown as CallersClient, { callers, tool: 'who', thinkMs: 1 });
  under.begin();
  const read = (text: string): void => void session.emit('chunk', Buffer.from(text));
  const say = (message: object): void => read(`${JSON.stringify(message)}\n`);
  const answer = (id: number, text: string, isError = false): void =>
    say({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }], isError } });
  return { under, sent, say, answer, read, end: (how: string) => session.emit('end', how) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const think = () => vi.advanceTimersByTime(3);

test('each calls again a moment after its answer, also when that comes in pieces', () => {
  const { under, sent, read } = startCallers(2);
  const [first = 0] = sent;
  const line = JSON.stringify({ jsonrpc: '2.0', id: first, result: { content: [{ text: '7' }] } });
  read(line.slice(0, 20));
  read(`${line.slice(20)}\n{"jsonrpc":"2.0","method":"notifications/message"}\n`);
  expect(sent).toHaveLength(2);
  think();
  expect(sent).toHaveLength(3);
  expect(under.counts).toEqual({ made: 3, lost: 0, failed: 0, twice: 0 });
  expect(under.ledger.length).toBe(1);
});

test('a server counts as reached once every caller was answered by it or by a later one', async () => {
  const { under, sent, answer } = startCallers(2);
  const [one = 0, other = 0] = sent;
  let reached = false;
  const second = under.reach(2).then(() => (reached = true));
  answer(one, '71');
  think();
  answer(sent[2] ?? 0, '72');
  await vi.advanceTimersByTimeAsync(3);
  expect(reached).toBe(false);
  answer(other, '73');
  await second;
  expect(under.servers.map(({ everyoneAt }) => everyoneAt !== undefined)).toEqual([true, true, false]);
});

test('errors, failed results and answers of a server that was replaced before are failures', () => {
  const { under, sent, say, answer } = startCallers(1);
  say({ jsonrpc: '2.0', id: sent[0], error: { code: 5031, message: 'gone' } });
  think();
  answer(sent[1] ?? 0, '401 Bad credentials', true);
  think();
  answer(sent[2] ?? 0, '71');
  think();
  answer(sent[3] ?? 0, '72');
  think();
  answer(sent[4] ?? 0, '71');
  expect(under.counts).toEqual({ made: 5, lost: 0, failed: 3, twice: 0 });
  expect(under.reasons[2]).toContain('server 1, after server 2');
});

test('a second answer is noticed, and so is one that nobody asked for', () => {
  const { under, sent, answer } = startCallers(1);
  answer(sent[0] ?? 0, '71');
  answer(sent[0] ?? 0, '71');
  answer(1, '71');
  expect(under.counts.twice).toBe(2);
});

test('a call without an answer is lost in the end, and its caller goes on', async () => {
  const { under, sent, answer } = startCallers(1);
  vi.advanceTimersByTime(11_000);
  expect(under.counts).toMatchObject({ made: 2, lost: 1 });
  const ended = under.end();
  answer(sent[1] ?? 0, '71');
  await ended;
  think();
  expect(sent).toHaveLength(2);
});

test('where the session ends, or nothing rotates any more, those who wait are told, with the account so far', async () => {
  const dead = startCallers(3);
  const dying = dead.under.reach(2).catch(String);
  dead.end('ended (code 1)');
  expect(await dying).toMatch(/ended \(code 1\).*3 calls, 3 lost/);
  await dead.under.end();

  const stalled = startCallers(1);
  const stalling = stalled.under.reach(2).catch(String);
  await vi.advanceTimersByTimeAsync(32_000);
  expect(await stalling).toContain('no rotation within 30 s');
});
