// One large message at a time, from the upstream and towards it: speed, and what the proxy's memory grows by.
// Not for: many small ones (throughput.mjs).
import { largeRequest } from '../lib/payload.mjs';
import { hasProc, memory, resetPeak } from '../lib/proc.mjs';
import { freshTurns, pluck } from '../lib/rounds.mjs';
import { ratioAtLeast, row, valueAtMost } from '../lib/rows.mjs';
import { median } from '../lib/stats.mjs';

/** @typedef {import('../lib/client.mjs').Client} Client */
/** @typedef {import('../lib/payload.mjs').Variant} Variant */
/** @typedef {import('../lib/rows.mjs').Budget} Budget */
/** @typedef {{ speed?: Budget, growth?: Budget }} Budgets */

const BYTES = 100_000_000;
const REQUEST_ID = 7;
/** Messages in one turn, one after the other: a proxy that keeps what it forwarded shows it here. */
const MESSAGES = 3;
/** Frames below this are answers of other kinds. */
const LARGE = 1_000_000;

/** @type {readonly Variant[]} */
const VARIANTS = [
  { bytes: BYTES, idAt: 'first', text: 'plain' },
  { bytes: BYTES, idAt: 'last', text: 'plain' },
  { bytes: BYTES, idAt: 'first', text: 'escaped' },
  { bytes: BYTES, idAt: 'last', text: 'escaped' },
];

/** @param {import('../run.mjs').Context} context */
export async function large(context) {
  const rows = [];
  for (const variant of VARIANTS) {
    const what = `100 MB from upstream, ${variant.text}, id ${variant.idAt}`;
    const budgets = { speed: ratioAtLeast(0.9), growth: valueAtMost(32, 'MB') };
    rows.push(
      ...(await turns(context, what, budgets, async (client) => {
        const expected = Number(await client.call('prepare', { id: REQUEST_ID, ...variant }));
        return () => download(client, expected);
      })),
    );
  }
  const request = largeRequest(REQUEST_ID, BYTES);
  rows.push(
    ...(await turns(
      context,
      '100 MB to upstream, escaped',
      {},
      async (client) => () => upload(client, request),
    )),
  );
  return rows;
}

/**
 * @param {import('../run.mjs').Context} context
 * @param {string} what
 * @param {Budgets} budgets
 * @param {(client: Client) => Promise<() => Promise<number>>} prepare gives what sends one message: its size in bytes
 */
async function turns({ contenders, quick }, what, budgets, prepare) {
  const outcomes = await freshTurns(contenders, quick ? 1 : 9, async (client, { pid }) => {
    const once = await prepare(client);
    const before = hasProc ? memory(pid).now : NaN;
    if (hasProc) resetPeak(pid);
    const speeds = [];
    for (let message = 0; message < MESSAGES; message++) {
      const from = performance.now();
      const bytes = await once();
      speeds.push(bytes / 1000 / (performance.now() - from));
    }
    return { speed: median(speeds), growth: hasProc ? memory(pid).peak - before : NaN };
  });
  const speed = row(
    what,
    'MB/s',
    pluck(outcomes, (turn) => turn.speed),
    withBudget(budgets.speed),
  );
  if (!hasProc) return [speed];
  const growths = pluck(outcomes, (turn) => turn.growth);
  // What the upstream itself needs for its message says nothing about a proxy.
  growths.delete('direct');
  return [
    speed,
    row(`${what}: growth of resident memory`, 'MB', growths, { ...withBudget(budgets.growth), ratio: false }),
  ];
}

/** @param {Budget | undefined} budget */
function withBudget(budget) {
  return budget === undefined ? {} : { budget };
}

/**
 * Has the prepared message sent, and only counts its bytes until the newline.
 * @param {Client} client
 * @param {number} expected bytes of the frame as the upstream writes it
 */
function download(client, expected) {
  const call = `{"jsonrpc":"2.0","id":${REQUEST_ID},"method":"tools/call","params":{"name":"big","arguments":{}}}\n`;
  let bytes = 0;
  return client.exchange([call], (chunk) => {
    const end = chunk.indexOf(10);
    bytes += end === -1 ? chunk.length : end + 1;
    if (end === -1) return undefined;
    if (bytes < LARGE) throw new Error(`answered ${chunk.toString('latin1', 0, 200)}`);
    if (bytes !== expected) throw new Error(`the message came with ${bytes} bytes in place of ${expected}`);
    return bytes;
  });
}

/**
 * Sends the request and waits for the upstream to tell how long it was.
 * @param {Client} client
 * @param {readonly Buffer[]} request
 */
function upload(client, request) {
  const expected = request.reduce((sum, part) => sum + part.length, -1);
  let reply = '';
  return client.exchange(request, (chunk) => {
    reply += chunk.toString('latin1');
    if (!reply.endsWith('\n')) return undefined;
    if (!reply.includes(`"${expected}"`)) throw new Error(`answered ${reply.slice(0, 200)}`);
    return expected;
  });
}
