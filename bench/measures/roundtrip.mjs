// The time of one call when nothing else is going on: each is written when the one before was answered.
// Not for: load (throughput.mjs).
import { echoFrame } from '../lib/client.mjs';
import { freshTurns, pluck } from '../lib/rounds.mjs';
import { ratioAtMost, row } from '../lib/rows.mjs';
import { median, quantile } from '../lib/stats.mjs';

/** Calls before the clock starts: enough for every contender's code to be compiled. */
const WARM_UP = 1000;

/** @param {import('../run.mjs').Context} context */
export async function roundtrip({ contenders, quick }) {
  const calls = quick ? 1000 : 3000;
  const outcomes = await freshTurns(contenders, quick ? 3 : 15, async (client) => {
    await sequential(client, WARM_UP);
    const times = await sequential(client, calls);
    return { median: median(times), p99: quantile(times, 0.99) };
  });
  return [
    row(
      'round trip: median',
      'us',
      pluck(outcomes, (turn) => turn.median),
      { budget: ratioAtMost(1.1) },
    ),
    row(
      'round trip: 99th percentile',
      'us',
      pluck(outcomes, (turn) => turn.p99),
    ),
  ];
}

/**
 * @param {import('../lib/client.mjs').Client} client
 * @param {number} calls
 * @returns {Promise<Float64Array>} microseconds of each
 */
function sequential(client, calls) {
  const times = new Float64Array(calls);
  let done = 0;
  let from = performance.now();
  return client.exchange([echoFrame(1)], (chunk) => {
    // A reply is far smaller than what a pipe passes at once, so its newline ends the chunk.
    if (chunk.at(-1) !== 10) return undefined;
    times[done++] = (performance.now() - from) * 1000;
    if (done === calls) return times;
    const frame = echoFrame(done + 1);
    from = performance.now();
    client.write(frame);
    return undefined;
  });
}
